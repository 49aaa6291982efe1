"""From Flask's table of routes to the paths of OpenAPI.

``/latest`` is the same as ``/v1`` and left out; so are the URLs without a slash at their end that only redirect, and
the seven versions before v1 that answer like the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.typing import RouteCallable
from werkzeug.routing import Rule

from bosslet.dialects.boss import routing, service

PACKAGE = "bosslet.dialects.boss."
NAME = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,255}$"}
MEANINGS = {
    "collection": "The name of a collection.",
    "experiment": "The name of an experiment.",
    "channel": "The name of a channel.",
    "frame": "The name of a coordinate frame.",
    "group": "The name of a group.",
    "user": "The name of a user.",
    "role": "admin, user-manager or resource-manager.",
    "resolution": "A level of the pyramid; 0 is the finest.",
    "x": "start:stop, half-open, in voxels of the resolution.",
    "y": "start:stop, half-open, in voxels of the resolution.",
    "z": "start:stop, half-open, in voxels of the resolution.",
    "t": "start:stop, half-open, in time samples; with it, the array has a time axis.",
    "orientation": "The plane.",
    "tile_size": "Voxels a side.",
    "rest": "The number of a time sample; what follows it is ignored.",
    "count": "How many labels.",
    "label": "A label.",
    "job": "The number of an ingest job.",
    "minor": "An older version.",
    "tail": "Anything.",
}
_PIECE = re.compile(r"<(?:(?P<converter>\w+):)?(?P<name>\w+)>")
_OLD_VERSION = re.compile(r"/v0\.[0-9]+/")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one route."""

    method: str
    view: str
    """The name of the view's class or function."""
    module: str
    """The subject: the name of the view's module."""
    documentation: str


@dataclass(frozen=True, slots=True)
class Path:
    """One route."""

    url: str
    parameters: list[dict[str, Any]]
    operations: list[Operation]


def paths(app: Flask) -> Iterator[Path]:
    """All that bossDB's API has in an application, each once."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if belongs(view) and not _repeats(rule):
            template = _OLD_VERSION.sub("/v0.<minor>/", rule.rule)
            yield Path(_PIECE.sub(r"{\g<name>}", template), _parameters(template), list(_operations(rule, view)))


def belongs(view: RouteCallable) -> bool:
    """Whether a view is one of bossDB's API."""
    return view.__module__.startswith(PACKAGE) and not view.__module__.startswith(f"{PACKAGE}openapi")


def _repeats(rule: Rule) -> bool:
    old = _OLD_VERSION.match(rule.rule)
    return (
        rule.rule.startswith("/latest/")
        or rule.endpoint.endswith("_redirect")
        or rule.rule.endswith("//")
        or (old is not None and old[0] != f"/{service.VERSIONS[0]}/")
    )


def _parameters(template: str) -> list[dict[str, Any]]:
    return [
        {
            "name": piece["name"],
            "in": "path",
            "required": True,
            "description": MEANINGS[piece["name"]],
            "schema": _schema(piece["name"], piece["converter"]),
        }
        for piece in _PIECE.finditer(template)
    ]


def _schema(name: str, converter: str | None) -> dict[str, Any]:
    if name == "minor":
        return {"enum": [version.removeprefix("v0.") for version in service.VERSIONS]}
    if converter in routing.CONVERTERS:
        return {"type": "string", "pattern": f"^(?:{routing.CONVERTERS[converter].regex})$"}
    return NAME if converter is None else {"type": "string"}


def _operations(rule: Rule, view: RouteCallable) -> Iterator[Operation]:
    shown = getattr(view, "view_class", view)
    for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
        documented = getattr(shown, method.lower(), shown)
        module = shown.__module__.removeprefix(PACKAGE)
        yield Operation(method.lower(), shown.__name__, module, documented.__doc__ or "")
