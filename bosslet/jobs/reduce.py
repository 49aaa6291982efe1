"""Voxels made half as many along some axes: images by the mean, labels by a vote, both exact.

A *window* is the 2 or 1 voxels along each axis that become one. At the odd end of an extent a window holds only the
voxels that exist. Repeating the last voxel there gives the same: every voxel of such a window then counts twice, which
changes neither the mean, nor how it is rounded, nor who wins a vote. So the arithmetic below knows full windows only.
"""

from __future__ import annotations

from itertools import pairwise, product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bosslet.geometry import Point

Voxels = NDArray[Any]

_WIDER = {"uint8": np.uint16, "uint16": np.uint32, "uint32": np.uint64}
"""Holds the sum of a window, and in one item two neighbours in x."""

_NETWORKS = {
    2: ((0, 1),),
    4: ((0, 1), (2, 3), (0, 2), (1, 3), (1, 2)),
    8: (
        *((0, 1), (2, 3), (4, 5), (6, 7), (0, 2), (1, 3), (4, 6), (5, 7), (1, 2), (5, 6)),
        *((0, 4), (1, 5), (2, 6), (3, 7), (2, 4), (3, 5), (1, 2), (3, 4), (5, 6)),
    ),
}
"""By the number of voxels in a window: what to compare and swap, one after the other, to have them in order."""


def reduced(voxels: Voxels, factors: Point, *, labels: bool) -> Voxels:
    """The voxels (z, y, x) with each axis divided by its factor, 1 or 2, and rounded up.

    Images: the mean, rounded half up; exact for every unsigned type. Labels: the most frequent one, 0 being a label
    like any other; of several that are equally frequent the smallest that is not 0.
    """
    whole = _with_full_windows(voxels, factors)
    z, y, x = (side // by for side, by in zip(whole.shape, factors, strict=True))
    result = np.empty((z, y, x), voxels.dtype)
    reduce_planes = _most_frequent if labels else _mean
    by_z = factors[0]
    for plane in range(z):  # one at a time: what is computed in between stays in the processor's cache
        result[plane] = reduce_planes(whole[plane * by_z : (plane + 1) * by_z], factors)
    return result


def _with_full_windows(voxels: Voxels, factors: Point) -> Voxels:
    missing = [(0, -side % by) for side, by in zip(voxels.shape, factors, strict=True)]
    return np.pad(voxels, missing, mode="edge") if any(more for _, more in missing) else np.ascontiguousarray(voxels)


def _mean(planes: Voxels, factors: Point) -> Voxels:
    if planes.dtype.kind == "f":
        return np.mean(_windows(planes, factors), axis=0, dtype=np.float64).astype(planes.dtype)
    count = prod(factors)
    shift = count.bit_length() - 1  # a window holds 1, 2, 4 or 8 voxels
    if planes.dtype.name in _WIDER:
        return ((_sum(planes, factors) + (count >> 1)) >> shift).astype(planes.dtype)
    # Eight times the largest number does not fit: divide first, and carry what the divisions leave over.
    parts = np.array(_windows(planes, factors))
    rest = (parts & (count - 1)).sum(axis=0, dtype=planes.dtype)
    result: Voxels = (parts >> shift).sum(axis=0, dtype=planes.dtype) + ((rest + (count >> 1)) >> shift)
    return result


def _sum(planes: Voxels, factors: Point) -> Voxels:
    """Of each window, in a wider type."""
    by_z, by_y, by_x = factors
    wider = _WIDER[planes.dtype.name]
    if by_x == 2:
        # Neighbours taken as one wide number and split again: several times as fast as every second of them.
        pairs = planes.view(wider)
        bits = planes.dtype.itemsize * 8
        sums = (pairs & ((1 << bits) - 1)) + (pairs >> bits)
    else:
        sums = planes.astype(wider)
    if by_y == 2:
        sums = sums[:, ::2] + sums[:, 1::2]
    result: Voxels = sums[0] + sums[1] if by_z == 2 else sums[0]
    return result


def _most_frequent(planes: Voxels, factors: Point) -> Voxels:
    first, *others = _windows(planes, factors)
    result = first.copy()
    mixed = np.zeros(first.shape, np.bool_)
    for other in others:
        mixed |= first != other
    if mixed.any():  # inside of an object there is nothing to count
        result[mixed] = _vote(np.array([first[mixed], *(other[mixed] for other in others)]))
    return result


def _vote(labels: Voxels) -> Voxels:
    """The winner of each column."""
    for low, high in _NETWORKS[len(labels)]:
        smaller = np.minimum(labels[low], labels[high])
        np.maximum(labels[low], labels[high], out=labels[high])
        labels[low] = smaller
    winner: Voxels = labels[0]
    votes = np.ones(winner.shape, np.uint8)
    run: Voxels = votes
    for before, label in pairwise(labels):
        run = np.where(label == before, run + 1, 1).astype(np.uint8)
        # In ascending order the first to reach a number of votes is the smallest; but 0 gives way to the next.
        better = (run > votes) | ((run == votes) & (winner == 0))
        winner = np.where(better, label, winner)
        votes = np.where(better, run, votes)
    return winner


def _windows(planes: Voxels, factors: Point) -> list[Voxels]:
    """The planes of one target plane, taken apart: the n-th voxel of every window, for each n."""
    by_z, by_y, by_x = factors
    return [planes[z, y::by_y, x::by_x] for z, y, x in product(range(by_z), range(by_y), range(by_x))]
