"""Boxes and grids of voxels: pure arithmetic on (z, y, x), half-open and literal.

Coordinates are never clamped and never count from the end: a box says exactly what it covers. Only the dialects know
the order x, y, z.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

Point = tuple[int, int, int]
"""Three integers in the order (z, y, x)."""


@dataclass(frozen=True, slots=True)
class Box:
    """The voxels from ``start`` up to, and without, ``stop``; may be empty, never reversed.

    >>> Box((0, 0, 0), (2, 3, 4)).shape
    (2, 3, 4)
    """

    start: Point
    stop: Point

    def __post_init__(self) -> None:
        if any(first > last for first, last in zip(self.start, self.stop, strict=True)):
            raise ValueError(f"a box cannot end before it starts: {self}")

    @classmethod
    def of(cls, shape: Point) -> Box:
        """The box of a shape at the origin."""
        return cls((0, 0, 0), shape)

    @property
    def shape(self) -> Point:
        """Its side lengths."""
        return _point(stop - start for start, stop in zip(self.start, self.stop, strict=True))

    @property
    def size(self) -> int:
        """How many voxels it covers, as a Python integer that cannot overflow."""
        return prod(self.shape)

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """The NumPy index of its voxels in an array that starts at the origin.

        >>> Box((1, 2, 3), (2, 4, 6)).slices
        (slice(1, 2, None), slice(2, 4, None), slice(3, 6, None))
        """
        z, y, x = (slice(start, stop) for start, stop in zip(self.start, self.stop, strict=True))
        return z, y, x

    def __contains__(self, other: Box) -> bool:
        return all(a <= b for a, b in zip(self.start, other.start, strict=True)) and all(
            b <= a for a, b in zip(self.stop, other.stop, strict=True)
        )

    def __str__(self) -> str:
        return ",".join(f"{start}:{stop}" for start, stop in zip(self.start, self.stop, strict=True))

    def intersection(self, other: Box) -> Box:
        """The voxels in both; an empty box where there are none.

        >>> Box((0, 0, 0), (4, 4, 4)).intersection(Box((2, 3, 9), (9, 9, 9))).size
        0
        """
        start = _point(max(a, b) for a, b in zip(self.start, other.start, strict=True))
        stop = _point(max(first, min(a, b)) for first, a, b in zip(start, self.stop, other.stop, strict=True))
        return Box(start, stop)

    def relative_to(self, origin: Point) -> Box:
        """The same voxels, counted from ``origin``."""
        return Box(
            _point(value - by for value, by in zip(self.start, origin, strict=True)),
            _point(value - by for value, by in zip(self.stop, origin, strict=True)),
        )

    def halved(self, factors: Point) -> Box:
        """The smallest box one level up the pyramid that covers these voxels.

        >>> print(Box((1, 3, 5), (4, 8, 9)).halved((1, 2, 2)))
        1:4,1:4,2:5
        """
        return Box(
            _point(value // by for value, by in zip(self.start, factors, strict=True)),
            _point(-(-value // by) for value, by in zip(self.stop, factors, strict=True)),
        )


@dataclass(frozen=True, slots=True)
class Part:
    """What a box has of one block: the block's index in the grid, and the box of those voxels."""

    index: Point
    box: Box
    whole: bool
    """Whether the box covers the block entirely, so that nothing of it needs to be read before it is written."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Space cut into blocks of one shape, the first of which starts at the origin."""

    block: Point

    def box_of(self, index: Point) -> Box:
        """The voxels of a block.

        >>> print(Grid((2, 3, 4)).box_of((1, 0, 2)))
        2:4,0:3,8:12
        """
        start = _point(i * side for i, side in zip(index, self.block, strict=True))
        return Box(start, _point(i + side for i, side in zip(start, self.block, strict=True)))

    def parts(self, box: Box) -> Iterator[Part]:
        """The box, block by block in ascending order of (z, y, x); together they cover each voxel once."""
        if box.size == 0:
            return
        zs, ys, xs = (
            range(start // side, -(-stop // side))
            for start, stop, side in zip(box.start, box.stop, self.block, strict=True)
        )
        # Not itertools.product, which first makes lists of its ranges.
        for index in ((z, y, x) for z in zs for y in ys for x in xs):
            block = self.box_of(index)
            yield Part(index, block.intersection(box), block in box)

    def count(self, box: Box) -> int:
        """How many parts a box has.

        >>> Grid((2, 3, 4)).count(Box((1, 0, 4), (3, 6, 8)))
        4
        """
        if box.size == 0:
            return 0
        return prod(
            -(-stop // side) - start // side for start, stop, side in zip(box.start, box.stop, self.block, strict=True)
        )


def _point(values: Iterator[int] | tuple[int, ...]) -> Point:
    z, y, x = values
    return z, y, x
