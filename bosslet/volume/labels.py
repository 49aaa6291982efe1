"""Where the labels of a volume are: which ones a box has, and which box a label has.

Each block has a small file of its own that says so (``label_file``), made when it is first asked for and good for
exactly one generation of the block (``generation``): nobody who writes voxels needs to know of it, and a block that was
written since is looked at anew. Every answer is of one state of each block, also while others write.

The files are in ``.index/<path of the array>/<t>/<z>/<y>/<x>``, outside the OME-Zarr image, so that Zarr tools find in
it only what they know. They may be removed at any time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bosslet.errors import StorageError
from bosslet.geometry import Box, Grid, Point
from bosslet.volume import label_file
from bosslet.volume.generation import BlockState, block_state, block_states
from bosslet.volume.label_cache import LabelCache
from bosslet.volume.label_table import NOTHING, LabelTable
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

log = logging.getLogger(__name__)

INDEX = ".index"
"""In the uploads folder; no collection can have this name."""

Labels = NDArray[np.uint64]
Found = TypeVar("Found")

MAX_KEPT = 2**17
"""Labels of one block that are kept: five times what dense segmentations have. A block of noise is read every time."""
VOXELS_AT_ONCE = 2**19
"""How much of a block is looked at together."""
WORKING_BYTES = 2**26
"""The memory that this takes, without the labels that are found: 14 MiB with labels as they are, 84 MiB with noise."""
PROBED = 64
"""So many blocks are looked for one by one; what a larger box has of blocks is found in the list of all."""
STATES_AT_ONCE = 64
"""How many blocks are looked at side by side, to see which generation they are of."""
ATTEMPTS = 3
"""How often a block is read that others keep writing, before they have to wait until it is."""

_CACHE = LabelCache()


@dataclass(frozen=True, slots=True)
class Place:
    """What a block has of a label."""

    index: Point
    box: Box
    """The smallest one around the label's voxels in this block."""
    generation: bytes | None
    """Of the block; None where that could not be told, and something else may be there by now."""


