"""A store in a folder with small blocks, channels in it, and what their levels should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bosslet.catalog.records import ADMINISTRATOR, Channel
from bosslet.datastore import Datastore
from bosslet.geometry import Box
from tests.jobs import reference

MakeChannel = Callable[..., Channel]
Voxels = NDArray[Any]

STOP = (13, 29, 34)
"""Where the frame ends: odd somewhere at every level, and never a multiple of a block."""
BLOCK = (8, 12, 16)
SAMPLES = 2


@pytest.fixture
def datastore(tmp_path: Path) -> Iterator[Datastore]:
    store = Datastore.open(tmp_path / "uploads", block_shape=BLOCK, chunk_shape=(4, 6, 8))
    store.prepare()
    yield store
    store.close()


@pytest.fixture
def make_channel(datastore: Datastore) -> MakeChannel:
    """A function: an image channel, or with labels an annotation channel, in an experiment of its own."""

    def make(name: str = "em", *, dtype: str = "uint8", labels: bool = False, base: int = 0, **fields: Any) -> Channel:
        resources, user = datastore.catalog.resources, datastore.catalog.users.get(ADMINISTRATOR)
        stop = fields.pop("stop", STOP)
        frame = resources.create_frame(
            name, user, start=(3, 5, 7), stop=stop, voxel_size=(8.0, 4.0, 4.0), voxel_unit="nanometers"
        )
        settings = {"num_hierarchy_levels": 4, "num_time_samples": SAMPLES} | fields
        collection = resources.create_collection(name, user)
        experiment = resources.create_experiment(collection, "exp", user, frame=frame, **settings)
        kind = "annotation" if labels else "image"
        return datastore.create_channel(experiment, "ch", user, type=kind, datatype=dtype, base_resolution=base)

    return make


def fill(datastore: Datastore, channel: Channel, *boxes: Box, seed: int = 0) -> None:
    """Random voxels, few labels or all numbers that the type has, in these boxes of the base at every time sample."""
    random = np.random.default_rng(seed)
    largest = 4 if channel.annotation else np.iinfo(channel.datatype).max
    level = datastore.image(channel).level(channel.base_resolution)
    for box in boxes:
        shape = (SAMPLES, *box.shape)
        level.write(range(SAMPLES), box, random.integers(0, largest, shape, dtype=channel.datatype, endpoint=True))


def voxels_of(datastore: Datastore, channel: Channel, resolution: int, *, iso: bool = False) -> Voxels:
    """All voxels of a level in its extent."""
    image = datastore.image(channel)
    return image.level(resolution, iso=iso).read(range(SAMPLES), Box.of(image.pyramid.extent(resolution, iso=iso)))


def expected_levels(datastore: Datastore, channel: Channel) -> dict[tuple[int, bool], Voxels]:
    """By resolution and whether it is of the isotropic pyramid: what each level must be, told from the base alone."""
    pyramid = channel.experiment.pyramid
    base = channel.base_resolution
    levels = {(base, False): voxels_of(datastore, channel, base)}
    for resolution in range(base + 1, channel.experiment.num_hierarchy_levels):
        plain = (2, 2, 2) if pyramid.isotropic else (1, 2, 2)
        levels[resolution, False] = halved(channel, levels[resolution - 1, False], plain)
        if pyramid.has_iso(resolution):
            below = levels.get((resolution - 1, True), levels[resolution - 1, False])
            levels[resolution, True] = halved(channel, below, (2, 2, 2))
    return levels


def halved(channel: Channel, voxels: Voxels, factors: tuple[int, int, int]) -> Voxels:
    """One step, sample by sample."""
    return np.stack([reference.reduced(sample, factors, labels=channel.annotation) for sample in voxels])


def assert_levels(datastore: Datastore, channel: Channel) -> None:
    """Every level that the channel should have is there, listed, and right to the voxel."""
    for (resolution, iso), expected in expected_levels(datastore, channel).items():
        found = voxels_of(datastore, channel, resolution, iso=iso)
        np.testing.assert_array_equal(found, expected, err_msg=f"level {resolution}, iso {iso}")
