"""A volume cut into pieces that one process takes into memory at a time: whole blocks, in whole layers where they fit.

A layer is as high as a block. Sources of which whole planes are decoded should be read a layer at a time: a narrower
piece decodes every plane once more. So a layer is only cut, into rows of blocks and then into single blocks, when it is
more than a process may hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from bosslet.geometry import Box, Grid, Point


@dataclass(frozen=True, slots=True)
class Piece:
    """A box at one time sample; its sides are those of blocks, or of the volume."""

    time: int
    box: Box


def pieces(samples: int, box: Box, block: Point, most_voxels: int) -> list[Piece]:
    """A volume in pieces of at most so many voxels, or else of one block; in ascending order."""
    boxes = list(_boxes(box, block, most_voxels))
    return [Piece(time, each) for time in range(samples) for each in boxes]


def parts(piece: Piece, block: Point) -> Iterator[tuple[Point, Box]]:
    """The blocks that a piece is made of, and what it has of each."""
    return ((part.index, part.box) for part in Grid(block).parts(piece.box))


def largest(found: list[Piece]) -> int:
    """The number of voxels of the largest piece."""
    return max((piece.box.size for piece in found), default=0)


def _boxes(box: Box, block: Point, most: int) -> Iterator[Box]:
    for layer in _cut(box, 0, block[0]):
        if layer.size <= most:
            yield layer
            continue
        row = block[1] * layer.shape[0] * layer.shape[2]
        for rows in _cut(layer, 1, block[1] * max(1, most // row)):
            if rows.size <= most:
                yield rows
                continue
            column = block[2] * rows.shape[0] * rows.shape[1]
            yield from _cut(rows, 2, block[2] * max(1, most // column))


def _cut(box: Box, axis: int, step: int) -> Iterator[Box]:
    """The box cut at every multiple of a step along an axis."""
    first, last = box.start[axis], box.stop[axis]
    edges = [first, *range((first // step + 1) * step, last, step), last]
    for start, stop in pairwise(edges):
        if start < stop:
            yield Box(_with(box.start, axis, start), _with(box.stop, axis, stop))


def _with(point: Point, axis: int, value: int) -> Point:
    z, y, x = (value if i == axis else side for i, side in enumerate(point))
    return z, y, x
