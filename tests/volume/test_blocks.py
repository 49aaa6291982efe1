"""What a write does to files: it rewrites the blocks that it must, reads those that it must, and makes no others."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bosslet.geometry import Box
from bosslet.volume.layout import Layout
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

Fill = Callable[..., NDArray[Any]]
Untouched = Callable[[], AbstractContextManager[None]]
Snapshot = Callable[[], dict[str, tuple[bytes, int, int]]]

NOW = range(1)
SPACE = Box.of((16, 24, 32))
FIRST, LAST = Box.of((8, 12, 16)), Box((8, 12, 16), (16, 24, 32))


@pytest.fixture
def volume(folder: Store, layout: Layout) -> Volume:
    return Volume(folder, "col/exp/chan/0", layout, (1, *SPACE.shape))


def changed(before: dict[str, tuple[bytes, int, int]], after: dict[str, tuple[bytes, int, int]]) -> set[str]:
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


def test_a_block_is_one_file_named_by_its_time_and_its_place(volume: Volume, voxels: Fill, snapshot: Snapshot) -> None:
    volume.write(range(3, 4), Box((1, 13, 17), (2, 14, 70)), voxels(Box((1, 13, 17), (2, 14, 70))))
    assert set(snapshot()) == {
        "col/exp/chan/0/zarr.json",
        *(f"col/exp/chan/0/c/3/0/1/{x}" for x in (1, 2, 3, 4)),
    }


def test_only_the_blocks_of_the_box_are_rewritten(volume: Volume, voxels: Fill, snapshot: Snapshot) -> None:
    volume.write(NOW, SPACE, voxels(SPACE))
    before = snapshot()
    volume.write(NOW, Box((7, 0, 0), (9, 12, 16)), voxels(Box((7, 0, 0), (9, 12, 16))))
    assert changed(before, snapshot()) == {f"col/exp/chan/0/c/0/{z}/0/0" for z in (0, 1)}


def test_a_merge_leaves_alone_the_blocks_in_which_it_has_nothing(
    volume: Volume, voxels: Fill, snapshot: Snapshot
) -> None:
    volume.write(NOW, SPACE, voxels(SPACE))
    before = snapshot()
    new = np.zeros((1, *SPACE.shape), np.uint16)
    new[0, 9, 1, 17] = 5
    volume.merge(NOW, SPACE, new)
    assert changed(before, snapshot()) == {"col/exp/chan/0/c/0/1/0/1"}


def test_a_merge_does_not_make_blocks_in_which_it_has_nothing(volume: Volume, snapshot: Snapshot) -> None:
    new = np.zeros((1, *SPACE.shape), np.uint16)
    new[0, 9, 1, 17] = 5
    volume.merge(NOW, SPACE, new)
    assert set(snapshot()) == {"col/exp/chan/0/zarr.json", "col/exp/chan/0/c/0/1/0/1"}


def test_a_merge_of_zeros_touches_nothing(volume: Volume, voxels: Fill, untouched: Untouched) -> None:
    volume.write(NOW, SPACE, voxels(SPACE))
    with untouched():
        volume.merge(NOW, SPACE, np.zeros((1, *SPACE.shape), np.uint16))


def test_clearing_what_was_never_written_makes_no_file(volume: Volume, voxels: Fill, untouched: Untouched) -> None:
    volume.write(NOW, FIRST, voxels(FIRST))
    with untouched():
        volume.clear(NOW, Box((8, 0, 0), (16, 24, 32)))
        volume.clear(NOW, Box((9, 3, 5), (11, 7, 9)))


def test_a_block_that_is_cleared_whole_leaves_no_file(volume: Volume, voxels: Fill, snapshot: Snapshot) -> None:
    volume.write(NOW, SPACE, voxels(SPACE))
    volume.clear(NOW, Box((0, 0, 0), (16, 24, 16)))
    assert set(snapshot()) == {
        "col/exp/chan/0/zarr.json",
        *(f"col/exp/chan/0/c/0/{z}/{y}/1" for z in (0, 1) for y in (0, 1)),
    }


@pytest.mark.parametrize("write", [Volume.write, Volume.merge])
def test_a_whole_block_without_zeros_is_written_without_reading_the_old_one(
    volume: Volume, voxels: Fill, tmp_path: Path, write: Callable[..., None]
) -> None:
    volume.write(NOW, SPACE, voxels(SPACE))
    (tmp_path / "col/exp/chan/0/c/0/0/0/0").write_bytes(b"no block at all")
    write(volume, NOW, FIRST, voxels(FIRST, first=30_000))
    assert np.array_equal(volume.read(NOW, FIRST), voxels(FIRST, first=30_000))


def test_a_merge_reads_only_the_blocks_in_which_it_has_zeros(volume: Volume, voxels: Fill, tmp_path: Path) -> None:
    volume.write(NOW, SPACE, voxels(SPACE))
    (tmp_path / "col/exp/chan/0/c/0/0/0/0").write_bytes(b"no block at all")
    new = voxels(SPACE, first=30_000)
    new[0][LAST.slices][::2] = 0
    volume.merge(NOW, SPACE, new)
    new[0][LAST.slices][::2] = voxels(SPACE)[0][LAST.slices][::2]
    assert np.array_equal(volume.read(NOW, SPACE), new)


@pytest.mark.parametrize("write", [Volume.write, Volume.merge])
def test_voxels_that_do_not_fit_leave_every_file_as_it_was(
    volume: Volume, voxels: Fill, untouched: Untouched, write: Callable[..., None]
) -> None:
    volume.write(NOW, SPACE, voxels(SPACE))
    with untouched(), pytest.raises(ValueError, match="is not uint16"):
        write(volume, NOW, FIRST, voxels(FIRST).astype(np.uint32))


@pytest.mark.parametrize("write", [Volume.write, Volume.merge])
def test_an_empty_box_makes_nothing(volume: Volume, snapshot: Snapshot, write: Callable[..., None]) -> None:
    write(volume, NOW, Box((1, 500, 3), (9, 500, 8)), np.ones((1, 8, 0, 5), np.uint16))
    write(volume, range(7, 7), FIRST, np.ones((0, *FIRST.shape), np.uint16))
    assert snapshot() == {}


def test_a_frame_that_starts_far_away_costs_nothing_for_what_lies_before(
    volume: Volume, voxels: Fill, snapshot: Snapshot
) -> None:
    box = Box((80_000, 120_000, 160_000), (80_008, 120_012, 160_016))
    volume.write(NOW, box, voxels(box))
    assert set(snapshot()) == {"col/exp/chan/0/zarr.json", "col/exp/chan/0/c/0/10000/10000/10000"}
    assert np.array_equal(volume.read(NOW, box), voxels(box))


def test_stored_blocks_are_listed_in_the_order_of_their_numbers(store: Store, layout: Layout) -> None:
    volume = Volume(store, "col/exp/chan/1", layout, (1, *SPACE.shape))
    assert volume.stored_blocks() == []
    one = np.ones((1, 1, 1, 1), np.uint16)
    for time, start in [(10, (0, 0, 0)), (2, (0, 24, 160)), (2, (0, 24, 16)), (2, (80, 0, 0))]:
        volume.write(range(time, time + 1), Box(start, (start[0] + 1, start[1] + 1, start[2] + 1)), one.copy())
    Volume(store, "col/exp/chan/10", layout, (1, *SPACE.shape)).write(NOW, Box.of((1, 1, 1)), one)
    assert volume.stored_blocks() == [(2, (0, 2, 1)), (2, (0, 2, 10)), (2, (10, 0, 0)), (10, (0, 0, 0))]
