"""One piece of an ingest: read in strips, then written block by block, several of each at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bosslet.errors import UnusableFile
from bosslet.geometry import Box, Point
from bosslet.jobs.journal import Digests
from bosslet.jobs.pieces import Piece, parts
from bosslet.jobs.processes import Advance
from bosslet.jobs.sinks import Sink
from bosslet.sources.source import Fills, Source

Voxels = NDArray[Any]

STRIP_BYTES = 2**24
"""How much is read at a time, in whole grains of the source."""


@dataclass(frozen=True, slots=True)
class Take:
    """What a process does with each piece; the digests of its blocks come of it."""

    source: Source
    sink: Sink
    dtype: np.dtype[Any]
    offset: Point
    block: Point
    threads: int

    def __call__(self, piece: Piece, advance: Advance) -> Digests:
        voxels = np.empty(piece.box.shape, self.dtype)
        half = _Halves(advance)
        with ThreadPoolExecutor(self.threads) as pool:
            for strip in _each(
                [pool.submit(self._read, piece, strip, voxels) for strip in _strips(piece.box, self.source)]
            ):
                half(strip)
            digests: Digests = {}
            for index, nbytes, digest in _each(
                [pool.submit(self._write, piece, index, box, voxels) for index, box in parts(piece, self.block)]
            ):
                digests[(piece.time, *index)] = digest
                half(nbytes)
        self.sink.note()
        return digests

    def close(self) -> None:
        self.sink.close()

    def _read(self, piece: Piece, strip: Box, voxels: Voxels) -> int:
        """Some whole planes of the piece; ``strip`` is in voxels of the channel."""
        target = voxels[strip.relative_to(piece.box.start).slices]
        if isinstance(self.source, Fills) and self.source.about.dtype == self.dtype:
            self.source.fill(piece.time, strip.relative_to(self.offset), target)
            return target.nbytes
        found = self.source.read(piece.time, strip.relative_to(self.offset))
        if found.dtype.kind == "i" and found.size and found.min() < 0:
            raise UnusableFile(
                f"{self.source.about.name}: has negative voxels between z {strip.start[0]} and {strip.stop[0]}"
            )
        np.copyto(target, found, casting="unsafe")
        return target.nbytes

    def _write(self, piece: Piece, index: Point, box: Box, voxels: Voxels) -> tuple[Point, int, str]:
        block = voxels[box.relative_to(piece.box.start).slices]
        digest = sha256()
        for plane in block:
            digest.update(np.ascontiguousarray(plane).data)  # of a whole block, memory would be new each time
        self.sink.write(piece.time, box, block)
        return index, block.nbytes, digest.hexdigest()


@dataclass(slots=True)
class _Halves:
    """Counts every byte twice, when it is read and when it is written, as half a byte."""

    advance: Advance
    odd: int = field(default=0)

    def __call__(self, nbytes: int) -> None:
        whole, self.odd = divmod(nbytes + self.odd, 2)
        self.advance(whole)


def _each(futures: list[Future[Any]]) -> Iterator[Any]:
    """The results as they come; after the first failure nothing more is begun."""
    try:
        for future in as_completed(futures):
            yield future.result()
    finally:
        for future in futures:
            future.cancel()


def _strips(box: Box, source: Source) -> list[Box]:
    """The box cut across z, in whole grains that are not too large together."""
    grain = source.about.grain[0]
    plane = box.shape[1] * box.shape[2] * source.about.dtype.itemsize
    depth = grain * max(1, STRIP_BYTES // max(1, plane * grain))
    return [
        Box((z, *box.start[1:]), (min(z + depth, box.stop[0]), *box.stop[1:]))
        for z in range(box.start[0], box.stop[0], depth)
    ]
