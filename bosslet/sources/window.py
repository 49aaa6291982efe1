"""A part of a source, in a place that somebody else chose, and black where the source does not reach."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bosslet.geometry import Box, Point
from bosslet.sources.source import About, Source, Voxels


@dataclass(frozen=True, slots=True)
class Window:
    """A box over a source."""

    about: About
    source: Source
    first_time: int
    first: Point
    """Which voxel of the source is the first one here; may lie before the source begins."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Those of the source."""
        return self.source.files

    def read(self, time: int, box: Box) -> Voxels:
        """The voxels of a box."""
        z, y, x = (-side for side in self.first)
        there = box.relative_to((z, y, x))
        samples, depth, height, width = self.source.about.shape
        found = there.intersection(Box.of((depth, height, width)))
        voxels = np.zeros(box.shape, self.about.dtype)
        if found.size and time + self.first_time < samples:
            voxels[found.relative_to(there.start).slices] = self.source.read(time + self.first_time, found)
        return voxels


def window(source: Source, times: range, box: Box, shift: Point = (0, 0, 0)) -> Window:
    """The source at the times and in the box that a job names; its voxel ``box.start + shift`` is the first one."""
    z, y, x = (start + by for start, by in zip(box.start, shift, strict=True))
    about = replace(source.about, shape=(len(times), *box.shape), origin=box.start)
    return Window(about, source, times.start, (z, y, x))
