"""A piece of tissue out of a seed: cells with membranes and organelles, as an electron microscope would show them.

Everything is worked out at half the side lengths and doubled when it is asked for: an eighth of the work, and the
membranes come out as soft as in a real micrograph. All coordinates in this module are (z, y, x) of that half grid,
except in ``Tissue``, which speaks of the full one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bosslet.geometry import Box, Grid, Point

Floats = NDArray[np.float32]
SEED_SPACING = 19.0
"""The mean distance between two seeds; every voxel belongs to the nearest seed, and a cell owns a few seeds."""
SEEDS_A_CELL = 4
"""On average; fewer where a walk ends early."""
TILE = (8, 16, 16)
"""What is worked out at once: small enough that few seeds are near, large enough that NumPy's calls cost little."""
NOISE = np.int16(4)
"""Grey levels a random bit is worth."""
REACH = 10.0
"""How much further away than the nearest seed the neighbour across a membrane may be."""


@dataclass(frozen=True, slots=True)
class Tissue:
    """Voxels by box, in full resolution; the same seed and shape always give the same ones."""

    shape: Point
    ids: NDArray[np.uint64]
    half_cells: NDArray[np.uint16]
    half_image: NDArray[np.uint8]
    seed: int

    def cells(self, box: Box) -> NDArray[np.uint64]:
        """The id of the cell that each voxel lies in; never 0."""
        half = self.half_cells[box.halved((2, 2, 2)).slices]
        for axis in range(3):
            half = half.repeat(2, axis)
        return self.ids[half[_within_doubled(box)]]

    def image(self, box: Box) -> NDArray[np.uint8]:
        """The micrograph, with noise that depends on the box that is asked for; never 0."""
        image = self.half_image[box.halved((2, 2, 2)).slices].astype(np.int16)
        for axis in range(3):
            image = _doubled(image, axis)
        image = image[_within_doubled(box)]
        image += _noise(np.random.default_rng((self.seed, *box.start, *box.stop)), box.shape)
        return image.clip(1, 255).astype(np.uint8)


