"""Many boxes over the network side by side, each of which is noted when it has arrived and was looked at.

Stopped anywhere, the same transfer goes on with what is not noted; and a box whose voxels have changed since is sent
again. Only one process does the same transfer at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bosslet.datastore import Datastore
from bosslet.errors import ConfigurationError
from bosslet.geometry import Box, Grid, Point
from bosslet.jobs.journal import Block, Digests, Journal
from bosslet.jobs.locks import lock_file, open_lock, try_to_lock

Work = Callable[["Piece", str | None], str]
"""Does one piece and gives the digest of its voxels; the second argument is that of an earlier time."""

MEMORY_BYTES = 2**30
"""For the pieces that are under way together."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A box at one time sample."""

    key: Block
    time: int
    box: Box


@dataclass(frozen=True, slots=True)
class Arrived:
    """What a transfer did."""

    pieces: int
    before: int
    """Pieces that were noted already when it began."""
    nbytes: int
    """Of voxels, in all pieces."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Something that goes somewhere; two that are equal are the same transfer."""

    datastore: Datastore
    what: dict[str, Any]

    @property
    def journal(self) -> Journal:
        """What has arrived so far."""
        return Journal(self._lock.with_suffix(".jsonl"))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Raises ConfigurationError when another process is at it."""
        with open_lock(self._lock) as lock:
            if not try_to_lock(lock):
                raise ConfigurationError(f"{' '.join(map(str, self.what.values()))}: another process is at it")
            yield

    def begin(self) -> None:
        """From now on the channel is ours to go on with; what was noted of one that is gone by now does not count."""
        self.journal.forget()
        with self.journal.writing(self.what):
            pass

    def run(self, pieces: list[Piece], itemsize: int, work: Work, jobs: int, advance: Callable[[int], None]) -> Arrived:
        """Do all pieces, so many side by side; ``advance`` is called with the bytes of each.

        Raises:
            What the work raises: no further piece is begun, and those under way are waited for and noted.
        """
        known: Digests = self.journal.finished(self.what)
        largest = max((piece.box.size for piece in pieces), default=1) * itemsize
        with self.journal.writing(self.what) as writer:
            for piece, digest in _side_by_side(pieces, known, work, max(1, min(jobs, MEMORY_BYTES // largest))):
                if known.get(piece.key) != digest:
                    writer.finish({piece.key: digest})
                advance(piece.box.size * itemsize)
        self.journal.forget()
        return Arrived(len(pieces), len(known), sum(piece.box.size for piece in pieces) * itemsize)

    @property
    def _lock(self) -> Path:
        name = sha256(repr(sorted(self.what.items())).encode()).hexdigest()[:16]
        return lock_file(self.datastore.uploads, f"transfer-{name}")


def pieces_of(box: Box, times: Iterable[int], shape: Point, wanted: Callable[[int, Box], bool]) -> list[Piece]:
    """A box at some times, cut at the multiples of a shape; without those that are not wanted."""
    parts = list(Grid(shape).parts(box))
    return [Piece((time, *part.index), time, part.box) for time in times for part in parts if wanted(time, part.box)]


def digest_of(voxels: NDArray[Any]) -> str:
    """That of the voxels' bytes."""
    return sha256(np.ascontiguousarray(voxels).data).hexdigest()


def depth_for(plane: tuple[int, int], itemsize: int, step: int, most_bytes: int) -> int:
    """How many planes a piece has: a multiple of ``step``, at least that."""
    return step * max(1, most_bytes // (prod(plane) * itemsize * step))


def _side_by_side(pieces: list[Piece], known: Digests, work: Work, jobs: int) -> Iterator[tuple[Piece, str]]:
    waiting = iter(pieces)
    running: dict[Future[str], Piece] = {}
    failures: list[BaseException] = []
    with ThreadPoolExecutor(jobs) as pool:
        while not failures or running:
            for piece in islice(waiting, 0 if failures else jobs - len(running)):
                running[pool.submit(work, piece, known.get(piece.key))] = piece
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                piece, error = running.pop(future), future.exception()
                if error is not None:
                    failures.append(error)
                else:
                    yield piece, future.result()
    raise failures[0]
