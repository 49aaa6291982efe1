"""Logging in with a token, for a browser, which cannot send one with every picture.

What is remembered is a session and not the token; ``sessions`` says what it is good for.
"""

from __future__ import annotations

import hmac

from flask import Response, request, url_for

from bosslet.catalog.catalog import Catalog
from bosslet.catalog.records import PUBLIC_ACCOUNT
from bosslet.dialects import sessions
from bosslet.dialects.authentication import current_user
from bosslet.dialects.http import Limits
from bosslet.dialects.origin import is_foreign
from bosslet.dialects.web.answers import page
from bosslet.errors import ForeignOrigin, NotFound

MAX_FORM_BYTES = 4096


class Login:
    """The form, and both ways through it; nothing of it where everybody may do everything."""

    def __init__(self, catalog: Catalog, limits: Limits) -> None:
        self.catalog = catalog
        self.attempts = limits.attempts
        self.open = limits.authentication == "open"

    def form(self) -> Response:
        """Where a token is asked for."""
        self._refuse_open()
        return page("web/login.html", {"user": current_user(), "wrong": False})

    def log_in(self) -> Response:
        """To the home page, if the token is somebody's."""
        token = self._form("token").strip()
        user = self.catalog.users.user_of_token(token)
        if user is None or user.name == PUBLIC_ACCOUNT:
            self.attempts.failed(request.remote_addr)
            return page("web/login.html", {"user": current_user(), "wrong": True}, 403)
        answer = _home()
        sessions.remember(request, answer, self.catalog.sessions.begin(user.name))
        return answer

    def log_out(self) -> Response:
        """To the home page, as nobody in particular; the session ends everywhere."""
        sent, key = self._form("form_token"), sessions.session_key(request)
        if key is None or not hmac.compare_digest(sent.encode(), sessions.form_token(key).encode()):
            raise ForeignOrigin("only the form of a page of this server logs anybody out")
        self.catalog.sessions.end(key)
        answer = _home()
        sessions.forget(request, answer)
        return answer

    def _form(self, field: str) -> str:
        self._refuse_open()
        if is_foreign(request):
            raise ForeignOrigin("a page of another site may not log anybody in or out")
        request.max_content_length = MAX_FORM_BYTES
        return request.form.get(field, "")

    def _refuse_open(self) -> None:
        if self.open:
            raise NotFound("a login: everybody may do everything here")


def _home() -> Response:
    return Response(status=303, headers={"Location": url_for("web.home")})
