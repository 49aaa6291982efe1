"""The voxels of one resolution of a channel: read, replaced, merged and cleared by box and time sample.

The index of a voxel in the array on disk is its coordinate: a frame that starts at 1000 has its first voxel at 1000,
and what lies before is never written and costs nothing. Space that was never written reads as zeros, also outside the
array; what cannot be read is an error. A write is atomic in each block and durable when it returns; one over several
blocks can be seen, and survive a crash, block by block.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tensorstore as ts
from numpy.typing import NDArray

from bosslet import memory
from bosslet.errors import StorageError
from bosslet.geometry import Box, Grid, Part, Point
from bosslet.volume.faults import translated_errors
from bosslet.volume.layout import Layout
from bosslet.volume.ledger import Block
from bosslet.volume.moments import Moment, Wanted, read_blocks, read_into
from bosslet.volume.offers import Offer, combined, fitting, remove
from bosslet.volume.presence import BlockWrite
from bosslet.volume.store import Shape, Store

Voxels = NDArray[Any]

Piece = tuple[range, Part]
"""One time sample of what a box has of one block."""

_BLOCK_NAME = re.compile("/".join(["([0-9]+)"] * 4))

BLOCKS_AT_ONCE = max(4, os.cpu_count() or 1)
"""How many blocks one request reads or rewrites at the same time: enough to wait for several syncs at once."""
BYTES_AT_ONCE = 2**25
"""How many bytes of voxels that may be, but for a single block: meanwhile each is in memory up to thrice more."""


@dataclass(frozen=True, slots=True)
class Volume:
    """One array of voxels. ``shape`` is what it is made with on the first write; it grows when written past its end."""

    store: Store
    path: str
    layout: Layout
    shape: Shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of its voxels; little-endian."""
        return np.dtype(self.layout.dtype)

    @property
    def exists(self) -> bool:
        """Whether anything was ever written, or the array made."""
        return self.store.array(self.path, self.layout) is not None

    def create(self) -> None:
        """Make the array, without voxels, where there is none."""
        self.store.create_array(self.path, self.layout, self.shape)

    def stored_blocks(self) -> list[tuple[int, Point]]:
        """The time sample and the index in the grid of every block that has a file, in ascending order.

        Raises:
            UnreadableBlock: one was written, and its file is gone.
        """
        found = self.listed_blocks()
        if self.store.presence is not None:
            for block in self.store.presence.not_listed(self.path, found):
                box = Grid(self.layout.block).box_of(block[1:])
                self.store.presence.check(self.path, [block], f"{self.path} {box}")
        self.store.check_place(self.path)
        return [(time, (z, y, x)) for time, z, y, x in sorted(found)]

    def listed_blocks(self) -> set[Block]:
        """The blocks that have a file, whether or not that is all."""
        names = self.store.names(f"{self.path}/c")
        numbers = [map(int, match.groups()) for name in names if (match := _BLOCK_NAME.fullmatch(name))]
        return {(time, z, y, x) for time, z, y, x in numbers}

    def reaches(self, time: int, box: Box) -> bool:
        """Whether the array has any voxels in this box, as large as it is now."""
        array = self._array_for_reading(range(time, time + 1), box)
        return array is not None and _clipped(array, range(time, time + 1), box)[1].size > 0 and time < array.shape[0]

    def locked(self, time: int, index: Point) -> AbstractContextManager[None]:
        """Inside it, nobody writes this block."""
        return self.store.locks.hold([self._lock_name(time, index)])

    def read(self, times: range, box: Box, into: Voxels | None = None) -> Voxels:
        """The voxels of a box in some time samples (t, z, y, x): in a fresh array, or in one that holds anything.

        Raises:
            UnreadableBlock: a block that exists cannot be read; no voxel of it is made up.
        """
        self.store.tally.read(len(times) * Grid(self.layout.block).count(box))
        voxels = np.empty((len(times), *box.shape), self.dtype) if into is None else into
        with self._in_its_place():
            array = self._array_for_reading(times, box)
            if array is None:
                voxels[...] = 0
            else:
                self._read(array, times, box, voxels)
                if self.store.presence is not None:
                    blocks = (_block(piece) for piece in self._pieces(times, box))
                    self.store.presence.check(self.path, blocks, f"{self.path} {box}")
        self.store.check_place(self.path)
        return voxels

    def _read(self, array: ts.TensorStore, times: range, box: Box, voxels: Voxels) -> None:
        with translated_errors(f"{self.path} {box}"):
            stored = _clipped(array, times, box)
            if stored == (times, box) and voxels.nbytes <= BYTES_AT_ONCE:
                moment = Moment(self.store, self.path, self._wanted(self._pieces(times, box)))
                read_into(voxels, array[_index(times, box)]).result()
                if not any(moment.changed()):
                    return
            if stored != (times, box):
                voxels[...] = 0
            # A few blocks at a time: files are read faster than they are decompressed, and would pile up in memory.
            for pieces in self._groups(self._pieces(*stored)):
                places = [voxels[_within(piece, times, box)] for piece in pieces]
                read_blocks(self.store, self.path, array, self._wanted(pieces), places)

    def _wanted(self, pieces: Iterable[Piece]) -> list[Wanted]:
        return [(self.layout.file(time.start, part.index), _index(time, part.box)) for time, part in pieces]

    def write(self, times: range, box: Box, voxels: Voxels) -> None:
        """Replace the voxels of a box by those of an array (t, z, y, x), taken over: do not change it later."""
        self._check(times, box, voxels)
        self._store(times, box, voxels, list(self._pieces(times, box)))

    def merge(self, times: range, box: Box, voxels: Voxels) -> None:
        """Write the voxels that are not zero, and leave alone what is there where they are (bossDB's rule).

        ``voxels`` (t, z, y, x) is taken over: its zeros are filled in. Blocks in which it is all zeros are not touched;
        those in which it has no zeros are not read.
        """
        self._check(times, box, voxels)
        if np.count_nonzero(voxels) == voxels.size:
            self.write(times, box, voxels)
            return
        pieces = list(self._pieces(times, box))
        touched = [piece for piece in pieces if voxels[_within(piece, times, box)].any()]
        self._store(times, box, voxels, touched, fill=True)

    @contextmanager
    def rewriting(self, time: int, index: Point) -> Iterator[Callable[[Box, Voxels], None]]:
        """Inside it nobody else writes this block; what it yields replaces a box of it, which the array must reach.

        The array (z, y, x) is taken over; one without axes is put into every voxel.
        """
        times, array = range(time, time + 1), self.store.array(self.path, self.layout, fresh=True)
        if array is None:
            raise ValueError(f"there is no array {self.path}")

        def replace(box: Box, voxels: Voxels) -> None:
            part = Part(index, box, whole=box == Grid(self.layout.block).box_of(index))
            self._commit(array, [((times, part), voxels[np.newaxis] if voxels.ndim else voxels)])

        with self.locked(time, index):
            yield replace

    def clear(self, times: range, box: Box) -> None:
        """Set a box to zero; blocks that were never written stay absent."""
        with self._in_its_place():
            array = self._array_for_reading(times, box)
        self.store.check_place(self.path)
        if array is None or not box.size:
            return
        zero = np.zeros((), self.dtype)
        for pieces in self._groups(self._pieces(*_clipped(array, times, box))):
            with self._locked(pieces):
                self._commit(array, [(piece, zero) for piece in pieces])

    def _store(self, times: range, box: Box, voxels: Voxels, pieces: list[Piece], *, fill: bool = False) -> None:
        """Write these pieces of a box; with ``fill``, what is zero in them first takes the value that is stored."""
        if not pieces:
            return
        with self._in_its_place():
            array = self._array_for_writing(times, box)
        own = {self._name(piece): _offer(piece, voxels[_within(piece, times, box)][0], fill=fill) for piece in pieces}
        with self.store.offers.standing(own) as standing:
            for group in self._groups(pieces):
                names = {self._name(piece): piece for piece in group}
                # What others wrote meanwhile is on the disk, for whatever reason they may hold the lock now.
                if standing.left(names):
                    with self._locked(group, standing.make):
                        left = standing.left(names)
                        standing.withdraw(left)
                        self._commit_with_others(array, [names[name] for name in left], left)

    def _commit_with_others(self, array: ts.TensorStore, pieces: list[Piece], own: dict[str, Offer]) -> None:
        """Write what is one's own, laid over what others offer for the same blocks."""
        done: list[Path] = []
        writes: list[tuple[Piece, Voxels]] = []
        for times, part in pieces:
            name = self._name((times, part))
            found = self.store.offers.found(name, self.dtype)
            others = fitting({f: each for f, each in found.items() if _covers(array, times, each.box)}, own[name])
            together = combined(others.values(), own[name], partial(self._read_one, times), self._depth())
            whole = together.box == Grid(self.layout.block).box_of(part.index)
            writes.append(((times, Part(part.index, together.box, whole)), together.voxels[np.newaxis]))
            done += others
        large = sum(voxels.nbytes for _, voxels in writes) >= BYTES_AT_ONCE
        # TensorStore takes as much memory again, and reading what is stored has just left as much, free, in the heaps.
        if large:
            memory.give_back()
        self._commit(array, writes)
        if large:
            memory.give_back()
        for file in done:
            remove(file)

    def _depth(self) -> int:
        """Of as many layers of the chunks of a block as are not too much at a time; one at least."""
        layer = self.layout.chunk[0]
        nbytes = layer * self.layout.block[1] * self.layout.block[2] * self.dtype.itemsize
        return layer * max(1, BYTES_AT_ONCE // 2 // nbytes)

    def _read_one(self, times: range, box: Box) -> Voxels:
        voxels: Voxels = self.read(times, box)[0]
        return voxels

    def _commit(self, array: ts.TensorStore, writes: list[tuple[Piece, Voxels]]) -> None:
        """Write all of these at the same time, and return when all are on the disk."""
        what = f"{self.path} {'; '.join(str(part.box) for (_, part), _ in writes)}"
        with self._noted(array, writes, what), translated_errors(what, writing=True):
            for (time, part), _ in writes:
                self.store.prepare(f"{self.path}/{self.layout.file(time.start, part.index)}")
            # By reference, not by copy: nobody changes the voxels after they were handed over.
            pending = [
                array[_index(time, part.box)].write(voxels, can_reference_source_data_indefinitely=True)
                for (time, part), voxels in writes
            ]
            failed = [error for future in pending if (error := future.exception()) is not None]
            if failed:
                raise failed[0]
        self.store.tally.wrote(len(writes))

    def _noted(
        self, array: ts.TensorStore, writes: list[tuple[Piece, Voxels]], what: str
    ) -> AbstractContextManager[None]:
        """Inside it the blocks are written: the ledger knows of it before and after."""
        if self.store.presence is None:
            return nullcontext()
        blocks = [BlockWrite(_block(piece), voxels, self._is_whole(array, piece)) for piece, voxels in writes]
        return self.store.presence.changing(self.path, array, blocks, what)

    def _is_whole(self, array: ts.TensorStore, piece: Piece) -> bool:
        """Whether a piece is all that its block has in the array."""
        _, part = piece
        return part.whole or _clipped(array, piece[0], Grid(self.layout.block).box_of(part.index))[1] == part.box

    def _array_for_reading(self, times: range, box: Box) -> ts.TensorStore | None:
        array = self.store.array(self.path, self.layout)
        if array is not None and not _covers(array, times, box):
            return self.store.array(self.path, self.layout, fresh=True)
        return array

    def _array_for_writing(self, times: range, box: Box) -> ts.TensorStore:
        array = self.store.array(self.path, self.layout) or self.store.create_array(self.path, self.layout, self.shape)
        return array if _covers(array, times, box) else self.store.grow(self.path, self.layout, (times.stop, *box.stop))

    def _check(self, times: range, box: Box, voxels: Voxels) -> None:
        if min(times.start, *box.start) < 0:
            raise ValueError(f"no array has voxels before its start: {times}, {box}")
        if voxels.shape != (len(times), *box.shape) or voxels.dtype != self.dtype:
            raise ValueError(f"{voxels.dtype} {voxels.shape} is not {self.dtype} {(len(times), *box.shape)}")

    def _pieces(self, times: range, box: Box) -> Iterator[Piece]:
        """What a write has of each block: a block holds one time sample."""
        return ((range(time, time + 1), part) for time in times for part in Grid(self.layout.block).parts(box))

    def _groups(self, pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
        """As many as are locked and written at once: a lock is an open file, and a box may cover very many blocks."""
        group: list[Piece] = []
        for piece in pieces:
            nbytes = sum(part.box.size for _, part in (*group, piece)) * self.dtype.itemsize
            if group and (len(group) == BLOCKS_AT_ONCE or nbytes > BYTES_AT_ONCE):
                yield group
                group = []
            group.append(piece)
        if group:
            yield group

    @contextmanager
    def _locked(self, pieces: list[Piece], before_waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        with self.store.locks.hold(map(self._name, pieces), before_waiting):
            self.store.check_place(self.path)
            yield

    @contextmanager
    def _in_its_place(self) -> Iterator[None]:
        """What fails because the image was put elsewhere in this moment is not taken for damage, but is Busy."""
        try:
            yield
        except StorageError:
            self.store.check_place(self.path)
            raise

    def _name(self, piece: Piece) -> str:
        """Of the lock of its block: the path of the file."""
        times, part = piece
        return self._lock_name(times.start, part.index)

    def _lock_name(self, time: int, index: Point) -> str:
        return f"{self.path}/{self.layout.file(time, index)}"


def _index(times: range, box: Box) -> tuple[slice, slice, slice, slice]:
    return (slice(times.start, times.stop), *box.slices)


def _offer(piece: Piece, voxels: Voxels, *, fill: bool) -> Offer:
    return Offer(piece[1].box, voxels, fill=fill and int(np.count_nonzero(voxels)) < voxels.size)


def _block(piece: Piece) -> Block:
    times, part = piece
    return times.start, *part.index


def _relative(times: range, to: range) -> range:
    return range(times.start - to.start, times.stop - to.start)


def _within(piece: Piece, times: range, box: Box) -> tuple[slice, slice, slice, slice]:
    """The index of a piece in the array of the whole box."""
    time, part = piece
    return _index(_relative(time, times), part.box.relative_to(box.start))


def _covers(array: ts.TensorStore, times: range, box: Box) -> bool:
    return all(last <= end for last, end in zip((times.stop, *box.stop), array.shape, strict=True))


def _clipped(array: ts.TensorStore, times: range, box: Box) -> tuple[range, Box]:
    """What of the times and the box lies in the array."""
    samples, z, y, x = array.shape
    end: Point = (z, y, x)
    stop = max(times.start, min(times.stop, samples))
    return range(times.start, stop), box.intersection(Box.of(end))
