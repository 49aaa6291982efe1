"""Login by user name and password, where clients of bossDB look for its identity provider.

bossDB has a server of its own for this, called ``auth.`` instead of ``api.``; here it is the same one. The answers are
those of OAuth 2.0: RFC 6749 sections 4.3 and 5 for ``token``, RFC 7009 for ``revoke``. The key that is handed out works
as ``Bearer`` and as ``Token``, and leaves the own token of the account alone.
"""

from __future__ import annotations

import json

from flask import Flask, Response, request
from flask.views import MethodView
from werkzeug.datastructures import MultiDict

from bosslet.catalog.catalog import Catalog
from bosslet.catalog.sessions import LIFETIME_SECONDS
from bosslet.dialects.attempts import Attempts

PROVIDER = "/auth/realms/BOSS/protocol/openid-connect"
MAX_FORM_BYTES = 1 << 16


def register(app: Flask, catalog: Catalog, attempts: Attempts) -> None:
    """Let the accounts of a catalog log in."""
    token = TokenView.as_view("TokenView", catalog, attempts)
    for rule, view in {"token": token, "revoke": RevokeView.as_view("RevokeView", catalog)}.items():
        app.add_url_rule(f"{PROVIDER}/{rule}", view_func=view, strict_slashes=False)


class TokenView(MethodView):
    """Keys for passwords."""

    init_every_request = False

    def __init__(self, catalog: Catalog, attempts: Attempts) -> None:
        self.catalog = catalog
        self.attempts = attempts

    def post(self) -> Response:
        """A key; ``client_id`` and what else a client may send is not looked at."""
        form = _form()
        grant, name, password = form.get("grant_type", "password"), form.get("username"), form.get("password")
        if grant != "password":
            return _refusal(400, "unsupported_grant_type", "only grant_type password is known")
        if not name or not password:
            return _refusal(400, "invalid_request", "username and password are needed, as form fields")
        self.attempts.check(request.remote_addr)
        if not self.catalog.users.check_password(name, password):
            self.attempts.failed(request.remote_addr)
            return _refusal(401, "invalid_grant", "Invalid user credentials")
        key = self.catalog.sessions.begin(name)
        return _answer(200, {"access_token": key, "token_type": "Bearer", "expires_in": LIFETIME_SECONDS})


class RevokeView(MethodView):
    """The end of a key before its time."""

    init_every_request = False

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def post(self) -> Response:
        """End a session; a key that nobody holds is no error, or one could ask which there are."""
        key = _form().get("token")
        if not key:
            return _refusal(400, "invalid_request", "token is needed, as a form field")
        self.catalog.sessions.end(key)
        return _answer(200, {})


def _form() -> MultiDict[str, str]:
    request.max_content_length = MAX_FORM_BYTES
    return request.form


def _refusal(status: int, error: str, description: str) -> Response:
    return _answer(status, {"error": error, "error_description": description})


def _answer(status: int, content: dict[str, object]) -> Response:
    response = Response(json.dumps(content, separators=(",", ":")), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response
