"""Unreadable is not absent: what is damaged is an error that says where, and everything around it goes on."""

import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bosslet.errors import UnreadableBlock
from bosslet.geometry import Box
from bosslet.volume.layout import Layout
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

Fill = Callable[..., NDArray[Any]]
Untouched = Callable[[], AbstractContextManager[None]]
Damage = Callable[[Path], object]

NOW = range(1)
SPACE = Box.of((16, 24, 32))
BLOCK = Box((8, 12, 16), (16, 24, 32))
CHUNK = Box((8, 12, 16), (12, 18, 24))
OTHER_CHUNK = Box((12, 18, 24), (16, 24, 32))
OTHER_BLOCKS = Box((0, 0, 0), (8, 24, 32))


@pytest.fixture
def volume(tmp_path: Path, layout: Layout, voxels: Fill) -> Volume:
    """Voxels written by one store and looked at through another, which has none of it in memory."""
    Volume(Store.in_folder(tmp_path), "c/e/em/0", layout, (1, *SPACE.shape)).write(NOW, SPACE, voxels(SPACE))
    return Volume(Store.in_folder(tmp_path), "c/e/em/0", layout, (1, *SPACE.shape))


@pytest.fixture
def block(volume: Volume, tmp_path: Path) -> Path:
    return tmp_path / volume.path / "c/0/1/1/1"


@pytest.fixture
def document(volume: Volume, tmp_path: Path) -> Path:
    return tmp_path / volume.path / "zarr.json"


