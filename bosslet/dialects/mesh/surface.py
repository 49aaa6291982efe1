"""The surface of a label: marching cubes in pieces, so that the volume is never in memory as a whole.

A cell of marching cubes lies between eight voxels. Space is cut into pieces of cells, each of which is looked at once;
what neighbouring pieces have in common are the corners of triangles on their border, which are then made one. All of
them are at half voxels, so that this is exact.

Positions are voxels of the level in the order x, y, z, with the middle of the first voxel at 0.5.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import zmesh
from numpy.typing import NDArray

from bosslet.errors import TooLarge
from bosslet.geometry import Box, Grid, Point
from bosslet.volume.volume import Volume

PIECE: Point = (64, 128, 256)
"""Cells that are looked at together: 16 MiB of the widest labels."""
MOST_TRIANGLES = 2**21
"""Before the surface is simplified."""
KEPT = 8
"""One of so many triangles is left: flat and gently bent parts need few."""
FEW = 1000
"""Triangles that are not worth simplifying."""
WORKING_BYTES = 2**29
"""The memory that this takes for ``MOST_TRIANGLES``."""
_BITS = 21
"""For each axis, of a corner's place in one number."""


@dataclass(frozen=True, slots=True)
class Surface:
    """Triangles."""

    vertices: NDArray[np.float32]
    """(n, 3), x, y, z."""
    faces: NDArray[np.uint32]
    """(m, 3); counterclockwise as seen from outside."""

    @property
    def nbytes(self) -> int:
        """Of both."""
        return self.vertices.nbytes + self.faces.nbytes

    def scaled(self, voxel_size: Iterable[float]) -> Surface:
        """In a unit of length; the size of a voxel is given as x, y, z."""
        return Surface(self.vertices * np.array(list(voxel_size), np.float32), self.faces)


def surface(volume: Volume, time: int, label: int, boxes: Iterable[Box]) -> Surface:
    """The surface around all voxels of a label in these boxes, closed also where the volume ends.

    Raises:
        TooLarge: it has too many triangles, or reaches too far.
    """
    corners: list[NDArray[np.int64]] = []
    faces: list[NDArray[np.uint32]] = []
    count = triangles = 0
    for cells in pieces(boxes):
        found, their_faces = _triangulated(_inside(volume, time, label, cells), cells)
        triangles += len(their_faces)
        if triangles > MOST_TRIANGLES:
            raise TooLarge(f"label {label} has a surface of more than {MOST_TRIANGLES} triangles")
        corners.append(found)
        faces.append(their_faces + np.uint32(count))
        count += len(found)
    return _simplified(_joined(corners, faces, label))


def pieces(boxes: Iterable[Box]) -> list[Box]:
    """Boxes of cells that together hold every cell of which a corner is in one of the boxes, none of them twice.

    Cell (z, y, x) lies between voxel (z - 1, y - 1, x - 1) and voxel (z, y, x).
    """
    needed: dict[Point, Box] = {}
    for box in boxes:
        z, y, x = (stop + 1 for stop in box.stop)
        for part in Grid(PIECE).parts(Box(box.start, (z, y, x))):
            needed[part.index] = _around(needed.get(part.index, part.box), part.box)
    return list(needed.values())


def _around(one: Box, other: Box) -> Box:
    z, y, x = map(min, one.start, other.start)
    z_stop, y_stop, x_stop = map(max, one.stop, other.stop)
    return Box((z, y, x), (z_stop, y_stop, x_stop))


def _inside(volume: Volume, time: int, label: int, cells: Box) -> NDArray[np.uint8]:
    """For each voxel that is a corner of one of the cells, whether it has the label; there is none before 0."""
    z, y, x = (max(0, start - 1) for start in cells.start)
    voxels = volume.read(range(time, time + 1), Box((z, y, x), cells.stop))[0]
    before = [(1 if start == 0 else 0, 0) for start in cells.start]
    return np.pad((voxels == label).astype(np.uint8), before)


def _triangulated(inside: NDArray[np.uint8], cells: Box) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Corners in half voxels (x, y, z), and triangles of them."""
    if not inside.any():
        return np.empty((0, 3), np.int64), np.empty((0, 3), np.uint32)
    mesher = zmesh.Mesher((1, 1, 1))
    mesher.mesh(inside.T)  # zmesh has x first, and wants it to run fastest
    mesh = mesher.get(1, normals=False, reduction_factor=0)
    first = np.array([start - 1 for start in reversed(cells.start)], np.int64)
    # Half a voxel more, since zmesh has the middle of the first voxel at 0.
    halves = np.rint(2 * mesh.vertices).astype(np.int64) + 2 * first + 1
    return halves, mesh.faces.astype(np.uint32, copy=False)


def _joined(corners: list[NDArray[np.int64]], faces: list[NDArray[np.uint32]], label: int) -> Surface:
    """Every corner once."""
    halves = np.concatenate(corners) if corners else np.empty((0, 3), np.int64)
    if not len(halves):
        return Surface(np.empty((0, 3), np.float32), np.empty((0, 3), np.uint32))
    low = halves.min(axis=0)
    if int((halves.max(axis=0) - low).max()) >= 2**_BITS:
        raise TooLarge(f"label {label} reaches over more than {2 ** (_BITS - 1)} voxels")
    keys = ((halves - low) << np.array([2 * _BITS, _BITS, 0])).sum(axis=1)
    different, numbers = np.unique(keys, return_inverse=True)
    places = (different[:, None] >> np.array([2 * _BITS, _BITS, 0])) & (2**_BITS - 1)
    vertices = ((places + low) / 2).astype(np.float32)
    return Surface(vertices, numbers.astype(np.uint32)[np.concatenate(faces)])


def _simplified(whole: Surface) -> Surface:
    if len(whole.faces) <= FEW:
        return whole
    # Around 0, where 32 bits resolve most.
    middle = np.rint(whole.vertices.mean(axis=0))
    mesh = zmesh.Mesh(whole.vertices - middle, whole.faces, None)
    less: Any = zmesh.simplify_fqmr(mesh, max(FEW, len(whole.faces) // KEPT))
    return Surface((less.vertices + middle).astype(np.float32), less.faces.astype(np.uint32))
