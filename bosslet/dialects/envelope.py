"""What every answer carries, whatever dialect made it: the id of the request, and what a browser has to be told.

The id is the client's or the proxy's own ``X-Request-Id`` when it is a plain one, and else a new one. It is in every
line of the log that the request caused.
"""

from __future__ import annotations

import re
import secrets

from flask import Flask, Response, g, request

from bosslet import logs

HEADER = "X-Request-Id"
WSGI_ID, WSGI_USER = "bosslet.request_id", "bosslet.user"
"""Where the server finds what it logs, in the environment of WSGI."""
PAGE_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
"""What a page may load: nothing that is not of this server, and nothing that is written in the page itself."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
}
"""What every answer has besides."""

_PLAIN = re.compile("[A-Za-z0-9._-]{1,64}")


def register(app: Flask) -> None:
    """Put every answer of an application in its envelope."""
    app.before_request(_begin)
    app.after_request(_seal)
    app.teardown_request(_forget)


def id_of(asked: str) -> str:
    """The id of a request that has, or asks for, this one."""
    return asked if _PLAIN.fullmatch(asked) else secrets.token_hex(8)


def _begin() -> None:
    g.request_id = id_of(request.headers.get(HEADER, ""))
    logs.request_id.set(g.request_id)
    request.environ[WSGI_ID] = g.request_id


def _forget(_error: BaseException | None) -> None:
    logs.request_id.set(None)


def _seal(response: Response) -> Response:
    if (user := g.get("user")) is not None:
        request.environ[WSGI_USER] = user.name
    response.headers[HEADER] = g.request_id
    response.headers.update(HEADERS)
    if response.mimetype == "text/html":
        # A page that needs more says so itself.
        response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    return response
