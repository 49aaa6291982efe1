"""Writes of one block that wait for each other: all of them in one file that is written once, and none of them lost."""

from __future__ import annotations

import multiprocessing
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from bosslet.errors import StorageFull
from bosslet.geometry import Box
from bosslet.volume import volume as volume_module
from bosslet.volume.layout import Layout
from bosslet.volume.offers import MAX_BYTES, Offer, Offers, Standing, combined, fitting
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

NOW = range(1)
LAYOUT = Layout("uint8", block=(32, 48, 64), chunk=(16, 16, 32))
SPACE = Box.of((32, 48, 128))
FIRST = (0, 0, 0)
UINT8 = np.dtype("uint8")


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Volume]:
    store = Store.in_folder(tmp_path)
    found = Volume(store, "col/exp/chan/0", LAYOUT, (1, *SPACE.shape))
    found.create()
    yield found
    store.close()


def waiting(volume: Volume) -> list[Path]:
    return list((volume.store.locks.folder / "waiting").glob("*-*"))


@contextmanager
def blocked(volume: Volume, writes: Sequence[Callable[[], None]], offers: int) -> Iterator[list[Future[None]]]:
    """Writes that have begun, and wait: after it they are done, or have failed."""
    with ThreadPoolExecutor(len(writes)) as pool, volume.locked(0, FIRST):
        futures = [pool.submit(write) for write in writes]
        end = time.monotonic() + 30
        while len([file for file in waiting(volume) if not file.name.startswith("new-")]) < offers:
            assert time.monotonic() < end
            time.sleep(0.01)
        yield futures


def slab(number: int, depth: int = 8) -> tuple[Box, NDArray[np.uint8]]:
    box = Box((number * depth, 0, 0), ((number + 1) * depth, 48, 64))
    return box, np.full((1, *box.shape), number + 1, np.uint8)


def written(volume: Volume) -> int:
    return volume.store.tally.activity().blocks_written


def test_slabs_that_wait_are_written_at_once(volume: Volume) -> None:
    slabs = [slab(number) for number in range(4)]
    with blocked(volume, [lambda each=each: volume.write(NOW, *each) for each in slabs], 4) as futures:
        pass
    assert [future.result() for future in futures] == [None] * 4
    assert written(volume) == 1
    expected = np.repeat(np.arange(1, 5, dtype=np.uint8), 8)[:, None, None]
    assert (volume.read(NOW, Box.of((32, 48, 64)))[0] == expected).all()
    assert waiting(volume) == []


def test_what_waits_for_one_block_is_offered_for_all(volume: Volume) -> None:
    wide = Box.of((8, 48, 128))
    both = np.full((1, *wide.shape), 9, np.uint8)
    volume.write(NOW, *slab(3))
    with blocked(volume, [lambda: volume.write(NOW, wide, both.copy())], 2):
        box = Box((8, 0, 64), (16, 48, 128))
        volume.write(NOW, box, np.full((1, *box.shape), 5, np.uint8))
        assert (volume.read(NOW, Box((0, 0, 64), (8, 48, 128))) == 9).all()  # by the writer of the second block
        assert not volume.read(NOW, Box.of((8, 48, 64))).any()
    assert (volume.read(NOW, wide) == 9).all()
    assert (volume.read(NOW, slab(3)[0]) == 4).all()
    assert written(volume) == 3


def test_zeros_leave_what_others_wrote(volume: Volume) -> None:
    random = np.random.default_rng(0)
    box = Box.of((32, 48, 64))
    owners = random.integers(0, 4, (1, *box.shape))
    before = random.integers(1, 255, (1, *box.shape), dtype=np.uint8)
    volume.write(NOW, box, before.copy())
    masks = [np.where(owners == number, number + 1, 0).astype(np.uint8) for number in range(3)]
    with blocked(volume, [lambda mask=mask: volume.merge(NOW, box, mask) for mask in masks], 3):
        pass
    assert (volume.read(NOW, box) == np.where(owners < 3, owners + 1, before)).all()
    assert written(volume) == 2


