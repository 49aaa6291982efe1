"""A gunicorn worker that does not wait for ever, answers every refusal in JSON, and logs as bosslet does.

gunicorn's threads read from a socket for as long as the client likes, so a few clients that send nothing would be all
that it takes to keep everybody else out. Here a client has to send the head of a request within ``HEAD_SECONDS``, a
body at ``LEAST_BYTES_PER_SECOND`` on average, and in both something every ``SILENT_SECONDS``.
"""

from __future__ import annotations

import json
import secrets
import select
import socket
import ssl
import struct
import sys
import time
from contextlib import suppress
from datetime import timedelta
from typing import Any

from gunicorn import glogging, util
from gunicorn.http import errors
from gunicorn.workers.gthread import ThreadWorker

from bosslet import logs, memory
from bosslet.body import receive_directly
from bosslet.dialects.envelope import HEADER, WSGI_ID, WSGI_USER

HEAD_SECONDS = 9.0
HURRIED_SECONDS = 1.0
"""What is left for the head of a request that waited for a thread for longer: one that is there takes no time."""
SILENT_SECONDS = 10
LEAST_BYTES_PER_SECOND = 2**14
SECONDS_TO_GIVE_BACK = 1.0
"""How often a worker that answers requests gives back the memory that is free."""
STALLED_SECONDS = 60
"""How long a client may take nothing of an answer."""

LINGER_MS = 2
"""How long a thread waits for the next request of the same client before it does something else."""

STATUS: dict[type[Exception], tuple[int, str]] = {
    errors.LimitRequestLine: (414, "URI Too Long"),
    errors.LimitRequestHeaders: (431, "Request Header Fields Too Large"),
    errors.ExpectationFailed: (417, "Expectation Failed"),
    # The application's mistake, though they are kinds of the client's.
    errors.InvalidResponseHeader: (500, "Internal Server Error"),
    errors.InvalidResponseHeaderName: (500, "Internal Server Error"),
    errors.ParseException: (400, "Bad Request"),
    ssl.SSLError: (400, "Bad Request"),
    Exception: (500, "Internal Server Error"),
}
LATE = (408, "Request Timeout")


