"""An image that was put elsewhere is neither written nor read where it was."""

import multiprocessing
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest

from bosslet.errors import Busy
from bosslet.geometry import Box
from bosslet.volume.layout import Layout
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

BOX = Box((0, 0, 0), (8, 12, 16))
NOW = range(1)
LAYOUT = Layout("uint8", (8, 12, 16), (4, 6, 8))


def volume(folder: Path, path: str = "col/exp/ch/0") -> Volume:
    return Volume(Store.in_folder(folder), path, LAYOUT, (1, 8, 12, 16))


def ones() -> np.ndarray:
    return np.ones((1, *BOX.shape), np.uint8)


def put_away(store: Store, folder: Path) -> None:
    assert store.retirement
    assert store.ledger
    with store.locks.hold_all():
        store.retirement.retire("col/exp/ch")
        store.ledger.forget("col/exp/ch")


def test_who_had_it_open_is_told_to_look_again(tmp_path: Path) -> None:
    mine, other = volume(tmp_path), volume(tmp_path, "col/exp/other/0")
    mine.write(NOW, BOX, ones())
    other.write(NOW, BOX, ones())
    put_away(Store.in_folder(tmp_path), tmp_path)
    for store in (mine, volume(tmp_path)):
        for work in (
            lambda store=store: store.read(NOW, BOX),
            lambda store=store: store.write(NOW, BOX, ones()),
            lambda store=store: store.merge(NOW, BOX, ones() * np.arange(16, dtype=np.uint8)),
            lambda store=store: store.clear(NOW, BOX),
            store.stored_blocks,
        ):
            with pytest.raises(Busy, match="col/exp/ch"):
                work()
    assert not (tmp_path / "col/exp/ch").exists()
    np.testing.assert_array_equal(other.read(NOW, BOX), ones())
    assert mine.store.ledger
    assert list(mine.store.ledger.arrays()) == ["col/exp/other/0"]


def write_until_busy(folder: Path, writes: "multiprocessing.Queue[int]") -> None:
    mine, value = volume(folder), 1
    try:
        while True:
            mine.write(NOW, BOX, ones() * np.uint8(value % 255 + 1))
            writes.put(value % 255 + 1)
            value += 1
    except Busy:
        writes.put(-1)


def test_no_write_is_acknowledged_that_the_image_does_not_take_along(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writes: multiprocessing.Queue[int] = context.Queue()
    process = context.Process(target=write_until_busy, args=(tmp_path, writes))
    process.start()
    said = [writes.get(timeout=30) for _ in range(20)]
    put_away(Store.in_folder(tmp_path), tmp_path)
    while said[-1] != -1:
        said.append(writes.get(timeout=30))
    process.join(30)
    (tmp_path / ".trash/col:exp:ch").rename(tmp_path / "moved")
    found = Volume(Store(tmp_path.as_uri(), Store.in_folder(tmp_path).locks), "moved/0", LAYOUT, (1, *BOX.shape))
    assert (found.read(NOW, BOX) == said[-2]).all()


def test_all_locks_wait_for_each_and_each_for_all(tmp_path: Path) -> None:
    locks, inside, done = Store.in_folder(tmp_path).locks, Event(), Event()

    def hold() -> None:
        with locks.hold(["a", "b"]):
            inside.set()
        done.set()

    with locks.hold_all():
        thread = Thread(target=hold)
        thread.start()
        assert not inside.wait(0.2)
    thread.join(10)
    assert done.is_set()


def test_the_ledger_forgets_an_image_and_none_beside_it(tmp_path: Path) -> None:
    for path in ("a/b/c/0", "a/b/c/iso/1", "a/b/c.2/0", "a/b/cc/0", "a/b/c0/0"):
        volume(tmp_path, path).write(NOW, BOX, ones())
    ledger = Store.in_folder(tmp_path).ledger
    assert ledger
    ledger.forget("a/b/c")
    assert sorted(ledger.arrays()) == ["a/b/c.2/0", "a/b/c0/0", "a/b/cc/0"]
    assert ledger.entries("a/b/c/0") == {}
    assert len(ledger.entries("a/b/c.2/0")) == 1


def test_what_is_put_away_goes_for_good_and_empty_folders_with_it(tmp_path: Path) -> None:
    volume(tmp_path).write(NOW, BOX, ones())
    volume(tmp_path, "col/exp2/other/0").write(NOW, BOX, ones())
    retirement = volume(tmp_path).store.retirement
    assert retirement
    for _ in range(2):
        retirement.retire("col/exp/ch")
        assert [folder.name for folder in (tmp_path / "col").iterdir()] == ["exp2"]
    assert list((tmp_path / ".trash").rglob("zarr.json"))
    for _ in range(2):
        retirement.empty_trash()
        assert not (tmp_path / ".trash").exists()
    assert retirement.is_retired("col/exp/ch/iso/3")
    assert retirement.is_retired(".index/col/exp/ch/0")
    assert not retirement.is_retired("col/exp/ch.2")
