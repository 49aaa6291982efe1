"""Labels by box and boxes by label are what NumPy says, whatever was written since and whatever became of the files."""

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from mapbuffer import MapBuffer
from numpy.typing import NDArray

from bosslet.errors import StorageFull, UnreadableBlock
from bosslet.geometry import Box, Point
from bosslet.volume import label_file, labels
from bosslet.volume.generation import block_state
from bosslet.volume.label_cache import LabelCache
from bosslet.volume.label_table import NOTHING, LabelTable
from bosslet.volume.labels import LabelIndex, union
from bosslet.volume.layout import Layout
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

Voxels = NDArray[Any]

NOW = range(1)
EXTENT = Box.of((13, 25, 37))
"""The last blocks are cut off by it."""
LAYOUT = Layout("uint64", block=(8, 12, 16), chunk=(4, 6, 8))
LARGEST = 2**64 - 1
GENERATION = bytes(range(16))
ON_DISK = pytest.mark.parametrize("store", ["folder"], indirect=True)
"""Of tests that look at the files."""
FORGETFUL = pytest.mark.usefixtures("forgetful")


def made(shape: Point, dtype: str = "uint64", seed: int = 0) -> Voxels:
    """Labels that lie scattered, the largest of its dtype among them, and zeros."""
    rng = np.random.default_rng(seed)
    high = np.iinfo(dtype).max
    names = np.array([0, 0, 0, 1, high, high // 2 + 1, *rng.integers(1, high, 60, dtype).tolist()], dtype)
    return np.repeat(rng.choice(names, (shape[0], shape[1], -(-shape[2] // 3))), 3, axis=2)[:, :, : shape[2]]


def box_around(voxels: Voxels, label: int) -> Box | None:
    places = np.argwhere(voxels == label)
    if not len(places):
        return None
    (z, y, x), (z_last, y_last, x_last) = places.min(axis=0).tolist(), places.max(axis=0).tolist()
    return Box((z, y, x), (z_last + 1, y_last + 1, x_last + 1))


def ids(voxels: Voxels) -> list[int]:
    return [int(label) for label in np.unique(voxels) if label]


def assert_right(index: LabelIndex, voxels: Voxels) -> None:
    assert index.labels_in(EXTENT).tolist() == ids(voxels)
    for label in ids(voxels)[::15]:
        assert index.box_of(label) == box_around(voxels, label)
    largest = int(voxels.max())
    assert index.box_of(largest) == box_around(voxels, largest)


@pytest.fixture
def volume(store: Store) -> Volume:
    return Volume(store, "c/e/seg/0", LAYOUT, (1, *EXTENT.shape))


@pytest.fixture
def voxels(volume: Volume) -> Voxels:
    written = made(EXTENT.shape)
    volume.write(NOW, EXTENT, written[np.newaxis].copy())
    return written


@pytest.fixture
def index(volume: Volume, voxels: Voxels) -> LabelIndex:
    return LabelIndex(volume)


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch) -> LabelCache:
    """The memory of a process that has just started."""
    fresh = LabelCache()
    monkeypatch.setattr(labels, "_CACHE", fresh)
    return fresh


@pytest.fixture
def forgetful(cache: LabelCache) -> None:
    """Whatever is known is known from the files."""
    cache.max_bytes = 0


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[Box]:
    """The boxes whose voxels were read since."""
    read = Volume.read
    boxes: list[Box] = []

    def counting(self: Volume, times: range, box: Box) -> Voxels:
        boxes.append(box)
        return read(self, times, box)

    monkeypatch.setattr(Volume, "read", counting)
    return boxes


def kept(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / ".index").rglob("*") if path.is_file())


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64"])
def test_the_first_and_every_later_answer_is_right(store: Store, dtype: str) -> None:
    volume = Volume(store, "c/e/seg/0", Layout(dtype, LAYOUT.block, LAYOUT.chunk), (1, *EXTENT.shape))
    voxels = made(EXTENT.shape, dtype)
    volume.write(NOW, EXTENT, voxels[np.newaxis].copy())
    for _ in range(2):
        assert_right(LabelIndex(volume), voxels)


@settings(max_examples=20)
@given(st.data())
def test_labels_of_any_box(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    volume = Volume(Store.in_folder(tmp_path_factory.mktemp("any")), "c/e/seg/0", LAYOUT, (1, *EXTENT.shape))
    voxels = made(EXTENT.shape)
    volume.write(NOW, EXTENT, voxels[np.newaxis].copy())
    for _ in range(9):
        spans = [sorted(data.draw(st.tuples(*[st.integers(0, side + 9)] * 2))) for side in EXTENT.shape]
        box = Box((spans[0][0], spans[1][0], spans[2][0]), (spans[0][1], spans[1][1], spans[2][1]))
        assert LabelIndex(volume).labels_in(box).tolist() == ids(voxels[box.slices])


@pytest.mark.parametrize("max_bytes", [0, 3000, 2**26])
def test_a_second_answer_reads_no_voxels(
    index: LabelIndex, voxels: Voxels, counted: list[Box], cache: LabelCache, max_bytes: int
) -> None:
    cache.max_bytes = max_bytes
    assert_right(index, voxels)
    counted.clear()
    assert_right(index, voxels)
    assert counted == []


def test_only_the_blocks_that_a_box_cuts_through_are_read_again(index: LabelIndex, counted: list[Box]) -> None:
    index.labels_in(EXTENT)
    counted.clear()
    index.labels_in(Box((0, 0, 0), (8, 13, 37)))
    # Of those, what the index alone cannot tell: one row in three blocks.
    assert {(box.start[1], box.stop[1]) for box in counted} == {(12, 13)}
    counted.clear()
    index.labels_in(Box((8, 12, 16), (16, 24, 32)))
    assert counted == []


@pytest.mark.parametrize("change", ["write", "merge", "clear"])
def test_what_is_written_counts_at_once(index: LabelIndex, voxels: Voxels, counted: list[Box], change: str) -> None:
    assert_right(index, voxels)
    box = Box((2, 3, 5), (7, 11, 15))
    new = made(box.shape, seed=1)
    if change == "write":
        index.volume.write(NOW, box, new[np.newaxis].copy())
        voxels[box.slices] = new
    elif change == "merge":
        index.volume.merge(NOW, box, new[np.newaxis].copy())
        voxels[box.slices] = np.where(new, new, voxels[box.slices])
    else:
        index.volume.clear(NOW, box)
        voxels[box.slices] = 0
    counted.clear()
    assert_right(index, voxels)
    assert all(piece in Box.of(LAYOUT.block) for piece in counted), "only the block that changed is read"


def test_a_label_that_changes_without_any_length_changing(index: LabelIndex, voxels: Voxels) -> None:
    block = Box.of(LAYOUT.block)
    for label in (5, 6, 5, 7):
        index.volume.write(NOW, block, np.full((1, *block.shape), label, np.uint64))
        voxels[block.slices] = label
        assert_right(index, voxels)


def test_blocks_that_come_and_grow_the_array(index: LabelIndex, voxels: Voxels) -> None:
    assert_right(index, voxels)
    index.volume.write(NOW, Box((14, 26, 38), (15, 27, 39)), np.full((1, 1, 1, 1), LARGEST - 1, np.uint64))
    assert index.box_of(LARGEST - 1) == Box((14, 26, 38), (15, 27, 39))
    assert index.labels_in(EXTENT).tolist() == ids(voxels)
    assert LARGEST - 1 in index.labels_in(Box.of((99, 99, 99)))


def test_a_sample_of_its_own(index: LabelIndex, voxels: Voxels) -> None:
    index.volume.write(range(2, 3), EXTENT, np.full((1, *EXTENT.shape), 9, np.uint64))
    assert_right(index, voxels)
    assert LabelIndex(index.volume, time=2).labels_in(EXTENT).tolist() == [9]
    assert LabelIndex(index.volume, time=1).labels_in(EXTENT).tolist() == []
    assert LabelIndex(index.volume, time=1).box_of(9) is None


@pytest.mark.parametrize("label", [0, -1, 2, 2**63 + 1, 2**64, 10**400], ids=lambda label: f"{label % 2**64}")
def test_a_label_that_is_nowhere(index: LabelIndex, label: int) -> None:
    assert index.box_of(label) is None


def test_what_was_never_written_has_no_labels(store: Store, counted: list[Box]) -> None:
    index = LabelIndex(Volume(store, "c/e/none/0", LAYOUT, (1, *EXTENT.shape)))
    far = Box((0, 0, 0), (10**12, 10**12, 10**12))
    assert (index.labels_in(far).tolist(), index.labels_in(EXTENT).tolist(), index.box_of(1)) == ([], [], None)
    index.volume.write(NOW, Box((10**5, 0, 0), (10**5 + 1, 1, 1)), np.full((1, 1, 1, 1), 3, np.uint64))
    counted.clear()
    assert index.labels_in(far).tolist() == [3]
    assert index.box_of(3) == Box((10**5, 0, 0), (10**5 + 1, 1, 1))
    assert sum(box.size for box in counted) <= np.prod(LAYOUT.block)


def test_a_block_of_noise_is_not_kept(
    index: LabelIndex, voxels: Voxels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labels, "MAX_KEPT", 3)
    assert_right(index, voxels)
    assert kept(tmp_path) == []


@pytest.mark.parametrize("at_once", [1, 500, 2**20])
def test_blocks_are_looked_at_in_pieces(
    index: LabelIndex, voxels: Voxels, counted: list[Box], at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labels, "VOXELS_AT_ONCE", at_once)
    index.labels_in(EXTENT)
    assert max(box.size for box in counted) <= max(at_once, np.prod(LAYOUT.chunk))
    assert_right(index, voxels)


def test_an_index_is_a_mapbuffer_beside_the_image(folder: Store, tmp_path: Path) -> None:
    volume = Volume(folder, "c/e/seg/0", LAYOUT, (1, *EXTENT.shape))
    voxels = np.zeros(EXTENT.shape, np.uint64)
    voxels[9:11, 13:17, 18:23] = 7
    voxels[9, 13, 18] = LARGEST
    volume.write(NOW, EXTENT, voxels[np.newaxis].copy())
    LabelIndex(volume).labels_in(EXTENT)
    # Blocks of zeros were not stored at all.
    assert [str(path.relative_to(tmp_path)) for path in kept(tmp_path)] == [".index/c/e/seg/0/0/1/1/1"]
    entries = MapBuffer(kept(tmp_path)[0].read_bytes()).todict()
    values = {int(label): np.frombuffer(value, "<u4").tolist() for label, value in entries.items() if label}
    assert values == {7: [39, 0, 1, 1, 2, 3, 5, 7], LARGEST: [1, 0, 1, 1, 2, 2, 2, 3]}
    assert entries[0][:16] == block_state(volume, 0, (1, 1, 1)).generation


@ON_DISK
def test_zarr_tools_see_the_arrays_alone(index: LabelIndex, tmp_path: Path) -> None:
    index.labels_in(EXTENT)
    zarr.create_group(str(tmp_path / "c/e/seg"), zarr_format=3)
    group = zarr.open_group(str(tmp_path / "c/e/seg"), mode="r")
    assert [name for name, _ in group.members(max_depth=None)] == ["0"]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "torn": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "header alone": lambda content: content[:16],
    "longer": lambda content: content + b"\0",
    "no mapbuffer": lambda content: b"X" + content[1:],
    "more entries than there are": lambda content: content[:12] + b"\xff\xff\xff\xff" + content[16:],
    "no entries": lambda content: content[:12] + bytes(4),
    "a label": lambda content: content[:16] + bytes([content[16] ^ 1]) + content[17:],
    "an offset": lambda content: content[:24] + bytes([content[24] ^ 1]) + content[25:],
    "the last value": lambda content: content[:-12] + bytes([content[-12] ^ 1]) + content[-11:],
    "noise": lambda content: np.random.default_rng(0).bytes(len(content)),
    "another's": lambda content: label_file.encode(NOTHING, GENERATION),
}


@ON_DISK
@FORGETFUL
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_index_is_made_again(index: LabelIndex, voxels: Voxels, tmp_path: Path, damage: str) -> None:
    index.labels_in(EXTENT)
    good = {path: path.read_bytes() for path in kept(tmp_path)}
    for path, content in good.items():
        path.write_bytes(DAMAGES[damage](content))
    assert_right(index, voxels)
    assert {path: path.read_bytes() for path in kept(tmp_path)} == good


@given(st.data())
def test_no_flipped_bit_is_believed(data: st.DataObject) -> None:
    table = LabelTable.of(made((3, 4, 15)), (0, 0, 0))
    content = bytearray(label_file.encode(table, GENERATION))
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    read = label_file.decode(bytes(content), GENERATION)
    # Of what the package keeps for its own readers nothing depends: its checksums of single values.
    assert read is None or all(np.array_equal(a, b) for a, b in zip(read._columns(), table._columns(), strict=True))


@FORGETFUL
def test_an_index_outlives_a_copy_of_the_folder(folder: Store, tmp_path: Path, counted: list[Box]) -> None:
    volume = Volume(folder, "c/e/seg/0", LAYOUT, (1, *EXTENT.shape))
    voxels = made(EXTENT.shape)
    volume.write(NOW, EXTENT, voxels[np.newaxis].copy())
    LabelIndex(volume).labels_in(EXTENT)
    shutil.copytree(tmp_path, tmp_path.parent / "copy", copy_function=shutil.copyfile)
    copy = Volume(Store.in_folder(tmp_path.parent / "copy"), volume.path, LAYOUT, volume.shape)
    counted.clear()
    assert_right(LabelIndex(copy), voxels)
    assert counted == []


def test_a_block_that_changes_while_inode_time_and_size_stay(folder: Store, tmp_path: Path) -> None:
    volume = Volume(folder, "c/e/seg/0", LAYOUT, (1, *EXTENT.shape))
    path, block = tmp_path / "c/e/seg/0/c/0/0/0/0", Box.of(LAYOUT.block)
    index = LabelIndex(volume)
    volume.write(NOW, block, np.full((1, *block.shape), 5, np.uint64))
    old, size = path.read_bytes(), path.stat().st_size
    volume.write(NOW, block, np.full((1, *block.shape), 6, np.uint64))
    assert index.labels_in(block).tolist() == [6]
    new = path.stat()
    path.write_bytes(old)
    os.utime(path, ns=(new.st_atime_ns, new.st_mtime_ns))
    assert (path.stat().st_ino, path.stat().st_size) == (new.st_ino, size)
    assert index.labels_in(block).tolist() == [5]


@ON_DISK
@pytest.mark.parametrize("length", [0, 1, 100])
def test_a_cut_off_block_is_an_error_and_no_absence(index: LabelIndex, tmp_path: Path, length: int) -> None:
    index.labels_in(EXTENT)
    path = tmp_path / "c/e/seg/0/c/0/0/0/0"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(UnreadableBlock):
        index.labels_in(EXTENT)
    with pytest.raises(UnreadableBlock):
        index.box_of(1)


def test_an_array_that_others_made_is_answered_without_an_index(folder: Store, tmp_path: Path) -> None:
    voxels = made((16, 24, 32))
    array = zarr.create_array(
        str(tmp_path / "c/e/seg/0"), shape=(1, 16, 24, 32), dtype="uint64", chunks=(1, 4, 6, 8), shards=(1, 8, 12, 16)
    )
    array[0] = voxels
    index = LabelIndex(Volume(folder, "c/e/seg/0", LAYOUT, (1, 16, 24, 32)))
    assert block_state(index.volume, 0, (0, 0, 0)).generation is None
    assert index.labels_in(Box.of((16, 24, 32))).tolist() == ids(voxels)
    assert index.box_of(1) == box_around(voxels, 1)
    assert kept(tmp_path) == []


def test_a_full_disk_stops_no_answer(index: LabelIndex, voxels: Voxels, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StorageFull("no room")

    monkeypatch.setattr(Store, "write_document", full)
    assert_right(index, voxels)


def test_answers_while_others_write_are_of_one_state_of_the_block(folder: Store) -> None:
    volume = Volume(folder, "c/e/seg/0", LAYOUT, (1, *LAYOUT.block))
    block, stop = Box.of(LAYOUT.block), Event()
    volume.write(NOW, block, np.full((1, *block.shape), 1, np.uint64))

    def write() -> int:
        label = 1
        while not stop.is_set():
            label = label % 200 + 1
            volume.write(NOW, block, np.full((1, *block.shape), label, np.uint64))
        return label

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write)
        answers = [LabelIndex(volume).labels_in(block).tolist() for _ in range(100)]
        stop.set()
        last = writer.result()
    assert {len(answer) for answer in answers} == {1}
    assert len({answer[0] for answer in answers}) > 1
    assert LabelIndex(volume).labels_in(block).tolist() == [last]
    assert LabelIndex(volume).box_of(last) == block


def test_a_block_that_is_never_at_rest_is_read_under_its_lock(
    index: LabelIndex, voxels: Voxels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = iter(range(10**6))
    real = labels.block_state

    def restless(volume: Volume, time: int, block: Point) -> Any:
        state = real(volume, time, block)
        return type(state)(state.exists, next(states).to_bytes(16, "big"))

    monkeypatch.setattr(labels, "block_state", restless)
    assert_right(index, voxels)
    assert kept(tmp_path) == []


def test_memory_holds_what_was_asked_for_last() -> None:
    tables = [LabelTable.of(np.full((1, 1, 1), label, np.uint64), (0, 0, 0)) for label in range(1, 6)]
    names = [bytes([number]) for number in range(5)]
    cache = LabelCache(3 * tables[0].nbytes)
    for name, table in zip(names, tables, strict=True):
        cache.put(LAYOUT, name, table)
        cache.put(LAYOUT, name, table)
        assert cache.get(LAYOUT, names[0]) is tables[0]
    assert [cache.get(LAYOUT, name) is table for name, table in zip(names, tables, strict=True)] == [1, 0, 0, 1, 1]
    turned = Layout(LAYOUT.dtype, LAYOUT.block[::-1], LAYOUT.chunk[::-1])
    assert cache.get(turned, names[0]) is None


@given(st.lists(st.lists(st.integers(0, LARGEST), max_size=20), max_size=20), st.integers(0, 30))
def test_a_union_holds_each_label_once(parts: list[list[int]], at_once: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(labels, "VOXELS_AT_ONCE", at_once)
        found = union(np.array(part, np.uint64) for part in parts)
    assert found.dtype == np.uint64
    assert found.tolist() == sorted({label for part in parts for label in part} - {0})
