"""The demo volume: the same tissue each time, in the store as it was grown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bosslet import demo
from bosslet.datastore import Datastore
from bosslet.demo.tissue import Tissue, grow
from bosslet.errors import NameTaken
from bosslet.geometry import Box

SHAPE = (96, 120, 144)
ODD = Box((3, 10, 5), (70, 111, 142))


@pytest.fixture(scope="module")
def tissue() -> Tissue:
    return grow(SHAPE, seed=3)


@pytest.fixture
def datastore(tmp_path: Path) -> Iterator[Datastore]:
    opened = Datastore.open(tmp_path, block_shape=(32, 32, 64), chunk_shape=(16, 32, 32))
    opened.prepare()
    yield opened
    opened.close()


def test_a_seed_always_grows_the_same_tissue(tissue: Tissue) -> None:
    again, other = grow(SHAPE, seed=3), grow(SHAPE, seed=4)
    assert np.array_equal(tissue.image(ODD), again.image(ODD))
    assert np.array_equal(tissue.cells(ODD), again.cells(ODD))
    assert not np.array_equal(tissue.half_cells, other.half_cells)


def test_a_box_is_a_piece_of_the_whole(tissue: Tissue) -> None:
    whole = tissue.cells(Box.of(SHAPE))
    assert whole.shape == SHAPE
    assert np.array_equal(tissue.cells(ODD), whole[ODD.slices])
    assert tissue.image(ODD).shape == ODD.shape


def test_every_voxel_is_of_a_cell_with_an_id_of_its_own(tissue: Tissue) -> None:
    cells = tissue.cells(Box.of(SHAPE))
    assert cells.dtype == np.uint64
    assert cells.all()
    assert np.diff(tissue.ids).min() > 1
    assert len(np.unique(cells)) > 5


def test_membranes_are_dark_and_cells_are_not(tissue: Tissue) -> None:
    image, cells = tissue.image(Box.of(SHAPE)), tissue.cells(Box.of(SHAPE))
    assert image.dtype == np.uint8
    assert image.all()
    border = np.zeros(SHAPE, bool)
    for axis in range(3):
        border |= np.roll(cells, 1, axis) != cells
        border |= np.roll(cells, -1, axis) != cells
    assert image[border].mean() < image[~border].mean() - 30
    assert image[~border].std() > 8


def test_the_store_holds_what_was_grown(datastore: Datastore) -> None:
    demo.make(datastore, SHAPE, seed=3)
    channels = {name: datastore.catalog.resources.channel("demo", "tissue", name) for name in ("em", "cells")}
    assert all(channel.public and channel.experiment.collection.public for channel in channels.values())
    assert (channels["em"].datatype, channels["em"].annotation) == ("uint8", False)
    assert (channels["cells"].datatype, channels["cells"].annotation) == ("uint64", True)
    everything = Box.of(SHAPE)
    stored = {name: datastore.volume("demo", "tissue", name).read(range(1), everything)[0] for name in channels}
    tissue = grow(SHAPE, seed=3)
    assert np.array_equal(stored["cells"], tissue.cells(everything))
    first = Box.of((32, 32, 64))
    assert np.array_equal(stored["em"][first.slices], tissue.image(first))
    assert stored["em"].all()


def test_a_second_demo_is_refused_and_the_first_stays(datastore: Datastore) -> None:
    demo.make(datastore, SHAPE, seed=3)
    before = datastore.volume("demo", "tissue", "em").read(range(1), Box.of(SHAPE))
    with pytest.raises(NameTaken):
        demo.make(datastore, SHAPE, seed=4)
    assert np.array_equal(datastore.volume("demo", "tissue", "em").read(range(1), Box.of(SHAPE)), before)


def test_the_real_one_has_three_different_long_sides() -> None:
    assert len(set(demo.SHAPE)) == 3
    assert min(demo.SHAPE) >= 300
    assert all(side % 2 == 0 for side in demo.SHAPE)
