"""Pieces of a file, read while something else is done: several files take no longer to wait for than one."""

from __future__ import annotations

from typing import NamedTuple

import tensorstore as ts

from bosslet.volume.faults import translated_errors


class Extract(NamedTuple):
    """A piece of a file."""

    content: bytes
    file_state: bytes
    """The same for pieces of the same file as it was at one moment, until it is written again."""


class Reading:
    """What was begun to be read of a file."""

    def __init__(self, documents: ts.KvStore, path: str, ranges: list[slice]) -> None:
        """Begins; errors are kept for ``result``."""
        self.path = path
        with ts.Batch() as batch:
            self._futures = [documents.read(path, byte_range=piece, batch=batch) for piece in ranges]

    def result(self) -> list[Extract] | None:
        """The pieces, waited for; None where there is no such file.

        Raises:
            UnreadableBlock: also when the file ends before a piece does.
        """
        with translated_errors(self.path):
            found = [future.result() for future in self._futures]
        if any(piece.state == "missing" for piece in found):
            return None
        return [Extract(bytes(piece.value), bytes(piece.stamp.generation)) for piece in found]
