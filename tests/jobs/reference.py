"""Downsampling as the documentation words it, voxel by voxel in plain Python: slow, and nothing shared with bosslet."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

Voxels = NDArray[Any]


def reduced(voxels: Voxels, factors: tuple[int, int, int], *, labels: bool) -> Voxels:
    """What one step makes of an array (z, y, x)."""
    shape = [-(-side // by) for side, by in zip(voxels.shape, factors, strict=True)]
    result = np.zeros(shape, voxels.dtype)
    for target in product(*map(range, shape)):
        ranges = (
            range(i * by, min((i + 1) * by, side)) for i, by, side in zip(target, factors, voxels.shape, strict=True)
        )
        window = [int(voxels[source]) for source in product(*ranges)]
        result[target] = vote(window) if labels else mean(window)
    return result


def mean(window: list[int]) -> int:
    """Rounded half up, in integers of any size."""
    return (2 * sum(window) + len(window)) // (2 * len(window))


def vote(window: list[int]) -> int:
    """The most frequent; of equals the smallest that is not 0."""
    counts = Counter(window)
    most = max(counts.values())
    return min((label for label, count in counts.items() if count == most and label), default=0)
