"""One level of a pyramid made from the one below it, block by block.

A block of the target is made of 2×2×1 or 2×2×2 whole blocks of the source and of nothing else: blocks have one shape at
all levels and start at the origin. So a block can be made alone, in any order, twice, and by a process that knows of no
other, and nothing shows where two meet. It is written whole and takes the place of what was there.

Memory: the block that is made, thrice more of it while it is written, and a slab of the source (``SLAB_BYTES``, or one
layer of chunks if that is more).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bosslet.geometry import Box, Grid, Point
from bosslet.jobs.reduce import reduced
from bosslet.pyramid import Pyramid
from bosslet.volume.image import LEVELS, Image
from bosslet.volume.volume import Volume

SLAB_BYTES = 2**25
"""How much of the source is read at a time, in whole layers of chunks."""


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """A block to be made, and whether there is anything to make it of; where there is not, it is cleared."""

    time: int
    block: Point
    filled: bool


@dataclass(frozen=True, slots=True)
class Step:
    """A level and what it is made of."""

    source: Volume
    source_extent: Box
    target: Volume
    target_extent: Box
    resolution: int
    iso: bool
    scale: Point
    """How many voxels of level 0 one of the target spans."""
    halvings: tuple[Point, ...]
    """What to divide each axis by, 1 or 2, one after the other."""
    labels: bool

    @property
    def shrink(self) -> Point:
        """What all halvings together divide by."""
        z, y, x = (prod(factors) for factors in zip(*self.halvings, strict=True))
        return z, y, x

    def targets(self, region: Box | None = None) -> list[Target]:
        """The blocks of which any source is stored, and those that are stored although none is; in ascending order.

        With a region (at level 0), only those that it touches.
        """
        sources = ((time, block) for time, block in self.source.stored_blocks() if self._counts(block))
        filled = {(time, _above(block, self.shrink)) for time, block in sources}
        blocks = filled.union(self.target.stored_blocks())
        return sorted(
            Target(time, block, (time, block) in filled) for time, block in blocks if self._within(region, block)
        )

    def make(self, target: Target, pause: Callable[[], None]) -> None:
        """Replace a block; ``pause`` is called before every slab and may raise, which leaves the block as it was.

        Raises:
            StorageError: the source cannot be read or the target cannot be written.
        """
        times = range(target.time, target.time + 1)
        block = self._grid.box_of(target.block)
        if not target.filled:
            self.target.clear(times, block)
            return
        box = block.intersection(self.target_extent)
        voxels = np.zeros((1, *box.shape), self.target.dtype)
        for slab in self._slabs(box):
            pause()
            voxels[(0, *slab.relative_to(box.start).slices)] = self._voxels(times, slab)
        self.target.write(times, box, voxels)
        # Clients may write the first level too, and further out than it reaches.
        for beyond in _beyond(block, box):
            self.target.clear(times, beyond)

    @property
    def _grid(self) -> Grid:
        return Grid(self.target.layout.block)

    def _counts(self, block: Point) -> bool:
        """Whether a block of the source has voxels in the frame."""
        return self._grid.box_of(block).intersection(self.source_extent).size > 0

    def _within(self, region: Box | None, block: Point) -> bool:
        if region is None:
            return True
        return self._grid.box_of(block).intersection(region.halved(self.scale)).size > 0

    def _slabs(self, box: Box) -> Iterator[Box]:
        """The box cut across z, so that every chunk of the source is read once."""
        layer = max(1, self.source.layout.chunk[0] // self.shrink[0])
        layer_bytes = layer * prod(self.shrink) * prod(box.shape[1:]) * self.source.dtype.itemsize
        depth = layer * max(1, SLAB_BYTES // layer_bytes)
        (first, *start), (last, *stop) = box.start, box.stop
        for z in range(first, last, depth):
            yield Box((z, start[0], start[1]), (min(z + depth, last), stop[0], stop[1]))

    def _voxels(self, times: range, slab: Box) -> NDArray[Any]:
        """The target's voxels in a box."""
        source = _below(slab, self.shrink).intersection(self.source_extent)
        voxels: NDArray[Any] = self.source.read(times, source)[0]
        if not voxels.any():
            return np.zeros(slab.shape, voxels.dtype)
        for factors in self.halvings:
            voxels = reduced(voxels, factors, labels=self.labels)
        return voxels


def steps(image: Image, base: int, levels: int) -> list[Step]:
    """How all levels above ``base`` and under ``levels`` come about, each after the one that it is made of.

    Levels that no URL can ask for are left out. Where the isotropic pyramid of an anisotropic experiment should have
    begun under the base, its level at the base is made first, from the plain one, by halving z alone.
    """
    plan = []
    for resolution in range(base, min(levels, LEVELS.stop)):
        if resolution > base:
            plan.append(_step(image, resolution, [image.pyramid.step(resolution)], iso=False))
        if image.pyramid.has_iso(resolution):
            plan.append(_step(image, resolution, _iso_halvings(image.pyramid, base, resolution), iso=True))
    return plan


def _iso_halvings(pyramid: Pyramid, base: int, resolution: int) -> list[Point]:
    if resolution > base:
        return [pyramid.step(resolution, iso=True)]
    return [(2, 1, 1)] * (base - pyramid.isotropic_level)


def _step(image: Image, resolution: int, halvings: list[Point], *, iso: bool) -> Step:
    below = resolution if halvings[0] == (2, 1, 1) else resolution - 1
    from_iso = iso and below < resolution
    return Step(
        source=image.level(below, iso=from_iso),
        source_extent=_extent(image.pyramid, below, iso=from_iso),
        target=image.level(resolution, iso=iso),
        target_extent=_extent(image.pyramid, resolution, iso=iso),
        resolution=resolution,
        iso=iso,
        scale=image.pyramid.scale(resolution, iso=iso),
        halvings=tuple(halvings),
        labels=image.labels,
    )


def _extent(pyramid: Pyramid, resolution: int, *, iso: bool) -> Box:
    z, y, x = pyramid.extent(resolution, iso=iso)
    return Box.of((max(0, z), max(0, y), max(0, x)))  # a frame may end before 0


def _above(block: Point, shrink: Point) -> Point:
    z, y, x = (index // by for index, by in zip(block, shrink, strict=True))
    return z, y, x


def _below(box: Box, shrink: Point) -> Box:
    """The voxels that become those of a box."""
    (z, y, x), (z_stop, y_stop, x_stop), (by_z, by_y, by_x) = box.start, box.stop, shrink
    return Box((z * by_z, y * by_y, x * by_x), (z_stop * by_z, y_stop * by_y, x_stop * by_x))


def _beyond(block: Box, box: Box) -> Iterator[Box]:
    """What a block has past the end of a box, along each axis in which it has any."""
    for axis in range(3):
        if box.stop[axis] < block.stop[axis]:
            start = list(block.start)
            start[axis] = box.stop[axis]
            yield Box((start[0], start[1], start[2]), block.stop)
