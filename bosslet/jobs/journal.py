"""What an ingest has finished, so that it can go on after it was stopped: a file of JSON lines beside the images.

The first line says what goes where; each further one names blocks that are on the disk, with the digest of their
voxels. A line is synced before anything else is begun. A last line that was cut off by a sudden death does not count.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from bosslet.errors import ConfigurationError, StorageFull
from bosslet.volume.folders import sync_folder

Block = tuple[int, int, int, int]
"""Time sample, then the index in the grid (z, y, x)."""
Digests = dict[Block, str]
Header = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Journal:
    """A file that may not be there yet."""

    file: Path

    @property
    def begun(self) -> bool:
        """Whether there is anything to go on with."""
        return self.file.exists() and self._whole_bytes() > 0

    def finished(self, header: Header) -> Digests:
        """The blocks that are done; none where nothing was begun.

        Raises:
            ConfigurationError: what was begun was something else.
        """
        lines = list(self._lines())
        if not lines:
            return {}
        if lines[0] != header:
            wrong = [key for key in header if lines[0].get(key) != header[key]]
            raise ConfigurationError(f"what was begun was another ingest ({', '.join(wrong)} differ): cannot go on")
        return {_block(name): digest for line in lines[1:] for name, digest in line.items()}

    @property
    def header(self) -> Header | None:
        """What was begun; None where nothing was."""
        return next(self._lines(), None)

    def forget(self) -> None:
        """Take the file away."""
        self.file.unlink(missing_ok=True)

    @contextmanager
    def writing(self, header: Header) -> Iterator[Writer]:
        """Begin, or go on with what ``finished`` knows."""
        lines = list(self._lines())
        try:
            with self.file.open("r+b" if lines else "wb") as stream:
                writer = Writer(stream)
                if lines:
                    stream.truncate(self._whole_bytes())
                    stream.seek(0, os.SEEK_END)
                else:
                    writer.add(header)
                    sync_folder(self.file.parent)
                yield writer
        except OSError as error:
            raise StorageFull(f"{self.file}: cannot be written: {error}") from error

    def _lines(self) -> Iterator[dict[str, Any]]:
        if self.file.exists():
            for line in self.file.read_bytes()[: self._whole_bytes()].splitlines():
                yield json.loads(line)

    def _whole_bytes(self) -> int:
        """How much of the file is whole lines."""
        return self.file.read_bytes().rfind(b"\n") + 1


class Writer:
    """The open journal."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def finish(self, digests: Digests) -> None:
        """These blocks are on the disk; so is the note of it, when this returns."""
        self.add({"/".join(map(str, block)): digest for block, digest in digests.items()})

    def add(self, line: dict[str, Any]) -> None:
        """One line."""
        self._stream.write(json.dumps(line).encode() + b"\n")
        self._stream.flush()
        os.fsync(self._stream.fileno())


def checksum(digests: Digests) -> str:
    """One number for all voxels: SHA-256 of the SHA-256 of each block's voxels, the blocks in ascending order."""
    return sha256(b"".join(bytes.fromhex(digests[block]) for block in sorted(digests))).hexdigest()


def _block(name: str) -> Block:
    time, z, y, x = map(int, name.split("/"))
    return time, z, y, x
