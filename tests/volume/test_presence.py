"""A block that was written and is gone is an error; one that was never written, or was cleared, is zeros."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bosslet.errors import StorageError, StorageFull, UnreadableBlock
from bosslet.geometry import Box
from bosslet.volume.generation import block_state
from bosslet.volume.layout import Layout
from bosslet.volume.ledger import FOLDER, Ledger
from bosslet.volume.ledger_file import LedgerFile
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

Fill = Callable[..., NDArray[Any]]
Damage = Callable[[Path], object]

NOW = range(1)
SPACE = Box.of((13, 24, 32))
BLOCK = Box((8, 12, 16), (13, 24, 32))
PART = Box((8, 12, 16), (9, 15, 19))
OTHER = Box((0, 0, 0), (8, 24, 32))
INDEX = (1, 1, 1)


def opened(folder: Path, layout: Layout) -> Volume:
    """As another process sees it."""
    return Volume(Store.in_folder(folder), "c/e/em/0", layout, (1, *SPACE.shape))


@pytest.fixture
def volume(tmp_path: Path, layout: Layout, voxels: Fill) -> Volume:
    opened(tmp_path, layout).write(NOW, SPACE, voxels(SPACE))
    return opened(tmp_path, layout)


@pytest.fixture
def block(volume: Volume, tmp_path: Path) -> Path:
    return tmp_path / volume.path / "c/0/1/1/1"


def as_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def parent_as_a_file(path: Path) -> None:
    shutil.rmtree(path.parent)
    path.parent.write_bytes(b"")


GONE = {
    "the file": lambda path: path.unlink(),
    "its folder": lambda path: shutil.rmtree(path.parent),
    "all blocks": lambda path: shutil.rmtree(path.parents[3]),
    "a folder in its place": as_a_folder,
    "a file in place of its folder": parent_as_a_file,
}


@pytest.mark.parametrize("damage", GONE.values(), ids=GONE.keys())
def test_a_block_that_is_gone_is_an_error_that_names_path_and_box(volume: Volume, block: Path, damage: Damage) -> None:
    damage(block)
    for box in (PART, BLOCK):
        with pytest.raises(UnreadableBlock, match=f"c/e/em/0 {box}"):
            volume.read(NOW, box)
    with pytest.raises(UnreadableBlock):
        volume.stored_blocks()


@pytest.mark.parametrize("damage", [Path.unlink, as_a_folder])
def test_the_blocks_around_one_that_is_gone_go_on(volume: Volume, block: Path, damage: Damage, voxels: Fill) -> None:
    damage(block)
    assert np.array_equal(volume.read(NOW, OTHER), voxels(SPACE)[:, :8])
    volume.write(NOW, OTHER, voxels(OTHER))
    assert np.array_equal(volume.read(NOW, OTHER), voxels(OTHER))


def test_a_part_of_a_block_that_is_gone_is_not_written(volume: Volume, block: Path, voxels: Fill) -> None:
    block.unlink()
    new = voxels(PART)
    with pytest.raises(UnreadableBlock):
        volume.write(NOW, PART, new.copy())
    new[0, 0, 0, 0] = 0
    with pytest.raises(UnreadableBlock):
        volume.merge(NOW, PART, new)
    with pytest.raises(UnreadableBlock):
        volume.clear(NOW, PART)
    assert not block.exists()
    with pytest.raises(UnreadableBlock):
        block_state(volume, 0, INDEX)


def test_to_write_it_whole_or_to_clear_it_settles_it(volume: Volume, block: Path, voxels: Fill) -> None:
    block.unlink()
    volume.write(NOW, BLOCK, voxels(BLOCK, first=7))
    assert np.array_equal(volume.read(NOW, BLOCK), voxels(BLOCK, first=7))
    block.unlink()
    volume.clear(NOW, BLOCK)
    assert not volume.read(NOW, BLOCK).any()


def empty_by_clearing(volume: Volume) -> None:
    volume.clear(NOW, BLOCK)


def empty_by_writing(volume: Volume) -> None:
    volume.write(NOW, BLOCK, np.zeros((1, *BLOCK.shape), np.uint16))


def empty_by_halves(volume: Volume) -> None:
    lower, upper = Box((8, 12, 16), (11, 24, 32)), Box((11, 12, 16), (13, 24, 32))
    volume.clear(NOW, lower)
    volume.clear(NOW, upper)


@pytest.mark.parametrize("empty", [empty_by_clearing, empty_by_writing, empty_by_halves])
def test_what_was_emptied_reads_as_zeros_and_is_missed_again_once_it_is_written(
    volume: Volume, block: Path, empty: Callable[[Volume], None], tmp_path: Path, layout: Layout, voxels: Fill
) -> None:
    empty(volume)
    assert not block.exists()
    assert not volume.read(NOW, BLOCK).any()
    assert not opened(tmp_path, layout).read(NOW, BLOCK).any()
    volume.write(NOW, PART, voxels(PART))
    block.unlink()
    with pytest.raises(UnreadableBlock):
        opened(tmp_path, layout).read(NOW, BLOCK)


def test_an_array_that_is_gone_with_all_its_blocks_is_an_error(
    volume: Volume, tmp_path: Path, layout: Layout, voxels: Fill
) -> None:
    shutil.rmtree(tmp_path / volume.path)
    fresh = opened(tmp_path, layout)
    with pytest.raises(UnreadableBlock, match="c/e/em/0"):
        fresh.read(NOW, PART)
    with pytest.raises(UnreadableBlock, match="c/e/em/0"):
        fresh.write(NOW, PART, voxels(PART))


def test_a_shape_that_became_smaller_is_an_error(volume: Volume, tmp_path: Path, layout: Layout) -> None:
    document = tmp_path / volume.path / "zarr.json"
    assert b'"shape":[1,13,24,32]' in document.read_bytes()
    document.write_bytes(document.read_bytes().replace(b"[1,13,24,32]", b"[1,12,24,32]"))
    with pytest.raises(UnreadableBlock, match="c/e/em/0"):
        opened(tmp_path, layout).read(NOW, PART)


def test_a_store_without_a_ledger_reads_on_and_learns(
    volume: Volume, block: Path, tmp_path: Path, layout: Layout, voxels: Fill
) -> None:
    shutil.rmtree(tmp_path / FOLDER)
    old = opened(tmp_path, layout)
    assert np.array_equal(old.read(NOW, SPACE), voxels(SPACE))
    assert not old.read(NOW, Box((30, 40, 50), (31, 42, 53))).any()
    assert not (tmp_path / FOLDER).exists()
    old.write(NOW, PART, voxels(PART))
    block.unlink()
    with pytest.raises(UnreadableBlock):
        opened(tmp_path, layout).read(NOW, BLOCK)


def test_a_write_of_nothing_where_nothing_is_leaves_no_entry(folder: Store, layout: Layout) -> None:
    volume = Volume(folder, "c/e/em/0", layout, (1, *SPACE.shape))
    volume.write(NOW, SPACE, np.zeros((1, *SPACE.shape), np.uint16))
    assert folder.ledger
    assert folder.ledger.entries(volume.path) == {}


def test_a_writer_that_died_before_the_file_was_there_is_not_missed(volume: Volume) -> None:
    ledger = volume.store.ledger
    assert ledger
    ledger.will_change(volume.path, {(0, 5, 5, 5): False})
    assert not volume.read(NOW, Box((40, 60, 80), (41, 62, 83))).any()


def test_a_writer_that_died_while_it_emptied_a_block_leaves_it_readable(volume: Volume, block: Path) -> None:
    ledger = volume.store.ledger
    assert ledger
    ledger.will_change(volume.path, {(0, *INDEX): True})
    assert volume.read(NOW, BLOCK).all()
    block.unlink()
    assert not volume.read(NOW, BLOCK).any()


def test_a_generation_is_believed_in_its_epoch_or_when_it_is_sealed(tmp_path: Path) -> None:
    ledger, block = Ledger(tmp_path / "ledger"), (0, 1, 2, 3)
    ledger.changed("a", {block: (True, b"first")})
    entry = ledger.entry("a", block)
    assert entry
    assert ledger.trusts(entry)
    with closing(sqlite3.connect(tmp_path / "ledger/ledger.db")) as database:
        database.execute("UPDATE blocks SET epoch = 'over'")
        database.commit()
    over = ledger.entry("a", block)
    assert over
    assert not ledger.trusts(over)
    ledger.changed("a", {block: (True, b"second")})
    ledger.seal()
    sealed = ledger.entry("a", block)
    assert sealed
    assert (sealed.epoch, sealed.generation) == ("", b"second")
    assert ledger.trusts(sealed)
    ledger.will_change("a", {block: False})
    changing = ledger.entry("a", block)
    assert changing
    assert (changing.stored, changing.generation) == (True, None)
    ledger.seal()
    assert ledger.entry("a", block) == changing


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each transaction of the ledger was synced."""
    seen: list[bool] = []
    really = LedgerFile._transaction

    def transaction(self: LedgerFile, work: Any, *, durable: bool) -> Any:
        seen.append(durable)
        return really(self, work, durable=durable)

    monkeypatch.setattr(LedgerFile, "_transaction", transaction)
    return seen


