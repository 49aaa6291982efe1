"""Libraries that are not always installed: a format that needs one says which, and all others work without it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from bosslet.errors import MissingLibrary


def library(name: str, extra: str, what: str) -> Any:  # noqa: ANN401 - a module
    """A module that comes with an extra of bosslet; raises MissingLibrary, in one line that says what to install."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise MissingLibrary(f"{what} needs {name}: pip install 'bosslet[{extra}]'") from error
