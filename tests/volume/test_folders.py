"""Folders are on the disk before what lies in them is acknowledged."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from numpy.typing import NDArray

from bosslet.errors import UnreadableBlock
from bosslet.geometry import Box
from bosslet.volume import folders
from bosslet.volume.folders import Folders
from bosslet.volume.layout import Layout
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

Fill = Callable[..., NDArray[Any]]

NOW = range(1)
BLOCK = Box.of((8, 12, 16))
PATH = "col/exp/chan/0"


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The folders that were synced, in order, from the root of the store."""
    found: list[str] = []
    really = folders.sync_folder

    def sync(folder: Path) -> None:
        found.append(str(folder.relative_to(tmp_path)))
        really(folder)

    monkeypatch.setattr(folders, "sync_folder", sync)
    return found


def test_the_first_block_syncs_every_folder_above_its_own(
    folder: Store, layout: Layout, voxels: Fill, synced: list[str]
) -> None:
    Volume(folder, PATH, layout, (1, *BLOCK.shape)).write(range(2, 3), BLOCK, voxels(BLOCK))
    parts = (*PATH.split("/"), "c", "2", "0")
    assert synced == [".", *("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))]


def test_a_block_in_a_folder_that_is_known_syncs_none(
    folder: Store, layout: Layout, voxels: Fill, synced: list[str]
) -> None:
    volume = Volume(folder, PATH, layout, (1, 8, 12, 32))
    volume.write(NOW, BLOCK, voxels(BLOCK))
    synced.clear()
    volume.write(NOW, Box((0, 0, 16), (8, 12, 32)), voxels(BLOCK))
    volume.merge(NOW, BLOCK, voxels(BLOCK))
    assert synced == []
    volume.write(NOW, Box((8, 12, 0), (16, 24, 16)), voxels(BLOCK))
    assert synced == [f"{PATH}/c/0", f"{PATH}/c/0/1"]


def test_folders_that_another_process_made_are_synced_too(
    folder: Store, layout: Layout, voxels: Fill, synced: list[str], tmp_path: Path
) -> None:
    Volume(folder, PATH, layout, (1, *BLOCK.shape)).write(NOW, BLOCK, voxels(BLOCK))
    first = list(synced)
    synced.clear()
    Volume(Store.in_folder(tmp_path), PATH, layout, (1, *BLOCK.shape)).write(NOW, BLOCK, voxels(BLOCK))
    assert synced == first


def test_a_folder_that_was_taken_away_is_made_and_synced_again(tmp_path: Path, synced: list[str]) -> None:
    some = Folders(tmp_path)
    some.ensure("a/b")
    (tmp_path / "a/b").rmdir()
    synced.clear()
    some.ensure("a/b")
    assert (tmp_path / "a/b").is_dir()
    assert synced == ["a"]


def test_folders_are_forgotten_and_not_remembered_without_end(
    tmp_path: Path, synced: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "MAX_REMEMBERED", 3)
    some = Folders(tmp_path)
    for name in ("a", "b", "c", "d", "a"):
        some.ensure(name)
    assert synced == ["."] * 5
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b", "c", "d"}


def test_a_document_is_as_durable_as_a_block(folder: Store, synced: list[str]) -> None:
    folder.write_document("col/exp/chan/zarr.json", b"{}")
    assert synced == [".", "col", "col/exp"]
    folder.write_document("top.json", b"{}")
    assert folder.document("top.json") == b"{}"


def test_a_file_where_a_folder_should_be_is_an_error_and_stays(
    folder: Store, layout: Layout, voxels: Fill, tmp_path: Path
) -> None:
    volume = Volume(folder, PATH, layout, (1, *BLOCK.shape))
    volume.create()
    (tmp_path / PATH / "c").write_bytes(b"in the way")
    with pytest.raises(UnreadableBlock, match=PATH):
        volume.write(NOW, BLOCK, voxels(BLOCK))
    assert (tmp_path / PATH / "c").read_bytes() == b"in the way"
