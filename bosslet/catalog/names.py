"""What may be a name: of anything in the catalog, since a name is a piece of a URL and of a path on disk."""

from __future__ import annotations

import re

from bosslet.errors import InvalidName

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")


def valid_name(name: object) -> str:
    """The name itself.

    Raises:
        InvalidName: not 1 to 255 ASCII letters, digits, ``_`` and ``-``.
    """
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise InvalidName(f"name {name!r}: must be 1 to 255 ASCII letters, digits, underscores and hyphens")
    return name
