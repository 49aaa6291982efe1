"""The body of a request, received where it is wanted.

gunicorn hands a body on in pieces, each of which goes through four buffers. Here the rest of a body, after what came
with its head, goes from the socket into the caller's memory.
"""

from __future__ import annotations

from gunicorn.http.body import Body, LengthReader


class ReceivedBody(Body):  # type: ignore[misc]  # gunicorn is not typed
    """gunicorn's body of known length, with ``readinto`` as Python's raw streams have it."""

    def __init__(self, reader: LengthReader) -> None:
        super().__init__(reader)
        self._reader = reader
        self._unreader = reader.unreader

    def readinto(self, target: bytearray | memoryview) -> int:
        """Receive at least one byte; 0 is the end, of the body or of the connection.

        Raises:
            OSError: the client was silent for too long, or hung up.
        """
        # A piece of a bytearray would be a copy.
        view = memoryview(target)[: self._reader.length + self.buf.tell()]
        return len(view) and (self._take(view) or self._receive(view))

    def _take(self, target: memoryview) -> int:
        """What was received with the head, or read ahead."""
        if held := self.buf.tell():
            piece: bytes = self.read(min(held, len(target)))
            target[: len(piece)] = piece
            return len(piece)
        came: bytes = self._unreader.take_buffered()
        count = min(len(came), len(target))
        target[:count] = came[:count]
        self._unreader.unread(came[count:])
        self._reader.length -= count
        return count

    def _receive(self, target: memoryview) -> int:
        try:
            count: int = self._unreader.sock.recv_into(target)
        except OSError:
            self.failed = True
            raise
        self._reader.length -= count
        return count


def receive_directly(request: object) -> None:
    """Give a request of gunicorn such a body, if it says how long its own is."""
    body = request.body  # type: ignore[attr-defined]
    if isinstance(body.reader, LengthReader):
        request.body = ReceivedBody(body.reader)  # type: ignore[attr-defined]
