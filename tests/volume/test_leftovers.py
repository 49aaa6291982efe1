"""A file that a killed writer left beside a block, longer than what is written next, must not become its tail."""

import fcntl
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bosslet.geometry import Box
from bosslet.pyramid import Pyramid
from bosslet.volume.image import Axes, Image
from bosslet.volume.layout import Layout
from bosslet.volume.leftovers import empty_leftover
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

Fill = Callable[..., NDArray[Any]]

NOW = range(1)
BLOCK = Box.of((8, 12, 16))
PART = Box((1, 2, 3), (4, 6, 8))
PATH = "col/exp/chan/0"
ZEROS = np.zeros((1, *PART.shape), np.uint16)


@pytest.fixture
def volume(folder: Store, layout: Layout, voxels: Fill) -> Volume:
    """One block of voxels."""
    volume = Volume(folder, PATH, layout, (1, *BLOCK.shape))
    volume.write(NOW, BLOCK, voxels(BLOCK))
    return volume


def leave(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.with_name(f"{file.name}.__lock").write_bytes(b"left by one who was killed" * 5000)


CHANGES: dict[str, Callable[[Volume], None]] = {
    "write": lambda volume: volume.write(NOW, PART, ZEROS),
    "merge": lambda volume: volume.merge(NOW, PART, ZEROS + (np.indices(PART.shape).sum(0) % 2).astype(np.uint16)),
    "clear a part": lambda volume: volume.clear(NOW, PART),
    "clear a block": lambda volume: volume.clear(NOW, BLOCK),
    "write a block": lambda volume: volume.write(NOW, BLOCK, np.ones((1, *BLOCK.shape), np.uint16)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_block_is_written_as_if_nothing_had_been_left(
    volume: Volume, layout: Layout, tmp_path: Path, voxels: Fill, change: Callable[[Volume], None]
) -> None:
    reference = Volume(volume.store, "col/exp/chan/1", layout, volume.shape)
    reference.write(NOW, BLOCK, voxels(BLOCK))
    change(reference)
    leave(tmp_path / PATH / "c/0/0/0/0")
    change(volume)
    assert np.array_equal(volume.read(NOW, BLOCK), reference.read(NOW, BLOCK))
    assert not list(tmp_path.rglob("*.__lock"))


def test_an_array_is_made_and_grows_as_if_nothing_had_been_left(
    folder: Store, layout: Layout, voxels: Fill, tmp_path: Path
) -> None:
    volume = Volume(folder, PATH, layout, (1, *BLOCK.shape))
    for time in range(2):
        leave(tmp_path / PATH / "zarr.json")
        volume.write(range(time, time + 1), BLOCK, voxels(BLOCK))
    again = Volume(Store.in_folder(tmp_path), PATH, layout, volume.shape)
    assert np.array_equal(again.read(range(2), BLOCK), np.concatenate([voxels(BLOCK)] * 2))


def test_an_image_is_described_as_if_nothing_had_been_left(folder: Store, layout: Layout, tmp_path: Path) -> None:
    image = Image(
        folder, "col/exp/chan", layout, Pyramid((4.0, 4.0, 4.0), (8, 9, 7), isotropic=True), Axes("nanometer")
    )
    image.create_level(0)
    expected = folder.document("col/exp/chan/zarr.json")
    leave(tmp_path / "col/exp/chan/zarr.json")
    image.describe()
    assert folder.document("col/exp/chan/zarr.json") == expected


def test_what_a_living_writer_has_beside_a_file_is_left_to_it(tmp_path: Path) -> None:
    leave(tmp_path / "0")
    beside = tmp_path / "0.__lock"
    descriptor = os.open(beside, os.O_WRONLY)
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        before = beside.read_bytes()
        empty_leftover(tmp_path / "0")
        assert beside.read_bytes() == before
    finally:
        os.close(descriptor)
    empty_leftover(tmp_path / "0")
    assert beside.read_bytes() == b""


def test_where_nothing_was_left_nothing_is_made(tmp_path: Path) -> None:
    empty_leftover(tmp_path / "0")
    empty_leftover(tmp_path / "no folder" / "0")
    assert list(tmp_path.iterdir()) == []
