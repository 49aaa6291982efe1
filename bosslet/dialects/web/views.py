"""What a page shows of a channel: which slices there are, and where their pictures come from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bosslet.catalog.records import Channel

WIDEST_PICTURE = 2048
"""A slice that is wider or higher than this is shown from its middle."""
THUMBNAIL = 192


@dataclass(frozen=True, slots=True)
class Slices:
    """The slices of a channel in the plane of y and x."""

    channel: Channel

    @property
    def empty(self) -> bool:
        """Whether its frame has no voxel that a URL can name."""
        return any(stop <= max(0, start) for start, stop in self._sides)

    @property
    def first(self) -> int:
        """The first slice."""
        return max(0, self._sides[0][0])

    @property
    def last(self) -> int:
        """The last slice, itself one."""
        return self._sides[0][1] - 1

    @property
    def middle(self) -> int:
        """The slice that is shown first."""
        return (self.first + self.last + 1) // 2

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of the frame, (z, y, x)."""
        z, y, x = (max(0, stop - start) for start, stop in self._sides)
        return z, y, x

    @property
    def megabytes(self) -> float:
        """Of all voxels, before compression."""
        z, y, x = self.shape
        samples = max(1, self.channel.experiment.num_time_samples)
        return z * y * x * samples * np.dtype(self.channel.datatype).itemsize / 1e6

    @property
    def picture(self) -> str:
        """The URL of a slice but for its number, which comes at the end."""
        return self._url(WIDEST_PICTURE)

    @property
    def thumbnail(self) -> str:
        """The URL of a piece out of the middle."""
        return f"{self._url(THUMBNAIL)}{self.middle}"

    @property
    def path(self) -> str:
        """Collection, experiment and channel."""
        return str(self.channel)

    @property
    def _sides(self) -> list[tuple[int, int]]:
        frame = self.channel.experiment.frame
        return list(zip(frame.start, frame.stop, strict=True))

    def _url(self, widest: int) -> str:
        _, (y0, y1), (x0, x1) = (_middle(max(0, start), stop, widest) for start, stop in self._sides)
        return f"/v1/image/{self.channel}/xy/{self.channel.base_resolution}/{x0}:{x1}/{y0}:{y1}/"


def _middle(start: int, stop: int, length: int) -> tuple[int, int]:
    """At most ``length`` of a range, out of its middle."""
    skip = max(0, stop - start - length) // 2
    return start + skip, min(stop, start + skip + length)
