"""The description of the API: ``/openapi.json`` for programs, and ``/docs/`` for people, which works without a network.

Both are made from the table of routes, once, when somebody first asks.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from flask import Blueprint, Flask, Response, make_response, render_template
from markupsafe import Markup, escape

from bosslet.dialects.boss.openapi.document import document
from bosslet.dialects.boss.openapi.page import Page

CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'"


class Documentation:
    """The description of one application."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    @cached_property
    def document(self) -> dict[str, Any]:
        """The OpenAPI document."""
        return document(self._app)

    @cached_property
    def text(self) -> str:
        """The same as JSON."""
        return json.dumps(self.document, ensure_ascii=False, separators=(",", ":"))

    def openapi(self) -> Response:
        """``/openapi.json``"""
        return Response(self.text, mimetype="application/json")

    def page(self) -> Response:
        """``/docs/``"""
        page = make_response(render_template("boss/docs.html", page=Page(self.document)))
        page.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        page.headers["X-Content-Type-Options"] = "nosniff"
        page.headers["X-Frame-Options"] = "SAMEORIGIN"
        page.headers["Referrer-Policy"] = "no-referrer"
        return page


def register(app: Flask) -> None:
    """Describe what an application has of bossDB's API, also what is added later."""
    described = Documentation(app)
    docs = Blueprint(
        "boss_docs", __name__, template_folder="templates", static_folder="static", static_url_path="/docs/static"
    )
    docs.add_app_template_filter(_code, "code")
    docs.add_url_rule("/openapi.json", "openapi", described.openapi)
    docs.add_url_rule("/docs/", "page", described.page)
    app.register_blueprint(docs)


def _code(text: str) -> Markup:
    """What stands between backticks as code."""
    pieces = text.split("`")
    return Markup("").join(Markup("<code>{}</code>").format(p) if i % 2 else escape(p) for i, p in enumerate(pieces))
