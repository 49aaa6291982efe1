"""A shorter way for the one request that matters: the voxels of a box, asked for as programs ask.

It is in front of Flask, answers what it is sure of, and hands everything else on as if it had not been there: other
requests, headers that would change the answer, and whatever goes wrong, which the view then finds again and tells. So
there is nothing to be learned of the API here, and what an answer says is the same either way: a test compares them.
For a small cutout Flask, its routing and the hooks take twice as long as reading the voxels.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask

from bosslet import access, logs
from bosslet.catalog.records import ADMINISTRATOR, Permission, User
from bosslet.codecs.blosc import Frame
from bosslet.datastore import Datastore
from bosslet.dialects import envelope
from bosslet.dialects.boss import cutout_request
from bosslet.dialects.boss.cutout import COPIES
from bosslet.dialects.boss.cutout_request import CutoutRequest
from bosslet.dialects.boss.encodings import BLOSC
from bosslet.dialects.boss.marks import refuse_marked_ancestors
from bosslet.dialects.budget import Hold
from bosslet.dialects.http import Limits
from bosslet.dialects.origin import Origins
from bosslet.errors import BossletError, NotAuthenticated

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Count = Callable[[str, int, float], None]
"""Counts an answer: the route of its URL, its bytes, and the seconds that it took."""

_NAME, _RANGE = "([A-Za-z0-9_-]+)", "([0-9]+:[0-9]+)"
_PATH = re.compile(f"(/v1|/latest)/cutout/{_NAME}/{_NAME}/{_NAME}/([0-9])/{_RANGE}/{_RANGE}/{_RANGE}/?")
_DECIDES = ("HTTP_ORIGIN", "HTTP_SEC_FETCH_SITE", "HTTP_COOKIE", "HTTP_TRANSFER_ENCODING")
"""Headers on which more depends than is looked at here."""
_ROUTE = "/cutout/<collection>/<experiment>/<channel>/<digit:resolution>/<range:x>/<range:y>/<range:z>"
_ALWAYS = [("Content-Type", BLOSC.media_type), *envelope.HEADERS.items(), ("Vary", "Accept, Origin, Cookie")]


@dataclass(frozen=True, slots=True)
class Shortcut:
    """WSGI around WSGI."""

    otherwise: Wsgi
    datastore: Datastore
    limits: Limits
    origins: Origins
    count: Count

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer, or let the application answer."""
        began = time.perf_counter()
        path = _PATH.fullmatch(environ["PATH_INFO"]) if self._is_plain(environ) else None
        if path is None:
            return self.otherwise(environ, start_response)
        request_id = environ[envelope.WSGI_ID] = envelope.id_of(environ.get("HTTP_X_REQUEST_ID", ""))
        token = logs.request_id.set(request_id)
        try:
            body = self._body(environ, *path.groups()[1:])
        except BossletError:
            return self.otherwise(environ, start_response)
        finally:
            logs.request_id.reset(token)
        length = len(body.content)
        self.count(path[1] + _ROUTE, length, time.perf_counter() - began)
        start_response("200 OK", [*_ALWAYS, ("Content-Length", str(length)), (envelope.HEADER, request_id)])
        return body

    def _is_plain(self, environ: Environ) -> bool:
        return (
            environ["REQUEST_METHOD"] == "GET"
            and not environ.get("QUERY_STRING")
            and not environ.get("SCRIPT_NAME")
            and environ.get("HTTP_ACCEPT", BLOSC.media_type) == BLOSC.media_type
            and environ.get("CONTENT_LENGTH", "0") == "0"
            and not any(name in environ for name in _DECIDES)
            and self.origins.knows(environ.get("HTTP_HOST"))
            and self.limits.quotas.unlimited
        )

    def _body(self, environ: Environ, collection: str, experiment: str, name: str, *numbers: str) -> _Body:
        user = self._user(environ.get("HTTP_AUTHORIZATION", ""))
        cutout = self._cutout(user, (collection, experiment, name), *numbers)
        with self.limits.budget.hold(COPIES * cutout.nbytes, patiently=False) as held:
            frame = Frame(cutout.shape, cutout.channel.datatype)
            level = self.datastore.image(cutout.channel).level(cutout.resolution)
            level.read(cutout.times, cutout.box, frame.voxels[None])
            content = frame.finish()
            held.keep(len(content))
        environ[envelope.WSGI_USER] = user.name
        return _Body(content, held)

    def _user(self, authorization: str) -> User:
        users = self.datastore.catalog.users
        if self.limits.authentication == "open":
            return users.get(ADMINISTRATOR)
        scheme, _, key = authorization.partition(" ")
        user = users.user_of_token(key) if scheme in {"Token", "Bearer"} and key.isalnum() else None
        if user is None:
            raise NotAuthenticated("not by a token")
        return user

    def _cutout(
        self, user: User, names: tuple[str, str, str], resolution: str, x: str, y: str, z: str
    ) -> CutoutRequest:
        channel = self.datastore.catalog.resources.channel(*names)
        refuse_marked_ancestors(channel)
        access.require(self.datastore.catalog, user, Permission.READ_VOLUMETRIC_DATA, channel)
        cutout = CutoutRequest(
            channel=channel,
            times=cutout_request.times(None, channel),
            resolution=cutout_request.resolution(resolution, channel),
            box=cutout_request.box_in_frame(channel.experiment, x, y, z),
            keeps_time_axis=False,
            iso=False,
        )
        cutout_request.check_size(cutout, self.limits.max_cutout_bytes)
        return cutout


@dataclass(frozen=True, slots=True)
class _Body:
    """What is sent, in one piece, and what it takes of the budget until then."""

    content: bytes
    held: Hold

    def __iter__(self) -> Iterator[bytes]:
        yield self.content

    def close(self) -> None:
        """Called by the server when it is sent, or will not be."""
        self.held.release()


def install(app: Flask, datastore: Datastore, limits: Limits, origins: Origins, count: Count) -> None:
    """Put the short way in front of an application that is otherwise complete."""
    app.wsgi_app = Shortcut(app.wsgi_app, datastore, limits, origins, count)  # type: ignore[method-assign]