@dataclass(frozen=True, slots=True)
class LabelIndex:
    """The labels of one time sample of a volume."""

    volume: Volume
    time: int = 0

    def labels_in(self, box: Box) -> Labels:
        """The labels of a box in ascending order, without 0."""
        parts = dict(self._parts(box))
        return union(self._labels(index, parts[index], state) for index, state in self._states(list(parts)))

    def box_of(self, label: int) -> Box | None:
        """The smallest box around all voxels of a label; None where there are none, and for 0."""
        return _around(place.box for place in self.places_of(label))

    def places_of(self, label: int) -> Iterator[Place]:
        """Block by block, where a label is; nowhere for 0."""
        if not 0 < label <= np.iinfo(np.uint64).max:
            return
        for index, state in self._states(self.blocks()):
            if (box := self._box_in(index, label, state)) is not None:
                yield Place(index, box, state.generation)

    def blocks(self) -> list[Point]:
        """The blocks that there are."""
        return [index for time, index in self.volume.stored_blocks() if time == self.time]

    def keep(self, index: Point) -> None:
        """See to it that the labels of a block are known when they are asked for."""
        self._table(index, self._block(index), block_state(self.volume, self.time, index))

    def _table(self, index: Point, box: Box, state: BlockState) -> LabelTable | None:
        """The labels of a box in a block that was just in this state; boxes in it count from the start of the block.

        Kept if it is the whole block. None for more labels than are kept.
        """
        block = self._block(index)
        if not state.exists:
            return NOTHING
        kept = self._kept(index, state.generation)
        if kept is not None and block not in box:
            kept = kept.within(box.relative_to(block.start))
        if kept is not None:
            return kept
        table, generation = self._settled(index, lambda: self._counted(block, box))
        # All of the array that is in the block, that is: the last blocks are larger than what they hold.
        if table is not None and generation is not None and block.intersection(self._extent()) in box:
            self._keep(index, generation, table)
        return table

    def _labels(self, index: Point, box: Box, state: BlockState) -> Labels:
        """Those of a box in one block."""
        table = self._table(index, box, state)
        if table is not None:
            return table.labels
        return self._settled(index, lambda: union(distinct(voxels) for _, voxels in self._pieces(box)))[0]

    def _box_in(self, index: Point, label: int, state: BlockState) -> Box | None:
        """The smallest box around the voxels of a label in one block."""
        block = self._block(index)
        table = self._table(index, block, state)
        if table is None:
            return self._settled(index, lambda: _around(_box(piece, label) for piece in self._pieces(block)))[0]
        found = table.box_of(label)
        return None if found is None else found.relative_to((-block.start[0], -block.start[1], -block.start[2]))

    def _settled(self, index: Point, look: Callable[[], Found]) -> tuple[Found, bytes | None]:
        """What ``look`` finds in a block while nobody writes it, and the generation that it is of, if that is known."""
        for _ in range(ATTEMPTS):
            before = block_state(self.volume, self.time, index)
            if before.generation is None:
                break
            found = look()
            if block_state(self.volume, self.time, index) == before:
                return found, before.generation
        with self.volume.locked(self.time, index):
            return look(), None

    def _counted(self, block: Box, box: Box) -> LabelTable | None:
        table = NOTHING
        for piece, voxels in self._pieces(box):
            table = table.merged(LabelTable.of(voxels, piece.relative_to(block.start).start))
            if len(table) > MAX_KEPT:
                return None
        return table

    def _pieces(self, box: Box) -> Iterator[tuple[Box, NDArray[Any]]]:
        """The voxels of a box, as far as the array goes, some whole chunks at a time."""
        # The extent is read anew: an array grows before it is written to, so it holds all that the block has by now.
        for part in Grid(_group(self.volume)).parts(box.intersection(self._extent())):
            yield part.box, self.volume.read(range(self.time, self.time + 1), part.box)[0]

    def _parts(self, box: Box) -> Iterator[tuple[Point, Box]]:
        """What a box has of each block, as far as is known without listing; or of each block that there is."""
        grid = Grid(self.volume.layout.block)
        sides = zip(box.start, box.stop, grid.block, strict=True)
        if prod(-(-stop // side) - start // side for start, stop, side in sides) <= PROBED:
            yield from ((part.index, part.box) for part in grid.parts(box))
            return
        for index in self.blocks():
            if (part := grid.box_of(index).intersection(box)).size:
                yield index, part

    def _states(self, indices: list[Point]) -> Iterator[tuple[Point, BlockState]]:
        """The state of each block, just before it is its turn."""
        for first in range(0, len(indices), STATES_AT_ONCE):
            group = indices[first : first + STATES_AT_ONCE]
            yield from zip(group, block_states(self.volume, self.time, group), strict=True)

    def _block(self, index: Point) -> Box:
        return Grid(self.volume.layout.block).box_of(index)

    def _extent(self) -> Box:
        array = self.volume.store.array(self.volume.path, self.volume.layout, fresh=True)
        _, z, y, x = (0, 0, 0, 0) if array is None else array.shape
        return Box.of((z, y, x))

    def _kept(self, index: Point, generation: bytes | None) -> LabelTable | None:
        if generation is None:
            return None
        if (table := _CACHE.get(self.volume.layout, generation)) is not None:
            return table
        content = self.volume.store.document(self._path(index))
        table = None if content is None else label_file.decode(content, generation)
        if table is not None:
            _CACHE.put(self.volume.layout, generation, table)
        return table

    def _keep(self, index: Point, generation: bytes, table: LabelTable) -> None:
        _CACHE.put(self.volume.layout, generation, table)
        try:
            with self.volume.store.locks.hold([self._path(index)]):
                self.volume.store.write_document(self._path(index), label_file.encode(table, generation))
        except StorageError as error:
            # A full disk does not make an answer wrong; it is only counted again the next time.
            log.warning("the labels of a block could not be kept: %s", error)

    def _path(self, index: Point) -> str:
        return "/".join(map(str, (INDEX, self.volume.path, self.time, *index)))


def forget(store: Store, path: str) -> None:
    """Remove what was kept of the labels of an image; asked again, they are counted again."""
    try:
        store.remove(f"{INDEX}/{path}")
    except StorageError as error:
        log.warning("what was kept of the labels of %s stays: %s", path, error)


def union(parts: Iterable[NDArray[Any]]) -> Labels:
    """The labels of all the arrays in ascending order, without 0, in memory for a few times the answer."""
    whole, waiting, size = np.empty(0, np.uint64), [], 0
    for part in parts:
        waiting.append(part)
        size += part.size
        if size > max(VOXELS_AT_ONCE, whole.size):
            whole, waiting, size = distinct(np.concatenate([whole, *waiting])), [], 0
    whole = distinct(np.concatenate([whole, *waiting]))
    return whole[np.flatnonzero(whole)]


def distinct(values: NDArray[Any]) -> Labels:
    """The values that occur, in ascending order. np.unique, which hashes, takes ten times as long for many of them."""
    ordered = np.sort(values, axis=None)
    first = np.ones(ordered.size, np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first].astype(np.uint64)


def _around(boxes: Iterable[Box | None]) -> Box | None:
    """The smallest box around those that there are."""
    found = [box for box in boxes if box is not None]
    if not found:
        return None
    z, y, x = np.min([box.start for box in found], axis=0).tolist()
    z_stop, y_stop, x_stop = np.max([box.stop for box in found], axis=0).tolist()
    return Box((z, y, x), (z_stop, y_stop, x_stop))


def _box(piece: tuple[Box, NDArray[Any]], label: int) -> Box | None:
    """The smallest box around a label in some voxels."""
    box, voxels = piece
    found = LabelTable.of(voxels == label, box.start)
    return found.box_of(1)


def _group(volume: Volume) -> Point:
    """The shape of as many whole chunks as may be looked at together, at least one: first along x, then y, then z."""
    shape = list(volume.layout.chunk)
    for axis in (2, 1, 0):
        room = max(1, VOXELS_AT_ONCE // prod(shape))
        shape[axis] = min(volume.layout.block[axis], shape[axis] * room)
    return shape[0], shape[1], shape[2]
