"""What a page shows of a channel: which slices there are of it, and where their pictures come from.

Slices are those of the resolution at which one fits into a picture. Where no coarser one shows what is stored, only the
middle of a slice is shown. Positions are voxels of that resolution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bosslet.catalog.records import Channel, DownsampleStatus
from bosslet.geometry import Box, Point
from bosslet.volume.image import LEVELS

WIDEST_PICTURE = 1536
"""Pixels a side; of a slice that has more, the middle is shown."""
PLANES = {"xy": 0, "xz": 1, "yz": 2}
"""By its name, which of (z, y, x) a plane is cut across."""


@dataclass(frozen=True, slots=True)
class Plane:
    """All slices in one direction."""

    name: str
    across: str
    """The axis along which they follow each other."""
    first: int
    last: int
    """Itself one."""
    middle: int
    url: str
    """Of a picture, but for the number of its slice, for which it has ``{n}``."""
    ratio: float
    """How much wider than high the slices are, as they lie in space."""

    @property
    def middle_url(self) -> str:
        """The picture that is shown first."""
        return self.url.replace("{n}", str(self.middle))


@dataclass(frozen=True, slots=True)
class Slices:
    """A channel."""

    channel: Channel

    @property
    def empty(self) -> bool:
        """Whether its frame has no voxel that a URL can name."""
        frame = self.channel.experiment.frame
        return any(stop <= max(0, start) for start, stop in zip(frame.start, frame.stop, strict=True))

    @property
    def shape(self) -> Point:
        """Of the frame, (z, y, x)."""
        frame = self.channel.experiment.frame
        z, y, x = (max(0, stop - start) for start, stop in zip(frame.start, frame.stop, strict=True))
        return z, y, x

    @property
    def megabytes(self) -> float:
        """Of all voxels, before compression."""
        z, y, x = self.shape
        samples = max(1, self.channel.experiment.num_time_samples)
        return z * y * x * samples * np.dtype(self.channel.datatype).itemsize / 1e6

    @property
    def resolution(self) -> int:
        """The finest one at which the slices in all planes fit into a picture, or else the coarsest."""
        usable = shown_resolutions(self.channel)
        if self.channel.experiment.frame.start != (0, 0, 0):
            usable = usable[:1]  # bossDB's limits of a cutout are not scaled, and would not let these through
        return next((level for level in usable if max(box_at(self.channel, level).shape) <= WIDEST_PICTURE), usable[-1])

    @property
    def planes(self) -> list[Plane]:
        """In the order of ``PLANES``."""
        return [self._plane(name) for name in PLANES]

    @property
    def path(self) -> str:
        """Collection, experiment and channel."""
        return str(self.channel)

    @property
    def sides(self) -> dict[str, tuple[int, int]]:
        """Of a small box in the middle of the first resolution, by axis: for examples that do not take long."""
        box = Box.of((0, 0, 0)) if self.empty else box_at(self.channel, self.channel.base_resolution)
        sides = zip("zyx", box.start, box.stop, (1, 512, 512), strict=True)
        return {axis: _middle(start, stop, most) for axis, start, stop, most in sides}

    def _plane(self, name: str) -> Plane:
        level, normal = self.resolution, PLANES[name]
        box = box_at(self.channel, level)
        first, last = box.start[normal], box.stop[normal] - 1
        ranges = [_middle(*side, WIDEST_PICTURE) for side in zip(box.start, box.stop, strict=True)]
        pieces = ["{n}" if axis == normal else f"{start}:{stop}" for axis, (start, stop) in enumerate(ranges)]
        sizes = self.channel.experiment.pyramid.voxel_size(level)
        spans = [(stop - start) * size for (start, stop), size in zip(ranges, sizes, strict=True)]
        high, wide = (span for axis, span in enumerate(spans) if axis != normal)
        url = f"/v1/image/{self.channel}/{name}/{level}/{'/'.join(reversed(pieces))}"
        return Plane(name, "zyx"[normal], first, last, (first + last + 1) // 2, url, wide / high if high else 1.0)


def shown_resolutions(channel: Channel) -> list[int]:
    """Those that show what is stored, the finest first."""
    first = channel.base_resolution
    if channel.downsample_status is not DownsampleStatus.DOWNSAMPLED:
        return [first]
    return list(range(first, min(first + channel.experiment.num_hierarchy_levels, len(LEVELS)))) or [first]


def box_at(channel: Channel, resolution: int) -> Box:
    """What the frame covers of a resolution; the frame must not be empty."""
    frame = channel.experiment.frame
    z, y, x = (max(0, start) for start in frame.start)
    return Box((z, y, x), frame.stop).halved(channel.experiment.pyramid.scale(resolution))


def _middle(start: int, stop: int, length: int) -> tuple[int, int]:
    """At most ``length`` of a range, out of its middle."""
    skip = max(0, stop - start - length) // 2
    return start + skip, min(stop, start + skip + length)