def grow(shape: Point, seed: int) -> Tissue:
    """Tissue of a shape with even sides."""
    generator = np.random.default_rng(seed)
    z, y, x = (side // 2 for side in shape)
    half = (z, y, x)
    seeds = _scatter(generator, half)
    owners = _grouped(generator, seeds)
    cells, gap = _partition(seeds, owners, _warped(generator, half), half)
    ids = np.cumsum(generator.integers(10**6, 10**8, owners.max() + 1)).astype(np.uint64)
    return Tissue(shape, ids, cells, _painted(generator, cells, gap), seed)


def _scatter(generator: np.random.Generator, half: Point) -> Floats:
    count = max(1, int(prod(half) / SEED_SPACING**3))
    return generator.random((count, 3), np.float32) * np.array(half, np.float32)


def _grouped(generator: np.random.Generator, seeds: Floats) -> NDArray[np.uint16]:
    """Which cell each seed belongs to: walks from seed to near seed, so that cells wind as neurites do."""
    owners = np.full(len(seeds), -1)
    for cell, first in enumerate(generator.permutation(len(seeds))):
        if owners[first] < 0:
            _walk(generator, seeds, owners, first, cell)
    return np.unique(owners, return_inverse=True)[1].astype(np.uint16)


def _walk(generator: np.random.Generator, seeds: Floats, owners: NDArray[Any], first: int, cell: int) -> None:
    here, ahead = first, np.zeros(3, np.float32)
    for _ in range(generator.geometric(1 / SEEDS_A_CELL)):
        owners[here] = cell
        away = np.linalg.norm(seeds - (seeds[here] + ahead / 2), axis=1)
        away[owners >= 0] = np.inf
        there = int(away.argmin())
        if away[there] > 2 * SEED_SPACING:
            return
        here, ahead = there, seeds[there] - seeds[here]


def _field(generator: np.random.Generator, half: Point, spacing: int) -> Floats:
    """A random field of mean 0 that changes smoothly over ``spacing`` voxels."""
    field = generator.standard_normal([side // spacing + 2 for side in half], np.float32)
    for axis, side in enumerate(half):
        place = np.arange(side, dtype=np.float32) / spacing
        index, part = place.astype(int), place % 1
        weights = np.zeros((side, field.shape[axis]), np.float32)
        part = part * part * (3 - 2 * part)
        weights[np.arange(side), index] = 1 - part
        weights[np.arange(side), index + 1] = part
        field = np.moveaxis(np.tensordot(weights, field, (1, axis)), 0, axis)
    return field


def _warped(generator: np.random.Generator, half: Point) -> Floats:
    """Where each voxel is taken to be, so that membranes bend: an array of shape (3, z, y, x)."""
    places = np.empty((3, *half), np.float32)
    for axis, line in enumerate(np.ogrid[tuple(slice(side) for side in half)]):
        places[axis] = line + 4 * _field(generator, half, 24) + 1.2 * _field(generator, half, 8)
    return places


def _partition(
    seeds: Floats, owners: NDArray[np.uint16], places: Floats, half: Point
) -> tuple[NDArray[np.uint16], Floats]:
    """For each voxel its cell, and how far it is to the membrane."""
    cells, gap = np.empty(half, np.uint16), np.empty(half, np.float32)
    for tile in _tiles(half):
        here = places[:, *tile.slices].reshape(3, -1)
        near = _near(seeds, here)
        cell, distance = _nearest_two(seeds[near], owners[near], here)
        cells[tile.slices], gap[tile.slices] = cell.reshape(tile.shape), distance.reshape(tile.shape)
    return cells, gap


def _tiles(half: Point) -> Iterator[Box]:
    return (part.box for part in Grid(TILE).parts(Box.of(half)))


def _near(seeds: Floats, places: Floats) -> NDArray[Any]:
    """The seeds that can be nearest or next to nearest to any of the places."""
    low, high = places.min(1), places.max(1)
    away = np.linalg.norm(np.maximum(0, np.maximum(low - seeds, seeds - high)), axis=1)
    farthest = np.linalg.norm(np.maximum(np.abs(low - seeds), np.abs(high - seeds)), axis=1)
    return np.flatnonzero(away <= farthest.min() + REACH)


def _nearest_two(seeds: Floats, owners: NDArray[np.uint16], places: Floats) -> tuple[NDArray[np.uint16], Floats]:
    """The owner of the nearest seed, and the distance to the plane between it and the nearest seed of another."""
    score = places.T @ seeds.T - (seeds**2).sum(1) / 2
    row = np.arange(len(score))
    first = score.argmax(1)  # along the rows, which is six times as fast as down the columns
    best = score[row, first]
    np.putmask(score, owners == owners[first][:, None], -np.inf)
    second = score.argmax(1)
    between = np.linalg.norm(seeds[first] - seeds[second], axis=1)
    return owners[first], (best - score[row, second]) / np.maximum(between, 1)


def _painted(generator: np.random.Generator, cells: NDArray[np.uint16], gap: Floats) -> NDArray[np.uint8]:
    """Bright cytoplasm of a shade of each cell, mottled; mitochondria and vesicles; dark membranes over all."""
    shade = generator.normal(0, 9, cells.max() + 1).astype(np.float32)
    image: Floats = 168 + shade[cells] + 5 * _field(generator, cells.shape, 20) + 7 * _field(generator, cells.shape, 3)
    _add_vesicles(generator, image, cells, gap)
    _add_mitochondria(generator, image, cells, gap)
    membrane = np.exp(-((gap / 0.85) ** 2))
    image += membrane * (62 - image)
    return image.clip(1, 255).astype(np.uint8)


def _add_vesicles(generator: np.random.Generator, image: Floats, cells: NDArray[np.uint16], gap: Floats) -> None:
    """Small dark rings, crowded in one cell of six."""
    crowded = generator.random(cells.max() + 1) < 1 / 6
    inside = np.argwhere(crowded[cells[::2, ::2, ::2]] & (gap[::2, ::2, ::2] > 3)) * 2
    for center in generator.permutation(inside)[: len(inside) // 12]:
        spot = tuple(slice(c, c + 2) for c in center)
        image[spot] -= 45


def _add_mitochondria(generator: np.random.Generator, image: Floats, cells: NDArray[np.uint16], gap: Floats) -> None:
    """Dark ellipsoids with a darker rim and lamellae, each in one cell."""
    candidates = np.argwhere(gap[::3, ::3, ::3] > 7) * 3
    for center in generator.permutation(candidates)[: max(1, image.size // 60_000)]:
        _add_mitochondrion(generator, image, cells, gap, center)


def _add_mitochondrion(
    generator: np.random.Generator, image: Floats, cells: NDArray[np.uint16], gap: Floats, center: NDArray[Any]
) -> None:
    axes = np.linalg.qr(generator.normal(size=(3, 3)))[0].astype(np.float32)
    radii = generator.uniform((4, 5, 9), (6, 7, 18)).astype(np.float32)
    low = np.maximum(0, center - 18)
    region = tuple(slice(first, last) for first, last in zip(low, center + 19, strict=True))
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in image[region].shape), indexing="ij"), -1) + (low - center)
    along = grid.astype(np.float32) @ axes
    depth = 1 - np.linalg.norm(along / radii, axis=-1)
    inside = (depth > 0) & (gap[region] > 1.2) & (cells[region] == cells[tuple(center)])
    lamellae = 10 * np.sin(along[..., 2] * 1.6 + along[..., 0] * 0.5)
    body = np.where(depth < 0.18, 78, 104 + lamellae)
    image[region] = np.where(inside, body, image[region])


def _doubled(image: NDArray[np.int16], axis: int) -> NDArray[np.int16]:
    """Twice as many samples along an axis: every other one is the mean of its neighbours."""
    doubled = image.repeat(2, axis)
    along = np.moveaxis(doubled, axis, 0)
    along[1:-1:2] = (along[1:-1:2] + along[2::2]) >> 1
    return doubled


def _noise(generator: np.random.Generator, shape: Point) -> NDArray[np.int16]:
    """Normal as far as one sees: how many of 32 random bits are set, less the mean."""
    bits = np.frombuffer(generator.bytes(4 * prod(shape)), np.uint32).reshape(shape)
    return NOISE * (np.bitwise_count(bits).astype(np.int16) - 16)


def _within_doubled(box: Box) -> tuple[slice, slice, slice]:
    z, y, x = (slice(start % 2, start % 2 + side) for start, side in zip(box.start, box.shape, strict=True))
    return z, y, x
