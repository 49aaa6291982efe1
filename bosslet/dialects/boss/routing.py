"""The pieces of bossDB's URLs.

A converter only splits text: whether a name or a range makes sense is judged in the view, so that the answer is
bossDB's JSON with its reason.
"""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import BaseConverter


class Range(BaseConverter):
    """Two numbers with a colon."""

    regex = "[0-9]+:[0-9]+"


class Digit(BaseConverter):
    """A resolution: one digit."""

    regex = "[0-9]"


class Number(BaseConverter):
    """Decimal digits, however many."""

    regex = "[0-9]+"


class NumberOrRange(BaseConverter):
    """Either; which of the two was due is judged later."""

    regex = "[0-9]+(?::[0-9]+)?"


class Orientation(BaseConverter):
    """The plane of an image."""

    regex = "xy|xz|yz"


CONVERTERS: dict[str, type[BaseConverter]] = {
    "range": Range,
    "digit": Digit,
    "number": Number,
    "number_or_range": NumberOrRange,
    "orientation": Orientation,
}


def add_converters(app: Flask) -> None:
    """Make the pieces known to an application, before any route uses them."""
    app.url_map.converters.update(CONVERTERS)