class Log(glogging.Logger):  # type: ignore[misc]  # gunicorn is not typed
    """gunicorn's messages and requests, handed to Python's logging."""

    def setup(self, cfg: Any) -> None:  # noqa: ANN401 (as gunicorn has it)
        """Let the handlers of the root logger have all of it."""
        self.cfg = cfg
        self.error_log.propagate = True

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:  # noqa: ANN401
        """A request was answered, or its client went away meanwhile."""
        fields = {
            "address": environ.get("REMOTE_ADDR"),
            "user": environ.get(WSGI_USER),
            "method": req.method,
            # Not the query, in which people put keys.
            "path": req.uri.partition("?")[0],
            "status": int(str(resp.status).split()[0]),
            "bytes": resp.sent,
            "ms": round(request_time / timedelta(milliseconds=1), 1),
        }
        token = logs.request_id.set(environ.get(WSGI_ID))
        text = "{address} {user} {method} {path} {status} {bytes} bytes {ms} ms".format_map(fields)
        logs.log_request(fields, text)
        logs.request_id.reset(token)

    def exception(self, msg: object, *args: object, **kwargs: object) -> None:
        """Something went wrong of which nobody else has heard."""
        if not isinstance(sys.exception(), BlockingIOError):  # a client was silent for too long
            super().exception(msg, *args, **kwargs)


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn is not typed
    """gunicorn's worker with threads, with a clock for what they read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (as gunicorn has it)
        super().__init__(*args, **kwargs)
        self._reading: dict[Any, float] = {}
        """Until when the rest of what is being read of each connection has to be there."""
        self._heads: set[Any] = set()
        """The connections of which the head of a request is being read."""
        self._answered = False
        """Whether any request was, since memory was given back."""
        self._gave_back_at = 0.0

    def enqueue_req(self, conn: Any) -> None:  # noqa: ANN401
        """Let a thread handle a connection, as soon as there is one."""
        conn.waits_since = time.monotonic()
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> object:  # noqa: ANN401
        """Read and answer one request, in a thread, and those that follow at once."""
        # The time in the queue counts, or clients that send nothing would be waited for one after the other.
        result = self._handle_one(conn, max(conn.waits_since + HEAD_SECONDS, time.monotonic() + HURRIED_SECONDS))
        while result is True and self._is_followed(conn):
            result = self._handle_one(conn, time.monotonic() + HEAD_SECONDS)
        return result

    def _is_followed(self, conn: Any) -> bool:  # noqa: ANN401
        """Whether the next request comes before it would have been handed to the poller and back to a thread."""
        if not self.alive or len(self._reading) >= self.cfg.threads // 2:
            return False  # others may wait for this thread
        if isinstance(conn.sock, ssl.SSLSocket) and conn.sock.pending():
            return True  # it was read, and so no poller hears of it
        poll = select.poll()
        poll.register(conn.sock, select.POLLIN)
        return bool(poll.poll(LINGER_MS))

    def _handle_one(self, conn: Any, deadline: float) -> object:  # noqa: ANN401
        if not conn.initialized:
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", SILENT_SECONDS, 0))
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", STALLED_SECONDS, 0))
        self._reading[conn] = deadline
        self._heads.add(conn)
        try:
            return super().handle(conn)
        finally:
            self._reading.pop(conn)
            if conn in self._heads and time.monotonic() > deadline:
                self._answer(conn.sock, conn.client, *LATE, error="Late")
            self._heads.discard(conn)

    def handle_request(self, req: Any, conn: Any) -> object:  # noqa: ANN401
        """Answer a request whose head was read."""
        self._heads.discard(conn)
        length = next((int(value) for name, value in req.headers if name == "CONTENT-LENGTH"), 0)
        self._reading[conn] = time.monotonic() + HEAD_SECONDS + length / LEAST_BYTES_PER_SECOND
        receive_directly(req)
        try:
            return super().handle_request(req, conn)
        finally:
            self._answered = True

    def murder_pending(self) -> None:
        """What the main thread does every second: also end what should have been read by now, and give memory back."""
        super().murder_pending()
        now = time.monotonic()
        if self._answered and now - self._gave_back_at >= SECONDS_TO_GIVE_BACK:
            # Not after each request: the next one would have to be given the same pages again.
            self._answered, self._gave_back_at = False, now
            memory.give_back()
        for conn, deadline in self._reading.copy().items():
            if now > deadline:
                # The thread that reads finds the end of what was sent. What it may be writing is not touched.
                with suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RD)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:  # noqa: ANN401
        """Answer what is no request of HTTP, or what broke before the application could answer it."""
        status, reason = next(STATUS[cls] for cls in type(exc).__mro__ if cls in STATUS)
        self._answer(client, addr, status, reason, error=type(exc).__name__)

    def _answer(self, client: socket.socket, addr: Any, status: int, reason: str, *, error: str) -> None:  # noqa: ANN401
        token = logs.request_id.set(secrets.token_hex(8))
        try:
            if status == 500:
                self.log.exception("a request that could not be answered")
            # What was sent is not repeated: it may be a key.
            fields = {"address": addr[0] if addr else None, "status": status, "error": error}
            logs.log_request(fields, "{address} - {error} {status}".format_map(fields))
            _refuse(client, status, reason)
        finally:
            logs.request_id.reset(token)


def _refuse(client: socket.socket, status: int, reason: str) -> None:
    body = json.dumps({"detail": f"{reason} (request {logs.request_id.get()})"}).encode()
    head = (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{HEADER}: {logs.request_id.get()}\r\n\r\n"
    )
    with suppress(OSError):  # gone already
        util.write_nonblock(client, head.encode() + body)
