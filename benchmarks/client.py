"""One client with one connection that stays open; the same for every server."""

from __future__ import annotations

from http.client import HTTPConnection, RemoteDisconnected
from types import TracebackType


class Client:
    """A connection to a server on this machine."""

    def __init__(self, port: int, headers: dict[str, str] | None = None) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = headers or {}

    def get(self, path: str, **headers: str) -> bytes:
        """The body of an answer; over a new connection if the server has hung up, as uvicorn does after 5 s of rest."""
        try:
            return self.send("GET", path, **headers)
        except (RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self.close()
            return self.send("GET", path, **headers)

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> bytes:
        """The body of an answer; raises RuntimeError for any status but success."""
        self._connection.request(method, path, body, self._headers | headers)
        with self._connection.getresponse() as answer:
            content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:300]!r}")
        return content

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
