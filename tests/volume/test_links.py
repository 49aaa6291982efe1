"""A symbolic link in the uploads folder is not followed out of it, by no read and by no write, wherever it is."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bosslet.errors import StorageError, UnreadableBlock
from bosslet.geometry import Box
from bosslet.volume.layout import Layout
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

Fill = Callable[..., NDArray[Any]]

NOW = range(1)
BLOCK = Box.of((8, 12, 16))
PATH = "col/exp/chan/0"
PLACES = ["col", "col/exp", "col/exp/chan", PATH, f"{PATH}/c", f"{PATH}/c/0/0", f"{PATH}/c/0/0/0"]
FILES = [f"{PATH}/zarr.json", f"{PATH}/c/0/0/0/0"]


@pytest.fixture
def uploads(tmp_path: Path, layout: Layout, voxels: Fill) -> Path:
    """A store with one block."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    Volume(Store.in_folder(folder), PATH, layout, (1, *BLOCK.shape)).write(NOW, BLOCK, voxels(BLOCK))
    return folder


def moved_out(uploads: Path, place: str) -> Path:
    """What was there, now outside, and a link to it in its place."""
    outside = uploads.parent / "outside"
    (uploads / place).rename(outside)
    (uploads / place).symlink_to(outside)
    return outside


def contents(outside: Path) -> dict[Path, bytes]:
    found = outside.rglob("*") if outside.is_dir() else [outside]
    return {path: path.read_bytes() for path in found if path.is_file()}


@pytest.mark.parametrize("place", [*PLACES, *FILES])
def test_nothing_is_read_or_changed_behind_a_link(uploads: Path, layout: Layout, voxels: Fill, place: str) -> None:
    outside = moved_out(uploads, place)
    before = contents(outside)
    volume = Volume(Store.in_folder(uploads), PATH, layout, (1, *BLOCK.shape))
    with pytest.raises(UnreadableBlock, match=r"link|not a file"):
        volume.read(NOW, BLOCK)
    part = Box((1, 2, 3), (4, 6, 8))
    with pytest.raises(UnreadableBlock):
        volume.write(NOW, part, voxels(part))
    with pytest.raises(UnreadableBlock):
        volume.merge(NOW, BLOCK, voxels(BLOCK) // 1000)
    assert contents(outside) == before


def test_a_block_that_is_written_whole_takes_the_place_of_a_link(uploads: Path, layout: Layout, voxels: Fill) -> None:
    outside = moved_out(uploads, FILES[1])
    before = contents(outside)
    volume = Volume(Store.in_folder(uploads), PATH, layout, (1, *BLOCK.shape))
    volume.write(NOW, BLOCK, voxels(BLOCK, first=7))
    assert np.array_equal(volume.read(NOW, BLOCK), voxels(BLOCK, first=7))
    assert contents(outside) == before


@pytest.mark.parametrize("place", PLACES[:4])
def test_no_array_is_made_behind_a_link(uploads: Path, layout: Layout, place: str) -> None:
    outside = uploads.parent / "outside"
    outside.mkdir()
    link = uploads / place.replace("col", "new")
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside)
    with pytest.raises(UnreadableBlock, match="link"):
        Volume(Store.in_folder(uploads), PATH.replace("col", "new"), layout, (1, *BLOCK.shape)).create()
    assert list(outside.iterdir()) == []


def test_a_ring_of_links_is_an_error_like_others(uploads: Path, layout: Layout) -> None:
    (uploads / "ring").symlink_to(uploads / "ring")
    with pytest.raises(StorageError):
        Volume(Store.in_folder(uploads), "ring/exp/chan/0", layout, (1, *BLOCK.shape)).create()


def test_the_uploads_folder_itself_may_be_behind_a_link_and_links_may_stay_inside(
    uploads: Path, layout: Layout, voxels: Fill
) -> None:
    (uploads.parent / "here").symlink_to(uploads)
    (uploads / "col").rename(uploads / "moved")
    (uploads / "col").symlink_to("moved")
    volume = Volume(Store.in_folder(uploads.parent / "here"), PATH, layout, (1, *BLOCK.shape))
    volume.write(NOW, BLOCK, voxels(BLOCK, first=5))
    assert np.array_equal(volume.read(NOW, BLOCK), voxels(BLOCK, first=5))


def test_a_lock_that_is_a_link_is_not_written_through(uploads: Path, layout: Layout, voxels: Fill) -> None:
    target = uploads.parent / "precious"
    target.write_bytes(b"precious")
    for number in range(256):
        lock = uploads / ".locks" / f"{number:02x}"
        lock.unlink(missing_ok=True)
        lock.symlink_to(target)
    with pytest.raises(StorageError):
        Volume(Store.in_folder(uploads), PATH, layout, (1, *BLOCK.shape)).write(NOW, BLOCK, voxels(BLOCK))
    assert target.read_bytes() == b"precious"


def test_what_a_lock_names_outside_is_not_removed(uploads: Path) -> None:
    beside = uploads.parent / "0.__lock"
    beside.touch()
    (uploads / ".locks" / "00").write_bytes(b"../0\n\n")
    (uploads / "out").symlink_to(uploads.parent)
    (uploads / ".locks" / "01").write_bytes(os.fsencode("out/0\n\n"))
    Store.in_folder(uploads).sweep()
    assert beside.exists()