def test_only_what_must_outlive_a_power_cut_is_synced(
    folder: Store, layout: Layout, voxels: Fill, synced: list[bool]
) -> None:
    volume = Volume(folder, "c/e/em/0", layout, (1, *SPACE.shape))
    volume.write(NOW, BLOCK, voxels(BLOCK))
    assert any(synced)
    synced.clear()
    volume.write(NOW, PART, voxels(PART))
    assert synced
    assert not any(synced)
    volume.clear(NOW, PART)
    assert any(synced)
    folder.close()
    synced.clear()
    volume.write(NOW, PART, voxels(PART))
    assert any(synced)


def test_a_ledger_that_cannot_be_written_is_a_write_that_is_refused(
    volume: Volume, tmp_path: Path, voxels: Fill
) -> None:
    shutil.rmtree(tmp_path / FOLDER)
    (tmp_path / FOLDER).write_bytes(b"in the way")
    with pytest.raises(StorageFull, match="c/e/em/0"):
        volume.write(NOW, PART, voxels(PART))
    (tmp_path / FOLDER).unlink()
    volume.write(NOW, PART, voxels(PART))


def test_a_damaged_ledger_is_an_error_and_not_an_empty_one(volume: Volume, tmp_path: Path, voxels: Fill) -> None:
    volume.store.close()
    (tmp_path / FOLDER / "ledger.db-wal").unlink(missing_ok=True)
    (tmp_path / FOLDER / "ledger.db").write_bytes(b"noise" * 4096)
    fresh = opened(tmp_path, volume.layout)
    with pytest.raises(StorageError):
        fresh.write(NOW, PART, voxels(PART))
