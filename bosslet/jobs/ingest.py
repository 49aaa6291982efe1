"""Take a volume in somebody else's format into a channel: in parallel, in bounded memory, and again after a sudden end.

Each process reads a piece of the volume, which is whole blocks (``pieces``), and writes it block by block; nothing is
read back. What is written is durable block by block, and noted in the journal piece by piece. An ingest that is stopped
loses the pieces that were under way, and writes them again: that does no harm.

Memory: in each process one piece, what is being decoded, and what is being compressed.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from bosslet.errors import UnusableFile
from bosslet.geometry import Box, Grid, Point
from bosslet.jobs.journal import Block, Header, Journal, checksum
from bosslet.jobs.pieces import Piece, largest, parts, pieces
from bosslet.jobs.processes import Advance, run
from bosslet.jobs.sinks import Sink
from bosslet.jobs.take import STRIP_BYTES, Take
from bosslet.sources.source import Shape, Source

PIECE_BYTES = 2**28
"""What a process takes at a time of a source that can be read in small boxes."""
PROCESS_BYTES = 3 * 2**26
"""What a process needs before it has any voxels."""
COPIES = 4
"""How often a block is in memory while it is written, at most: while it is compressed and checked, or sent."""

THREADS = 2
"""In each process at least: one of them waits for the disk."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, and how."""

    source: Source
    dtype: np.dtype[Any]
    box: Box
    """Where the volume comes to lie."""
    block: Point
    pieces: tuple[Piece, ...]
    processes: int
    threads: int
    """In each process."""

    @property
    def nbytes(self) -> int:
        """Of all voxels, as they are stored."""
        return self.samples * self.box.size * self.dtype.itemsize

    @property
    def samples(self) -> int:
        """Time samples."""
        return self.source.about.shape[0]

    @property
    def block_count(self) -> int:
        """How many blocks will be written."""
        return self.samples * Grid(self.block).count(self.box)

    @property
    def memory_bytes(self) -> int:
        """What all processes together need at most, about."""
        piece = largest(list(self.pieces)) * self.dtype.itemsize
        z, y, x = self.source.about.grain
        strip = max(2 * STRIP_BYTES, z * y * x * self.source.about.dtype.itemsize)
        block = min(piece, int(np.prod(self.block)) * self.dtype.itemsize)
        return self.processes * (PROCESS_BYTES + piece + self.threads * max(strip, COPIES * block))

    def header(self, where: str) -> Header:
        """By which a journal tells whether this is what was begun."""
        return {
            "source": _fingerprint(self.source),
            "where": where,
            "dtype": str(self.dtype),
            "box": str(self.box),
            "samples": self.samples,
            "block": list(self.block),
        }


@dataclass(frozen=True, slots=True)
class Summary:
    """What was done."""

    blocks: int
    nbytes: int
    checksum: str
    """See ``journal.checksum``."""
    seconds: float
    resumed_blocks: int
    """Of the blocks, those that were there from before."""
    peak_bytes: int
    """The most memory that all processes together had in use."""


def stored_dtype(source: Source) -> np.dtype[Any]:
    """What voxels become: unsigned integers of the same width. Negative ones are an error when they are met."""
    dtype = source.about.dtype
    if dtype.kind not in "uib":
        raise UnusableFile(
            f"{source.about.name}: its voxels are {dtype}; channels hold uint8, uint16, uint32 or uint64"
        )
    return np.dtype(f"u{dtype.itemsize}")


def plan(source: Source, offset: Point, block: Point, processes: int, memory_bytes: int) -> Plan:
    """How to take a source in with at most so many processes and, if it can be done at all, so much memory."""
    dtype = stored_dtype(source)
    shape = source.about.shape
    z, y, x = (start + side for start, side in zip(offset, shape[1:], strict=True))
    box = Box(offset, (z, y, x))
    most = _most_bytes(source, shape, processes, memory_bytes)
    found = pieces(shape[0], box, block, most // dtype.itemsize)
    used = min(processes, len(found))
    return Plan(source, dtype, box, block, tuple(found), used, max(THREADS, processes // used))


def ingest(plan: Plan, sink: Sink, journal: Journal, where: str, advance: Advance) -> Summary:
    """Do what is planned, but for what the journal says is done.

    Raises:
        UnusableFile, StorageError: what was written by then is noted; the same call goes on from there.
        ConfigurationError: the journal is of something else; nothing was written.
    """
    started = monotonic()
    header = plan.header(where)
    digests = journal.finished(header)
    resumed = len(digests)
    waiting = [piece for piece in plan.pieces if not _blocks_of(piece, plan.block) <= digests.keys()]
    advance(plan.nbytes - sum(piece.box.size for piece in waiting) * plan.dtype.itemsize)
    peaks: dict[int, int] = {}
    with journal.writing(header) as writer:
        work = Take(plan.source, sink, plan.dtype, plan.box.start, plan.block, plan.threads)
        for done in run(work, waiting, plan.processes, advance):
            writer.finish(done.result)
            digests |= done.result
            peaks[done.process] = done.peak_bytes
    seconds = monotonic() - started
    return Summary(len(digests), plan.nbytes, checksum(digests), seconds, resumed, sum(peaks.values()))


def _most_bytes(source: Source, shape: Shape, processes: int, memory_bytes: int) -> int:
    """How large a piece may be. Where planes are decoded whole, as large as memory allows."""
    most = max(0, memory_bytes // processes - PROCESS_BYTES) // 2
    if source.about.grain[1:] == shape[2:] and min(shape[2:]) > 1:
        return most
    return min(most, PIECE_BYTES)


def _blocks_of(piece: Piece, block: Point) -> set[Block]:
    return {(piece.time, *index) for index, _ in parts(piece, block)}


def _fingerprint(source: Source) -> str:
    """Another one when any file of the source has changed."""
    digest = sha256(repr(source.about).encode())
    for file in source.files:
        digest.update(_state(file).encode())
    return digest.hexdigest()


def _state(file: Path) -> str:
    found = file.stat()
    return f"{file.name} {found.st_size} {found.st_mtime_ns}\n"
