"""The client that the PyPI package ``neuroglancer`` ships, found without importing anything of it.

It is the build that talks to a Python kernel: it wants to be at ``…/v/<token>``, keeps asking that kernel for events,
and looks at the URL's fragment only if there is one when it starts. ``static/start.js``, which is put in front of it,
is all that it takes to make it stand alone.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from markupsafe import Markup

KEPT_SECONDS = 7 * 24 * 60 * 60
_FIRST_SCRIPT = "<script defer"


@cache
def folder() -> Path | None:
    """Where its files are; None where the package is not installed."""
    spec = find_spec("neuroglancer")
    places = spec.submodule_search_locations if spec is not None else None
    found = [Path(place) / "static" / "client" for place in places or ()]
    return next((path for path in found if (path / "index.html").is_file()), None)


def page(start_url: str, state: str) -> str:
    """The client's own page, which begins with this state when its URL has none."""
    place = folder()
    if place is None:
        return ""
    document = (place / "index.html").read_text()
    start = Markup('<script src="{}" data-state="{}"></script>').format(start_url, state)
    head, script, rest = document.partition(_FIRST_SCRIPT)
    return f"{head}{start}{script}{rest}"
