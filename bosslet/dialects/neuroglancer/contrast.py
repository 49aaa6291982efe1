"""From which value to which an image is worth showing, told from a look at its middle."""

from __future__ import annotations

import numpy as np

from bosslet.geometry import Box, Point
from bosslet.volume.volume import Volume

LOOKED_AT: Point = (16, 256, 256)
"""The voxels of the coarsest level that are looked at, at the most."""
WORKING_BYTES = 2**25
CUT_OFF = 0.5
"""Per cent of voxels that may be darker, and that may be brighter."""


def contrast(level: Volume, time: int, box: Box) -> tuple[int, int]:
    """Two different values of the dtype; all that it has where there is nothing to look at. Zeros do not count."""
    looked_at = _middle(box)
    voxels = level.read(range(time, time + 1), looked_at)
    seen = voxels[voxels != 0]
    if not seen.size:
        return 0, int(np.iinfo(level.dtype).max)
    low, high = (int(value) for value in np.percentile(seen, [CUT_OFF, 100 - CUT_OFF], method="nearest"))
    return (low, high) if low < high else (0, max(1, high))


def _middle(box: Box) -> Box:
    sides = [min(most, side) for most, side in zip(LOOKED_AT, box.shape, strict=True)]
    starts = [first + (side - kept) // 2 for first, side, kept in zip(box.start, box.shape, sides, strict=True)]
    z, y, x = starts
    return Box((z, y, x), (z + sides[0], y + sides[1], x + sides[2]))
