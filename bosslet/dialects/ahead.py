"""A shorter way for the few requests that come by the thousand: pieces of voxels, asked for as programs ask.

It is in front of Flask, answers what it is sure of, and hands everything else on as if it had not been there: other
requests, headers that would change the answer, and whatever goes wrong, which the view then finds again and tells. So
there is nothing to be learned of an API here, and what an answer says is the same either way: tests compare them. For
a small piece Flask, its routing and the hooks take twice as long as reading the voxels.

Each dialect that has such requests brings a ``Reads``.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from flask import Flask

from bosslet import logs
from bosslet.catalog.records import ADMINISTRATOR, User
from bosslet.datastore import Datastore
from bosslet.dialects import envelope
from bosslet.dialects.budget import Hold
from bosslet.dialects.http import Limits
from bosslet.dialects.origin import Origins
from bosslet.errors import BossletError, NotAuthenticated

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Header = tuple[str, str]

_DECIDES = ("HTTP_ORIGIN", "HTTP_COOKIE", "HTTP_TRANSFER_ENCODING")
"""Headers on which more depends than is looked at here."""
_OWN_PAGE = frozenset({"same-origin", "none"})


class Count(Protocol):
    """Counts an answer: the route of its URL, its bytes, and the seconds that it took."""

    def __call__(self, route: str, sent: int, seconds: float, *, dialect: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent, in one piece, and what it takes of the budget until then."""

    content: bytes
    headers: Sequence[Header]
    """Without those that every answer has."""
    user: str
    """Who asked."""
    held: Hold

    def __iter__(self) -> Iterator[bytes]:
        yield self.content

    def close(self) -> None:
        """Called by the server when it is sent, or will not be."""
        self.held.release()


class Reads(Protocol):
    """The requests of one dialect that are answered here; see ``Ahead`` for those that never are."""

    dialect: ClassVar[str]
    path: ClassVar[re.Pattern[str]]
    """Of the URL; its first group is what the route begins with."""
    route: ClassVar[str]
    """As Flask has it, behind that."""

    def is_plain(self, environ: Environ) -> bool:
        """Whether a request for such a path has no header that would change the answer."""

    def answer(self, environ: Environ, path: re.Match[str]) -> Answer:
        """The answer; raises BossletError for what the application should tell."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """WSGI around WSGI."""

    otherwise: Wsgi
    reads: Sequence[Reads]
    limits: Limits
    origins: Origins
    count: Count

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer, or let the application answer."""
        began = time.perf_counter()
        if not self._is_plain(environ):
            return self.otherwise(environ, start_response)
        for reads in self.reads:
            path = reads.path.fullmatch(environ["PATH_INFO"])
            if path is not None and reads.is_plain(environ) and (answer := self._answer(environ, reads, path)):
                seconds = time.perf_counter() - began
                self.count(path[1] + reads.route, len(answer.content), seconds, dialect=reads.dialect)
                start_response("200 OK", _headers(answer, environ))
                return answer
        return self.otherwise(environ, start_response)

    def _is_plain(self, environ: Environ) -> bool:
        return (
            environ["REQUEST_METHOD"] == "GET"
            and not environ.get("QUERY_STRING")
            and not environ.get("SCRIPT_NAME")
            and environ.get("CONTENT_LENGTH", "0") == "0"
            and environ.get("HTTP_SEC_FETCH_SITE", "none") in _OWN_PAGE
            and not any(name in environ for name in _DECIDES)
            and self.origins.knows(environ.get("HTTP_HOST"))
            and self.limits.quotas.unlimited
        )

    def _answer(self, environ: Environ, reads: Reads, path: re.Match[str]) -> Answer | None:
        """None for what the application should find again and tell."""
        request_id = environ[envelope.WSGI_ID] = envelope.id_of(environ.get("HTTP_X_REQUEST_ID", ""))
        token = logs.request_id.set(request_id)
        try:
            answer = reads.answer(environ, path)
        except BossletError:
            return None
        finally:
            logs.request_id.reset(token)
        environ[envelope.WSGI_USER] = answer.user
        return answer


def _headers(answer: Answer, environ: Environ) -> list[Header]:
    own = ("Content-Length", str(len(answer.content))), (envelope.HEADER, environ[envelope.WSGI_ID])
    return [*answer.headers, *envelope.HEADERS.items(), *own]


def key_holder(environ: Environ, datastore: Datastore, limits: Limits) -> User:
    """Whose token comes with a request, or the administrator where everybody is; raises NotAuthenticated for no one."""
    users = datastore.catalog.users
    if limits.authentication == "open":
        return users.get(ADMINISTRATOR)
    scheme, _, key = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    user = users.user_of_token(key) if scheme in {"Token", "Bearer"} and key.isalnum() else None
    if user is None:
        raise NotAuthenticated("not by a token")
    return user


def install(app: Flask, reads: Sequence[Reads], limits: Limits, origins: Origins, count: Count) -> None:
    """Put the short way in front of an application that is otherwise complete."""
    app.wsgi_app = Ahead(app.wsgi_app, reads, limits, origins, count)  # type: ignore[method-assign]