def flip(at: float) -> Damage:
    """One bit, at this part of the file."""

    def damage(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[int(at * (len(content) - 1))] ^= 0x10
        path.write_bytes(content)

    return damage


def cut(part: float) -> Damage:
    return lambda path: os.truncate(path, int(part * path.stat().st_size))


def replace(old: bytes, new: bytes) -> Damage:
    def damage(path: Path) -> None:
        assert old in path.read_bytes()
        path.write_bytes(path.read_bytes().replace(old, new))

    return damage


WHOLE_BLOCK = {
    "a bit of the index": flip(0.999),
    "the last bit": flip(1),
    "half": cut(0.5),
    "all but a byte": cut(0.9999),
    "nothing left": cut(0),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "noise": lambda path: path.write_bytes(np.random.default_rng(1).bytes(path.stat().st_size)),
}


@pytest.mark.parametrize("damage", WHOLE_BLOCK.values(), ids=WHOLE_BLOCK.keys())
def test_a_damaged_block_is_an_error_that_names_path_and_box(volume: Volume, block: Path, damage: Damage) -> None:
    damage(block)
    with pytest.raises(UnreadableBlock, match="c/e/em/0 8:16,12:24,16:32"):
        volume.read(NOW, BLOCK)
    with pytest.raises(UnreadableBlock, match="c/e/em/0 0:16,0:24,0:32"):
        volume.read(NOW, SPACE)


@pytest.mark.parametrize("damage", WHOLE_BLOCK.values(), ids=WHOLE_BLOCK.keys())
def test_the_blocks_around_a_damaged_one_are_read_and_written(
    volume: Volume, block: Path, damage: Damage, voxels: Fill
) -> None:
    damage(block)
    assert np.array_equal(volume.read(NOW, OTHER_BLOCKS), voxels(SPACE)[:, :8])
    volume.write(NOW, OTHER_BLOCKS, voxels(OTHER_BLOCKS))
    assert np.array_equal(volume.read(NOW, OTHER_BLOCKS), voxels(OTHER_BLOCKS))


@pytest.mark.parametrize("damage", WHOLE_BLOCK.values(), ids=WHOLE_BLOCK.keys())
def test_nothing_is_filled_into_a_damaged_block(
    volume: Volume, block: Path, damage: Damage, untouched: Untouched
) -> None:
    damage(block)
    new = np.zeros((1, *BLOCK.shape), np.uint16)
    new[0, 1, 2, 3] = 7
    with untouched():
        with pytest.raises(UnreadableBlock):
            volume.merge(NOW, BLOCK, new)
        with pytest.raises(UnreadableBlock):
            volume.write(NOW, CHUNK, np.ones((1, *CHUNK.shape), np.uint16))
        with pytest.raises(UnreadableBlock):
            volume.clear(NOW, CHUNK)


@pytest.mark.parametrize("damage", WHOLE_BLOCK.values(), ids=WHOLE_BLOCK.keys())
def test_a_damaged_block_is_repaired_by_writing_it_whole(
    volume: Volume, block: Path, damage: Damage, voxels: Fill
) -> None:
    damage(block)
    volume.write(NOW, BLOCK, voxels(BLOCK))
    assert np.array_equal(volume.read(NOW, BLOCK), voxels(BLOCK))


@pytest.mark.parametrize("at", [0, 0.01, 0.05, 0.1])
def test_a_flipped_bit_costs_only_the_chunk_in_which_it_lies(
    volume: Volume, block: Path, at: float, voxels: Fill
) -> None:
    flip(at)(block)
    for box in (CHUNK, BLOCK, SPACE):
        with pytest.raises(UnreadableBlock):
            volume.read(NOW, box)
    assert np.array_equal(volume.read(NOW, OTHER_CHUNK), voxels(SPACE)[0][OTHER_CHUNK.slices][None])


def test_writing_beside_a_damaged_chunk_does_not_make_it_look_whole(volume: Volume, block: Path, voxels: Fill) -> None:
    flip(0)(block)
    volume.write(NOW, OTHER_CHUNK, voxels(OTHER_CHUNK))
    assert np.array_equal(volume.read(NOW, OTHER_CHUNK), voxels(OTHER_CHUNK))
    with pytest.raises(UnreadableBlock):
        volume.read(NOW, CHUNK)


def test_a_block_that_is_damaged_while_the_store_is_open_is_seen(
    tmp_path: Path, layout: Layout, voxels: Fill, block: Path
) -> None:
    volume = Volume(Store.in_folder(tmp_path, cache_bytes=1 << 20), "c/e/em/0", layout, (1, *SPACE.shape))
    assert np.array_equal(volume.read(NOW, SPACE), voxels(SPACE))
    flip(0)(block)
    with pytest.raises(UnreadableBlock):
        volume.read(NOW, SPACE)


DOCUMENT = {
    "noise": lambda path: path.write_bytes(b"\x00\xff garbage"),
    "empty": lambda path: path.write_bytes(b""),
    "half": cut(0.5),
    "another document": lambda path: path.write_bytes(b"{}"),
    "gone": Path.unlink,
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "other values in absent blocks": replace(b'"fill_value":0', b'"fill_value":1'),
    "another dtype of the same size": replace(b'"uint16"', b'"int16"'),
    "another shape of blocks": replace(b"[1,8,12,16]", b"[1,8,12,32]"),
    "another way to name blocks": replace(b'{"name":"default"}', b'{"name":"v2"}'),
}


@pytest.mark.parametrize("damage", DOCUMENT.values(), ids=DOCUMENT.keys())
def test_an_array_with_damaged_metadata_is_an_error_and_not_absent(
    volume: Volume, document: Path, damage: Damage, untouched: Untouched
) -> None:
    damage(document)
    with untouched():
        for box in (BLOCK, SPACE):
            with pytest.raises(UnreadableBlock, match="c/e/em/0"):
                volume.read(NOW, box)
            with pytest.raises(UnreadableBlock, match="c/e/em/0"):
                volume.write(NOW, box, np.ones((1, *box.shape), np.uint16))
            with pytest.raises(UnreadableBlock, match="c/e/em/0"):
                volume.clear(NOW, box)
        with pytest.raises(UnreadableBlock, match="c/e/em/0"):
            volume.create()


def test_an_array_of_another_channel_in_the_place_of_this_one_is_an_error(
    volume: Volume, tmp_path: Path, voxels: Fill
) -> None:
    other = Volume(Store.in_folder(tmp_path), "c/e/labels/0", Layout("uint64", (8, 12, 16), (4, 6, 8)), volume.shape)
    other.write(NOW, SPACE, voxels(SPACE).astype(np.uint64))
    shutil.rmtree(tmp_path / volume.path)
    (tmp_path / other.path).rename(tmp_path / volume.path)
    with pytest.raises(UnreadableBlock, match="c/e/em/0"):
        volume.read(NOW, SPACE)
