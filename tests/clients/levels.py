"""What downsampling makes of a volume too large for ``tests.jobs.reference``, with NumPy and nothing of bosslet."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

Voxels = NDArray[Any]
Factors = tuple[int, int, int]


def windows(voxels: Voxels, factors: Factors) -> tuple[Voxels, Voxels]:
    """All that goes into a voxel, along a last axis; and which of it exists."""
    pad = [(0, -side % by) for side, by in zip(voxels.shape, factors, strict=True)]
    both = []
    for array in (voxels, np.ones(voxels.shape, bool)):
        padded = np.pad(array, pad)
        places = product(*(range(by) for by in factors))
        both.append(np.stack([padded[z :: factors[0], y :: factors[1], x :: factors[2]] for z, y, x in places], -1))
    return both[0], both[1]


def mean(voxels: Voxels, factors: Factors) -> Voxels:
    """Of what exists, half rounded up."""
    found, exists = windows(voxels, factors)
    count = exists.sum(-1)
    result: Voxels = ((2 * found.astype(np.uint64).sum(-1) + count) // (2 * count)).astype(voxels.dtype)
    return result


def vote(voxels: Voxels, factors: Factors) -> Voxels:
    """The most frequent of what exists; of equals the smallest that is not 0."""
    found, exists = windows(voxels, factors)
    counts = np.zeros(found.shape, int)
    for other in range(found.shape[-1]):
        counts += (found == found[..., other : other + 1]) & exists[..., other : other + 1]
    counts[~exists] = 0
    candidate = (counts == counts.max(-1, keepdims=True)) & (found > 0)
    largest = np.iinfo(found.dtype).max
    winner = np.where(candidate, found, largest).min(-1)
    return np.where(candidate.any(-1), winner, 0).astype(voxels.dtype)
