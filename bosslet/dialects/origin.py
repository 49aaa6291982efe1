"""Which web pages may do what, and by which names the server may be called: the same for every dialect.

A browser sends requests for any page that is open in it, also to servers that only its own machine can reach. Where
tokens decide, such a page lacks one. Where everybody may do everything (AUTH=open), being reachable is all the proof
there is, so a page of another origin may read, as far as CORS lets it, and never change anything. A page cannot get
around that by giving its own name the server's address (DNS rebinding), because the name is then in the Host header;
addresses themselves are no names and always taken. Programs send neither header and notice nothing.

CORS: https://fetch.spec.whatwg.org/#http-cors-protocol. Sec-Fetch-Site: https://www.w3.org/TR/fetch-metadata/.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Flask, Request, Response, g, request

from bosslet.errors import ForeignOrigin, UnknownHost

ANY = "*"
ALLOWED_HEADERS = (
    "accept, accept-encoding, authorization, content-type, dnt, origin, user-agent, x-csrftoken, x-requested-with"
)
ALLOWED_METHODS = "DELETE, GET, OPTIONS, PATCH, POST, PUT"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Origins:
    """What an operator decides about pages and names."""

    cors: frozenset[str] = frozenset({ANY})
    """The origins of pages that may read answers; ``*`` is all."""
    hosts: frozenset[str] = frozenset({ANY})
    """The names of this server, in lower case; ``*`` is all."""
    foreign_pages_write: bool = False
    """Whether a page of another origin may change something, if its token may."""

    @classmethod
    def of(cls, authentication: str, host: str, cors: Collection[str], hosts: Collection[str] | None) -> Origins:
        """By the settings; ``hosts`` are names beside ``host``, this machine's own and localhost.

        Where tokens decide, None is all names: one more would let nobody do more.
        """
        token = authentication == "token"
        names = {ANY} if token and hosts is None else {"localhost", socket.gethostname(), host, *(hosts or ())}
        return cls(frozenset(cors), frozenset(name.lower() for name in names), foreign_pages_write=token)

    def register(self, app: Flask) -> None:
        """Hold every request to an application to this, before anything else looks at it."""
        app.before_request(self._check)
        app.before_request(_answer_preflight)
        app.after_request(self._let_read)

    def _check(self) -> None:
        self._check_host(request.headers.get("Host"))
        g.foreign_page = is_foreign(request) and not self.foreign_pages_write
        if request.method not in SAFE_METHODS:
            refuse_foreign_page()

    def knows(self, host: str | None) -> bool:
        """Whether a request with this Host is for this server."""
        # Only HTTP/1.0 may leave it out, which no browser speaks.
        if host is None or ANY in self.hosts:
            return True
        name = _name(host)
        return name in self.hosts or _is_address(name)

    def _check_host(self, host: str | None) -> None:
        if not self.knows(host):
            raise UnknownHost(
                f"{_name(host or '')[:255]!r} is no name of this server that it knows (BOSSLET_ALLOWED_HOSTS)"
            )

    def _let_read(self, response: Response) -> Response:
        """Let the page that asked see the answer; never with credentials that its browser adds by itself."""
        origin = request.headers.get("Origin")
        response.vary.add("Origin")
        if origin is not None and (ANY in self.cors or origin in self.cors):
            response.headers["Access-Control-Allow-Origin"] = ANY if ANY in self.cors else origin
        return response


def refuse_foreign_page() -> None:
    """Raise ForeignOrigin for a page that may not change anything; for views whose GET does change something."""
    if g.foreign_page:
        raise ForeignOrigin("a web page of another site may not change anything here; with AUTH=token, its token may")


def is_foreign(request: Request) -> bool:
    """Whether a page of another origin sent this, by what browsers say and pages cannot change."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site == "same-origin":
        return False
    if origin is not None:
        # Not the scheme: a proxy in front may have taken off the TLS.
        return _netloc(origin) != request.headers.get("Host", "").lower()
    return site not in {None, "none"}


def _answer_preflight() -> Response | None:
    """The answer to a preflight, whatever it is for; None lets other requests through."""
    if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
        return None
    return Response(
        status=200,
        headers={
            "Access-Control-Allow-Headers": ALLOWED_HEADERS,
            "Access-Control-Allow-Methods": ALLOWED_METHODS,
            "Access-Control-Max-Age": "86400",
        },
    )


def _netloc(origin: str) -> str | None:
    """Host and port of an origin; None of an opaque one (``null``), or of what is none."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def _name(host: str) -> str:
    """The host of ``host:port``, without the brackets of IPv6 and the dot that ends a full name."""
    name, _, port = host.rpartition(":")
    if not name or not (port.isascii() and port.isdigit()):
        name = host
    return name.strip("[]").removesuffix(".").lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
