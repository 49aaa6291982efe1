"""Arrays with any axes in any order, seen as (t, z, y, x)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bosslet.errors import UnusableFile
from bosslet.geometry import Box, Point
from bosslet.sources.source import Shape, Voxels

USUAL = {2: "yx", 3: "zyx", 4: "tzyx", 5: "tczyx"}
"""What an array of so many axes mostly is."""


@dataclass(frozen=True, slots=True)
class Axes:
    """The axes of an array on disk, a letter of ``tczyx`` for each; those without a letter here have the length 1."""

    names: str
    color: int = 0
    """The index along ``c``."""

    @classmethod
    def of(cls, what: str, shape: Sequence[int], names: str | None, color: int | None) -> Axes:
        """The axes of an array, of these names or else the usual ones; raises UnusableFile where they do not fit."""
        names = names or USUAL.get(len(shape))
        if names is None or len(names) != len(shape):
            raise UnusableFile(f"{what}: an array of {len(shape)} axes; name each of them, as in --axes zyx")
        if len(set(names)) < len(names) or set(names) - set("tczyx") or not {"y", "x"} <= set(names):
            raise UnusableFile(f"{what}: axes {names!r} should be different letters of tczyx, y and x among them")
        if not all(shape):
            raise UnusableFile(f"{what}: holds no voxels: {_by(shape)}")
        colors = shape[names.index("c")] if "c" in names else 1
        if colors > 1 and color is None:
            raise UnusableFile(f"{what}: has {colors} colours; choose one by --color 0 to {colors - 1}")
        if color is not None and not 0 <= color < colors:
            raise UnusableFile(f"{what}: has {colors} colours, and none of number {color}")
        return cls(names, color or 0)

    def shape(self, stored: Sequence[int]) -> Shape:
        """(t, z, y, x) of an array with this shape."""
        t, z, y, x = (stored[self.names.index(name)] if name in self.names else 1 for name in "tzyx")
        return t, z, y, x

    def grain(self, chunk: Sequence[int]) -> Point:
        """(z, y, x) of a chunk of the array."""
        _, z, y, x = self.shape(chunk)
        return z, y, x

    def index(self, time: int, box: Box, first: Sequence[int] | None = None) -> tuple[int | slice, ...]:
        """Where a box is in the array, whose first index along each axis is ``first``."""
        z, y, x = box.slices
        where: dict[str, int | slice] = {"t": time, "c": self.color, "z": z, "y": y, "x": x}
        return tuple(
            _shifted(where[name], by) for name, by in zip(self.names, first or [0] * len(self.names), strict=True)
        )

    def ordered(self, found: Voxels, box: Box) -> Voxels:
        """What ``index`` found, as (z, y, x)."""
        kept = [name for name in self.names if name in "zyx"]
        return found.transpose([kept.index(name) for name in "zyx" if name in kept]).reshape(box.shape)


def _shifted(index: int | slice, by: int) -> int | slice:
    return index + by if isinstance(index, int) else slice(index.start + by, index.stop + by)


def _by(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape))
