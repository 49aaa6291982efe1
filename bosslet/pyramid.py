"""The arithmetic of resolutions: how large a voxel and a volume are at each level of a pyramid.

Every step halves y and x; an *isotropic* experiment halves z as well. An *anisotropic* one (voxels thicker in z than
in y and x) leaves z alone, but has a second pyramid, asked for with ``iso``, which also halves z from the level on at
which the voxels have come closest to being cubes. The rules are those of bossDB's downsample service.
"""

from __future__ import annotations

from dataclasses import dataclass

from bosslet.geometry import Point

MAX_ISOTROPIC_LEVEL = 29
"""The last level that is considered when the isotropic one is looked for, as in bossDB."""


@dataclass(frozen=True, slots=True)
class Pyramid:
    """The levels of an experiment.

    >>> tissue = Pyramid((35.0, 4.0, 4.0), (200, 5000, 2000), isotropic=False)
    >>> tissue.isotropic_level, tissue.extent(5), tissue.voxel_size(5)
    (3, (200, 157, 63), (35.0, 128.0, 128.0))
    >>> tissue.extent(5, iso=True), tissue.voxel_size(5, iso=True)
    ((50, 157, 63), (140.0, 128.0, 128.0))
    """

    native_voxel_size: tuple[float, float, float]
    """(z, y, x) at level 0, in the unit of the coordinate frame."""
    stop: Point
    """(z, y, x) where the coordinate frame ends, at level 0."""
    isotropic: bool

    @property
    def isotropic_level(self) -> int:
        """The level whose voxels are nearest to cubes; 0 for an isotropic experiment, and for sizes without a ratio."""
        z, _, x = self.native_voxel_size
        if self.isotropic or not x:
            return 0
        return min(range(MAX_ISOTROPIC_LEVEL + 1), key=lambda level: abs(z / (x * 2**level) - 1))

    def has_iso(self, level: int) -> bool:
        """Whether ``iso`` selects other voxels than the plain pyramid at this level."""
        return not self.isotropic and level > self.isotropic_level

    def step(self, level: int, *, iso: bool = False) -> Point:
        """By how much (z, y, x) shrink from the level below to this one."""
        return (2 if self.isotropic or (iso and self.has_iso(level)) else 1, 2, 2)

    def scale(self, level: int, *, iso: bool = False) -> Point:
        """How many native voxels one voxel of this level spans in (z, y, x)."""
        plane = 2**level
        if self.isotropic:
            return plane, plane, plane
        return 2 ** max(0, level - self.isotropic_level) if iso else 1, plane, plane

    def voxel_size(self, level: int, *, iso: bool = False) -> tuple[float, float, float]:
        """(z, y, x), in the unit of the coordinate frame."""
        (z, y, x), (by_z, by_y, by_x) = self.native_voxel_size, self.scale(level, iso=iso)
        return z * by_z, y * by_y, x * by_x

    def extent(self, level: int, *, iso: bool = False) -> Point:
        """Where the level ends in (z, y, x): the frame's stop divided, rounded up.

        Halving and rounding up n times gives the same as dividing by 2^n and rounding up once.
        """
        (z, y, x), (by_z, by_y, by_x) = self.stop, self.scale(level, iso=iso)
        return -(-z // by_z), -(-y // by_y), -(-x // by_x)
