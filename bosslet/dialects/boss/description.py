"""What a plain OPTIONS is answered: the media types that a resource comes in and takes, as bossDB's framework has it.

Preflights of browsers never get here; they are answered for all dialects in ``dialects/origin.py``.
"""

from __future__ import annotations

import json
import re

from flask import Response, current_app, request
from flask.typing import RouteCallable

from bosslet.dialects.boss.cutout import CutoutView
from bosslet.dialects.boss.encodings import ENCODINGS
from bosslet.dialects.boss.negotiation import FORMS, HTML, JSON
from bosslet.dialects.boss.pictures import MEDIA_TYPES, ImageView, TileView

PICTURES = tuple(MEDIA_TYPES)
RENDERS: dict[type, tuple[str, ...]] = {
    CutoutView: (*ENCODINGS, HTML),
    ImageView: PICTURES,
    TileView: PICTURES,
}
"""By view, where it is not JSON and a page of it."""
PARSES: dict[type, tuple[str, ...]] = {
    CutoutView: tuple(name for name, encoding in ENCODINGS.items() if encoding.decode is not None),
}
"""The same of bodies; all others take JSON and forms."""


def answer_options() -> Response | None:
    """The description of the view that was addressed; None lets other methods through."""
    if request.method != "OPTIONS" or request.endpoint is None:
        return None
    answer = current_app.make_default_options_response()
    answer.data = json.dumps(_description(current_app.view_functions[request.endpoint]))
    answer.mimetype = JSON
    return answer


def _description(function: RouteCallable) -> dict[str, object]:
    view = getattr(function, "view_class", type(None))
    return {
        "name": re.sub(r"(?<=[a-z])(?=[A-Z])", " ", function.__name__.removesuffix("View")),
        "description": view.__doc__ or "",
        "renders": RENDERS.get(view, (JSON, HTML)),
        "parses": PARSES.get(view, (JSON, *FORMS)),
    }
