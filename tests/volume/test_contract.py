"""What a store promises, wherever it keeps its voxels: by example, the same for a folder and for memory."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bosslet.geometry import Box, Point
from bosslet.volume.layout import DTYPES, Layout
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

Fill = Callable[..., NDArray[Any]]

NOW = range(1)
SPACE = Box.of((20, 30, 40))


@pytest.fixture
def volume(store: Store, layout: Layout) -> Volume:
    return Volume(store, "col/exp/chan/0", layout, (1, *SPACE.shape))


def test_a_level_that_was_never_written_reads_as_zeros(volume: Volume) -> None:
    found = volume.read(range(2), Box((1, 2, 3), (4, 6, 8)))
    assert found.shape == (2, 3, 4, 5)
    assert found.dtype == np.uint16
    assert not found.any()
    assert not volume.exists


def test_reading_makes_nothing(volume: Volume, store: Store) -> None:
    volume.read(NOW, SPACE)
    volume.clear(NOW, SPACE)
    assert store.document("col/exp/chan/0/zarr.json") is None


def test_a_box_across_blocks_comes_back_and_nothing_around_it_is_changed(volume: Volume, voxels: Fill) -> None:
    box = Box((3, 5, 7), (17, 25, 33))
    volume.write(NOW, box, voxels(box))
    expected = np.zeros((1, *SPACE.shape), np.uint16)
    expected[0][box.slices] = voxels(box)
    assert np.array_equal(volume.read(NOW, SPACE), expected)


def test_what_is_read_may_be_changed_by_the_reader(volume: Volume, voxels: Fill) -> None:
    volume.write(NOW, SPACE, voxels(SPACE))
    volume.read(NOW, SPACE)[:] = 0
    assert np.array_equal(volume.read(NOW, SPACE), voxels(SPACE))


def test_time_samples_are_kept_apart(volume: Volume, voxels: Fill) -> None:
    box = Box((7, 11, 15), (9, 13, 17))
    volume.write(range(2, 5), box, voxels(box, samples=3))
    found = volume.read(range(1, 6), box)
    assert [bool(sample.any()) for sample in found] == [False, True, True, True, False]
    assert np.array_equal(found[1:4], voxels(box, samples=3))


def test_a_read_that_leaves_the_array_has_zeros_outside(volume: Volume, voxels: Fill) -> None:
    volume.write(NOW, SPACE, voxels(SPACE))
    found = volume.read(range(3), Box((15, 25, 35), (99, 98, 97)))
    assert np.array_equal(found[0, :5, :5, :5], voxels(SPACE)[0, 15:, 25:, 35:])
    assert np.count_nonzero(found) == 5 * 5 * 5


@pytest.mark.parametrize(
    ("times", "box"),
    [
        (NOW, Box((500, 0, 0), (501, 3, 4))),
        (NOW, Box((0, 500, 0), (2, 501, 4))),
        (NOW, Box((0, 0, 500), (2, 3, 501))),
        (range(7, 9), Box.of((2, 3, 4))),
        (range(7, 9), Box((500, 500, 500), (502, 503, 504))),
        (NOW, Box((500, 500, 500), (500, 503, 504))),
        (NOW, Box((3, 4, 5), (3, 8, 9))),
        (range(0), Box.of((2, 3, 4))),
    ],
)
def test_a_box_outside_the_array_or_an_empty_one_reads_as_zeros_and_can_be_cleared(
    volume: Volume, voxels: Fill, times: range, box: Box
) -> None:
    volume.write(NOW, SPACE, voxels(SPACE))
    found = volume.read(times, box)
    assert found.shape == (len(times), *box.shape)
    assert not found.any()
    volume.clear(times, box)
    assert np.array_equal(volume.read(NOW, SPACE), voxels(SPACE))


def test_an_array_grows_when_it_is_written_past_its_end(volume: Volume, voxels: Fill) -> None:
    volume.write(NOW, SPACE, voxels(SPACE))
    beyond = Box((18, 28, 38), (50, 40, 60))
    volume.write(range(2, 3), beyond, voxels(beyond))
    assert np.array_equal(volume.read(range(2, 3), beyond), voxels(beyond))
    assert np.array_equal(volume.read(NOW, SPACE), voxels(SPACE))


def test_an_array_never_shrinks(store: Store, layout: Layout, voxels: Fill) -> None:
    Volume(store, "p/0", layout, (1, *SPACE.shape)).write(NOW, SPACE, voxels(SPACE))
    smaller = Volume(store, "p/0", layout, (1, 2, 3, 4))
    smaller.create()
    smaller.write(range(1, 2), Box.of((1, 1, 1)), voxels(Box.of((1, 1, 1))))
    assert np.array_equal(smaller.read(NOW, SPACE), voxels(SPACE))


@pytest.mark.parametrize("write", [Volume.write, Volume.merge])
@pytest.mark.parametrize(
    "wrong",
    [
        np.ones((1, 3, 4, 5), np.uint8),
        np.ones((1, 3, 4, 5), ">u2"),
        np.ones((1, 3, 4, 5), np.float32),
        np.ones((1, 5, 4, 3), np.uint16),
        np.ones((2, 3, 4, 5), np.uint16),
        np.ones((3, 4, 5), np.uint16),
    ],
)
def test_voxels_that_do_not_fit_are_refused_before_anything_is_made(
    volume: Volume, store: Store, wrong: NDArray[Any], write: Callable[..., None]
) -> None:
    with pytest.raises(ValueError, match="is not uint16"):
        write(volume, NOW, Box((1, 2, 3), (4, 6, 8)), wrong)
    assert not volume.exists


def test_a_merge_leaves_what_is_there_where_it_is_zero(volume: Volume, voxels: Fill) -> None:
    volume.write(NOW, SPACE, voxels(SPACE))
    box = Box((2, 3, 4), (18, 27, 36))
    new = voxels(box, first=30_000)
    new[0, ::3, 1::2, ::5] = 0
    expected = voxels(SPACE)
    np.copyto(expected[0][box.slices], new[0], where=new[0] != 0)
    volume.merge(NOW, box, new)
    assert np.array_equal(volume.read(NOW, SPACE), expected)


def test_a_merge_past_the_end_of_the_array_keeps_what_is_inside(volume: Volume, voxels: Fill) -> None:
    volume.write(NOW, SPACE, voxels(SPACE))
    box = Box((19, 29, 39), (22, 33, 44))
    new = voxels(box, first=30_000)
    new[0, 0, 0, 0] = 0
    volume.merge(NOW, box, new.copy())
    new[0, 0, 0, 0] = voxels(SPACE)[0, -1, -1, -1]
    assert np.array_equal(volume.read(NOW, box), new)


def test_a_merge_of_nothing_but_zeros_makes_nothing(volume: Volume) -> None:
    volume.merge(NOW, SPACE, np.zeros((1, *SPACE.shape), np.uint16))
    assert not volume.exists


def test_a_write_of_zeros_overwrites(volume: Volume, voxels: Fill) -> None:
    volume.write(NOW, SPACE, voxels(SPACE))
    volume.write(NOW, Box((1, 2, 3), (20, 30, 40)), np.zeros((1, 19, 28, 37), np.uint16))
    assert np.count_nonzero(volume.read(NOW, SPACE)) == SPACE.size - 19 * 28 * 37


def test_clearing_takes_the_box_and_no_more(volume: Volume, voxels: Fill) -> None:
    volume.write(range(2), SPACE, voxels(SPACE, samples=2))
    box = Box((3, 5, 7), (100, 25, 33))
    volume.clear(range(1, 9), box)
    expected = voxels(SPACE, samples=2)
    expected[1, 3:, 5:25, 7:33] = 0
    assert np.array_equal(volume.read(range(2), SPACE), expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_extreme_values_of_every_dtype_come_back_bit_by_bit(store: Store, dtype: str) -> None:
    kind = np.dtype(dtype)
    limits: Any = np.finfo(kind) if kind.kind == "f" else np.iinfo(kind)
    values = [0, 1, limits.max, limits.max // 2, limits.min]
    if kind.kind == "f":
        values += [-0.0, np.nan, np.inf, -np.inf, limits.smallest_subnormal]
    box = Box.of((2, 3, len(values)))
    new = np.broadcast_to(np.array(values, kind), (1, *box.shape)).copy()
    volume = Volume(store, f"{dtype}/0", Layout(dtype, (2, 3, 4), (1, 3, 2)), (1, *box.shape))
    volume.write(NOW, box, new.copy())
    assert volume.read(NOW, box).tobytes() == new.tobytes()


def test_a_minus_zero_alone_in_a_block_is_kept(store: Store) -> None:
    volume = Volume(store, "f/0", Layout("float32", (2, 3, 4), (1, 3, 2)), (1, 2, 3, 4))
    volume.write(NOW, Box.of((2, 3, 4)), np.full((1, 2, 3, 4), -0.0, np.float32))
    assert np.signbit(volume.read(NOW, Box.of((2, 3, 4)))).all()


def test_voxels_that_are_not_contiguous_are_written_as_they_look(volume: Volume, voxels: Fill) -> None:
    box = Box((1, 2, 3), (6, 9, 12))
    turned = voxels(Box.of((9, 7, 5))).transpose(0, 3, 2, 1)
    volume.write(NOW, box, turned)
    assert np.array_equal(volume.read(NOW, box), turned)


def test_two_arrays_do_not_share_blocks(store: Store, layout: Layout, voxels: Fill) -> None:
    one, other = (Volume(store, path, layout, (1, *SPACE.shape)) for path in ("a/b/c/0", "a/b/c/1"))
    one.write(NOW, SPACE, voxels(SPACE))
    assert not other.read(NOW, SPACE).any()


def test_a_document_is_absent_until_it_is_written_and_then_replaced(store: Store) -> None:
    assert store.document("a/b.json") is None
    store.write_document("a/b.json", b"a long one")
    store.write_document("a/b.json", b"short")
    assert store.document("a/b.json") == b"short"


@pytest.mark.parametrize("block", [(6, 12, 16), (8, 9, 16), (8, 12, 12), (2, 3, 4)])
def test_a_layout_refuses_blocks_that_its_chunks_do_not_fill(block: Point) -> None:
    with pytest.raises(ValueError, match="multiple of its chunks"):
        Layout("uint8", block, (4, 6, 8))


@pytest.mark.parametrize("dtype", ["int8", "float64", "bool", "u2", ""])
def test_a_layout_refuses_other_dtypes(dtype: str) -> None:
    with pytest.raises(ValueError, match="no such dtype"):
        Layout(dtype, (2, 3, 4), (1, 3, 2))


def test_a_folder_with_spaces_and_accents_in_its_name_is_found_again(
    tmp_path: Path, layout: Layout, voxels: Fill
) -> None:
    odd = tmp_path / "a b%20é#"
    odd.mkdir()
    Volume(Store.in_folder(odd), "p/0", layout, (1, *SPACE.shape)).write(NOW, SPACE, voxels(SPACE))
    assert (odd / "p" / "0" / "zarr.json").is_file()
    again = Volume(Store.in_folder(odd), "p/0", layout, (1, *SPACE.shape))
    assert np.array_equal(again.read(NOW, SPACE), voxels(SPACE))