def test_a_write_that_fails_fails_alone(volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    commit, calls = Volume._commit, []

    def refuse_first(self: Volume, array: Any, writes: Any) -> None:
        calls.append(len(writes))
        if len(calls) == 1:
            raise StorageFull("no room")
        commit(self, array, writes)

    monkeypatch.setattr(volume_module.Volume, "_commit", refuse_first)
    slabs = [slab(number) for number in range(3)]
    with blocked(volume, [lambda each=each: volume.write(NOW, *each) for each in slabs], 3) as futures:
        pass
    failed = [number for number, future in enumerate(futures) if isinstance(future.exception(), StorageFull)]
    assert len(failed) == 1
    for number, (box, voxels) in enumerate(slabs):
        assert (volume.read(NOW, box) == voxels).all() or number in failed
    assert waiting(volume) == []


def test_offers_of_other_blocks_and_types_are_left_alone(tmp_path: Path) -> None:
    offers = Offers(tmp_path / "waiting")
    box, voxels = slab(0)
    with offers.standing({"col/exp/chan/0/c/0/0/0/0": Offer(box, voxels[0], fill=False)}) as standing:
        assert offers.found("col/exp/chan/0/c/0/0/0/0", UINT8) == {}
        standing.make()
        assert offers.found("col/exp/chan/0/c/0/0/0/1", UINT8) == {}
        assert offers.found("col/exp/chan/0/c/0/0/0/0", np.dtype("uint16")) == {}
        (found,) = offers.found("col/exp/chan/0/c/0/0/0/0", UINT8).values()
        assert (found.box, found.fill) == (box, False)
        assert (found.voxels == voxels[0]).all()
    assert list((tmp_path / "waiting").iterdir()) == []


def test_what_is_found_takes_no_memory(tmp_path: Path) -> None:
    offers, box = Offers(tmp_path / "waiting"), Box.of((8, 512, 512))
    mine = [Offer(box, np.full(box.shape, number, np.uint8), fill=False) for number in range(1, 5)]
    with ExitStack() as stack:
        for each in mine:
            stack.enter_context(offers.standing({"block": each})).make()
        tracemalloc.start()
        found = list(offers.found("block", UINT8).values())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < box.size
    # Even when their owners have gone.
    assert sorted(int(each.voxels.max()) for each in found) == [1, 2, 3, 4]


def test_nothing_is_offered_where_there_is_no_room(tmp_path: Path) -> None:
    box, voxels = slab(0)
    (tmp_path / "waiting").write_text("in the way")
    with Offers(tmp_path / "waiting").standing({"a": Offer(box, voxels[0], fill=False)}) as standing:
        standing.make()
        assert list(standing.left(["a"])) == ["a"]
    large = np.broadcast_to(np.uint8(1), (MAX_BYTES // 2**20 + 1, 2**10, 2**10))
    with Offers(tmp_path / "other").standing({"a": Offer(Box.of((33, 2**10, 2**10)), large, fill=False)}) as standing:
        standing.make()
    assert not (tmp_path / "other").exists()


def offer_and_wait(folder: Path, told: Any) -> None:
    box, voxels = slab(0)
    with Offers(folder).standing({"block": Offer(box, voxels[0], fill=False)}) as standing:
        standing.make()
        told.set()
        time.sleep(60)


@pytest.mark.parametrize("by", ["a writer", "the sweep"])
def test_what_a_killed_process_offered_is_thrown_away(by: str, tmp_path: Path) -> None:
    offers, context = Offers(tmp_path / "waiting"), multiprocessing.get_context("spawn")
    told = context.Event()
    process = context.Process(target=offer_and_wait, args=(tmp_path / "waiting", told))
    process.start()
    assert told.wait(60)
    offers.sweep()
    assert len(offers.found("block", UINT8)) == 1
    process.kill()
    process.join()
    assert offers.sweep() is None if by == "the sweep" else offers.found("block", UINT8) == {}
    assert list((tmp_path / "waiting").iterdir()) == []


def boxes() -> st.SearchStrategy[Box]:
    sides = [st.lists(st.integers(0, side), min_size=2, max_size=2, unique=True).map(sorted) for side in (3, 4, 5)]
    return st.tuples(*sides).map(lambda z_y_x: Box(*zip(*z_y_x, strict=True)))


@st.composite
def drawn(draw: st.DrawFn) -> Offer:
    box, fill = draw(boxes()), draw(st.booleans())
    voxels = draw(arrays(np.uint8, box.shape, elements=st.integers(0, 3)))
    return Offer(box, voxels, fill=fill and not voxels.all())


@given(
    stored=arrays(np.uint8, (3, 4, 5), elements=st.integers(4, 9)),
    offers=st.lists(drawn(), min_size=1, max_size=4),
    depth=st.integers(1, 4),
)
def test_offers_combined_are_offers_one_after_the_other(
    stored: NDArray[np.uint8], offers: list[Offer], depth: int
) -> None:
    expected = stored.copy()
    for offer in offers:
        place = expected[offer.box.slices]
        place[...] = np.where((offer.voxels == 0) & offer.fill, place, offer.voxels)
    *others, own = offers
    found = combined(others, own, lambda box: stored[box.slices].copy(), depth)
    stored[found.box.slices] = found.voxels
    assert (stored == expected).all()
    assert not found.fill


@given(offers=st.lists(drawn(), max_size=4), own=drawn())
def test_small_offers_all_fit(offers: list[Offer], own: Offer) -> None:
    named = {Path(str(number)): offer for number, offer in enumerate(offers)}
    assert fitting(named, own) == named


def test_offers_far_apart_do_not_fit() -> None:
    one = np.ones((1, 1, 1), np.uint8)
    own, near = Offer(Box.of((1, 1, 1)), one, fill=False), Offer(Box((0, 0, 1), (1, 1, 2)), one, fill=False)
    far = Offer(Box((2**9, 2**9, 2**9), (2**9 + 1, 2**9 + 1, 2**9 + 1)), one, fill=False)
    assert list(fitting({Path("far"): far, Path("near"): near}, own)) == [Path("near")]


def test_what_is_written_already_is_not_offered_later(volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volume_module, "BLOCKS_AT_ONCE", 1)
    wide, first, last = Box.of((8, 48, 128)), Box.of((8, 48, 64)), Box((8, 0, 0), (16, 48, 64))
    make = Standing.make

    def make_after_another(self: Standing) -> None:
        volume.write(NOW, first, np.full((1, *first.shape), 2, np.uint8))
        make(self)

    monkeypatch.setattr(Standing, "make", make_after_another)
    with ThreadPoolExecutor(1) as pool:
        with volume.locked(0, (0, 0, 1)):
            future = pool.submit(volume.write, NOW, wide, np.full((1, *wide.shape), 1, np.uint8))
            end = time.monotonic() + 30
            while not [file for file in waiting(volume) if not file.name.startswith("new-")]:
                assert time.monotonic() < end
                time.sleep(0.01)
            volume.write(NOW, last, np.full((1, *last.shape), 3, np.uint8))
        future.result()
    assert (volume.read(NOW, first) == 2).all()
    assert (volume.read(NOW, last) == 3).all()
    assert (volume.read(NOW, Box((0, 0, 64), wide.stop)) == 1).all()
