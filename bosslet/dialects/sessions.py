"""A browser that is logged in: a cookie that reads, and with the token of this server's own forms also writes.

A browser sends the cookie by itself, whoever made it ask. So a request that a page of another origin caused is treated
as if there was none, also one of the same machine's other ports, for which SameSite does not help. And by itself the
cookie changes nothing: that takes a header that only a page of this server knows what to put in, and that no form of
another page can set.

The cookie holds the key of a session of the catalog, which ends with the working day.
"""

from __future__ import annotations

import hashlib
import hmac

from flask import Request, Response, g

from bosslet.catalog.catalog import Catalog
from bosslet.catalog.records import ANONYMOUS, User
from bosslet.catalog.sessions import LIFETIME_SECONDS
from bosslet.dialects.origin import SAFE_METHODS, is_foreign
from bosslet.errors import NotAuthenticated

COOKIE = "bosslet_session"
FORM_HEADER = "X-CSRFToken"


def user_of_session(request: Request, catalog: Catalog) -> User:
    """Who is logged in, if this request may be theirs; else somebody anonymous."""
    key = session_key(request)
    if key is None or not (request.method in SAFE_METHODS or _of_a_form(request, key)):
        return ANONYMOUS
    g.by_session = True
    return catalog.users.user_of_token(key) or ANONYMOUS


def session_key(request: Request) -> str | None:
    """What is in the cookie, unless a page of another origin asks."""
    return None if is_foreign(request) else request.cookies.get(COOKIE)


def form_token(key: str) -> str:
    """What the forms of a page have to send; nobody gets from it to the key."""
    return hmac.new(key.encode(), b"bosslet form", hashlib.sha256).hexdigest()


def refuse_session() -> None:
    """Raise NotAuthenticated for a session; for views whose GET changes something."""
    if g.get("by_session"):
        raise NotAuthenticated("a session only reads; send a token")


def remember(request: Request, response: Response, key: str) -> None:
    """Log a browser in."""
    response.set_cookie(
        COOKIE, key, max_age=LIFETIME_SECONDS, httponly=True, samesite="Strict", secure=request.is_secure
    )


def forget(request: Request, response: Response) -> None:
    """Log a browser out."""
    response.delete_cookie(COOKIE, httponly=True, samesite="Strict", secure=request.is_secure)


def _of_a_form(request: Request, key: str) -> bool:
    sent = request.headers.get(FORM_HEADER, "")
    return hmac.compare_digest(sent.encode(), form_token(key).encode())
