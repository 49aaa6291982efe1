"""Thumbnails: the middle slice, small, from one resolution only.

Of a large volume without coarser resolutions it is a piece of that slice. What is wider than 8 bits is stretched so
that something can be seen; for what the values are, there is the viewer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flask import Response
from numpy.typing import NDArray
from PIL import Image

from bosslet.catalog.records import Channel
from bosslet.codecs import picture
from bosslet.datastore import Datastore
from bosslet.dialects.content import file_like
from bosslet.dialects.http import Limits
from bosslet.dialects.openings import readable_channel
from bosslet.dialects.web.views import Slices, box_at, shown_resolutions
from bosslet.errors import NotFound
from bosslet.geometry import Box

SIDE = 256
"""Pixels that a thumbnail is wide or high, at the most."""
READ_SIDE = 2 * SIDE
"""Voxels that are read for it, a side, at the most."""
COPIES = 6
MOST_STRETCH = 2.0**20
"""How much wider than high, or higher than wide, a voxel may look."""
CUT_OFF = 0.5
"""Per cent of voxels that may be darker than black, and brighter than white."""


class Thumbnails:
    """Small pictures of channels."""

    def __init__(self, datastore: Datastore, limits: Limits) -> None:
        self.datastore = datastore
        self.limits = limits

    def get(self, collection: str, experiment: str, channel: str) -> Response:
        """A PNG."""
        record = readable_channel(self.datastore, (collection, experiment, channel))
        if Slices(record).empty:
            raise NotFound(f"a slice of {record}: its frame is empty")
        resolution = _resolution(record)
        box = _middle_of_slice(box_at(record, resolution))
        with self.limits.budget.hold(COPIES * box.size * np.dtype(record.datatype).itemsize):
            level, time = self.datastore.image(record).level(resolution), record.default_time_sample
            plane = level.read(range(time, time + 1), box)[0, 0]
            _, high, wide = record.experiment.pyramid.voxel_size(resolution)
            body = picture.png(
                _shrunk(_visible(plane, record), wide, high, record.annotation), labels=record.annotation
            )
        return file_like(body, "image/png", compress=False)


def _resolution(channel: Channel) -> int:
    """The coarsest that still has enough voxels, or else the finest."""
    levels = shown_resolutions(channel)
    enough = [level for level in levels if max(box_at(channel, level).shape[1:]) >= SIDE]
    return enough[-1] if enough else levels[0]


def _middle_of_slice(box: Box) -> Box:
    z = (box.start[0] + box.stop[0]) // 2
    (y, y_stop), (x, x_stop) = (
        (middle, middle + min(READ_SIDE, stop - start))
        for start, stop in zip(box.start[1:], box.stop[1:], strict=True)
        for middle in [start + max(0, stop - start - READ_SIDE) // 2]
    )
    return Box((z, y, x), (z + 1, y_stop, x_stop))


def _visible(plane: NDArray[Any], channel: Channel) -> NDArray[Any]:
    """Images in 8 bits."""
    if channel.annotation or plane.dtype.itemsize == 1:
        return plane
    seen = plane[plane != 0]
    if not seen.size:
        return plane.astype(np.uint8)
    low, high = np.percentile(seen, [CUT_OFF, 100 - CUT_OFF])
    gray: NDArray[np.uint8] = (np.clip((plane - low) / max(1.0, high - low), 0, 1) * 255).astype(np.uint8)
    return gray


def _shrunk(plane: NDArray[Any], wide: float, high: float, labels: bool) -> NDArray[Any]:
    """In the proportions of voxels that are so wide and high; labels are not mixed."""
    rows, columns = plane.shape
    # More than that is a pixel in any case, and what overflows is no picture.
    stretch = min(max(wide / high, 1 / MOST_STRETCH), MOST_STRETCH) if min(wide, high) > 0 else 1.0
    factor = SIDE / max(rows, columns * stretch)
    size = max(1, round(rows * factor)), max(1, round(columns * stretch * factor))
    if not labels:
        return np.array(Image.fromarray(plane).resize(size[::-1], Image.Resampling.BOX))
    places = [np.arange(after) * before // after for after, before in zip(size, plane.shape, strict=True)]
    chosen: NDArray[Any] = plane[np.ix_(*places)]
    return chosen
