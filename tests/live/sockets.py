"""Requests as bytes, for what no client library would send."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any

PATIENCE = 15.0
"""Seconds within which every request is answered, or its connection closed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, until the connection was closed."""

    raw: bytes

    @property
    def status(self) -> int | None:
        """Of the first answer; None when there was none."""
        pieces = self.raw.split(b" ", 2)
        return int(pieces[1]) if len(pieces) > 1 and pieces[0].startswith(b"HTTP/1.") else None

    @property
    def headers(self) -> dict[str, str]:
        """In lower case."""
        lines = self.raw.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def body(self) -> bytes:
        """Of the first answer."""
        return self.raw.partition(b"\r\n\r\n")[2][: int(self.headers.get("content-length", 10**9))]

    @property
    def json(self) -> Any:
        """The body, which has to be JSON."""
        return json.loads(self.body)


def exchange(host: str, request: bytes, *, close: bool = True) -> Answer:
    """Send bytes and take what comes; ``close``: that nothing more will come is said, too."""
    name, _, port = host.partition(":")
    with socket.create_connection((name, int(port)), PATIENCE) as connection:
        try:
            connection.sendall(request)
            if close:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it was refused before all was sent
        return answer_on(connection)


def answer_on(connection: socket.socket) -> Answer:
    """The next answer, or what there is of it when the connection is closed."""
    found = b""
    try:
        while piece := connection.recv(1 << 16):
            found += piece
            if _is_whole(Answer(found)):
                break
    except ConnectionResetError:
        pass
    return Answer(found)


def _is_whole(answer: Answer) -> bool:
    """Whether all is there that the head announces: the connection may be kept."""
    _, found, body = answer.raw.partition(b"\r\n\r\n")
    return bool(found) and len(body) >= int(answer.headers.get("content-length", 10**9))
