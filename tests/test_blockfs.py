"""A program for BlockFS runs on a bosslet channel."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bosslet.blockfs import Compression, Directory
from bosslet.blockfs.making import CHUNK, divisor
from bosslet.datastore import Datastore
from bosslet.errors import ConfigurationError, InvalidBox, NotFound, UnreadableBlock, WrongShape
from bosslet.geometry import Box
from bosslet.jobs.verify import verify

ROOT = Path(__file__).parent.parent

# From the README of https://github.com/chunglabmit/blockfs, with another import and another size.
SAMPLE = """
import numpy as np
from bosslet.blockfs import Directory
import multiprocessing # not neccessary, demo its use though
import itertools

directory = Directory(1024, 1024, 1024, np.uint16, "volume.blockfs",
                      x_block_size=64, y_block_size=64, z_block_size=64)
directory.create()
directory.start_writer_processes() # need this for multithreading setup

def do_something_awesome(x, y, z):
    block = np.random.randint(0, 65535, (64, 64, 64), np.uint16)
    directory.write_block(block, x, y, z)

with multiprocessing.Pool() as pool:
    pool.starmap(do_something_awesome, itertools.product(range(0, 1024, 64),
                                                         range(0, 1024, 64),
                                                         range(0, 1024, 64)))
directory.close()

block_128_64_0 = Directory.open("volume.blockfs").read_block(128, 64, 0)
"""
# Blocks that tell where they are.
LINES = {
    "Directory(1024, 1024, 1024": "Directory(192, 128, 64",
    "range(0, 1024, 64),\n                                                         range(0, 1024, 64),\n"
    "                                                         range(0, 1024, 64)": "(0, 64, 128), (0, 64), (0,)",
    "np.random.randint(0, 65535, (64, 64, 64), np.uint16)": "np.full((64, 64, 64), 1 + x + y, np.uint16)",
}


def test_its_own_sample_program_runs(tmp_path: Path) -> None:
    program = SAMPLE
    for old, new in LINES.items():
        assert old in program
        program = program.replace(old, new)
    program += "assert block_128_64_0.shape == (64, 64, 64) and (block_128_64_0 == 193).all()\n"
    path = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=path, timeout=120, check=True)
    datastore = Datastore.open(tmp_path / "volume.blockfs")
    datastore.prepare()
    voxels = datastore.volume("blockfs", "volume", "data").read(range(1), Box.of((64, 128, 192)))[0]
    assert [voxels[0, y, x] for y in (0, 64) for x in (0, 64, 128)] == [1, 65, 129, 65, 129, 193]
    assert verify(datastore).ok
    datastore.close()


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    made = Directory(
        37, 23, 11, "uint32", tmp_path / "v.blockfs", 3, 16, 8, 5, compression=Compression.lz4, metadata={"a": [1]}
    )
    made.create()
    return made


def test_blocks_at_the_end_are_cut_off(directory: Directory) -> None:
    expected = np.arange(11 * 23 * 37, dtype="uint32").reshape(11, 23, 37)
    for z in range(0, 11, 5):
        for y in range(0, 23, 8):
            for x in range(0, 37, 16):
                block = expected[z : z + 5, y : y + 8, x : x + 16]
                assert directory.get_block_size(x, y, z) == block.shape
                directory.write_block(block.astype("int64"), x, y, z)
    opened = Directory.open(directory.directory_filename)
    assert (opened.x_extent, opened.y_extent, opened.z_extent, opened.dtype) == (37, 23, 11, np.uint32)
    assert (opened.x_block_size, opened.y_block_size, opened.z_block_size) == (16, 8, 5)
    assert opened.metadata == {"a": [1]}
    np.testing.assert_array_equal(opened.read_block(32, 16, 10), expected[10:, 16:, 32:])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(opened)).read_block(16, 0, 5), expected[5:10, :8, 16:32])
    opened.close()
    np.testing.assert_array_equal(opened.read_block(0, 0, 0), expected[:5, :8, :16])


def test_what_was_not_written_is_zeros_and_what_is_gone_is_an_error(directory: Directory) -> None:
    assert not directory.read_block(0, 0, 0).any()
    directory.write_block(np.ones((5, 8, 16)), 16, 8, 5)
    (block,) = Path(directory.directory_filename).rglob("c/0/1/1/1")
    directory.write_block(np.full((5, 8, 16), 2), 16, 8, 5)
    assert (directory.read_block(16, 8, 5) == 2).all()
    block.unlink()
    with pytest.raises(UnreadableBlock):
        directory.read_block(16, 8, 5)


def test_what_is_no_block_is_refused(directory: Directory) -> None:
    block = np.ones((5, 8, 16))
    for place in ((1, 0, 0), (0, 4, 0), (48, 0, 0), (0, -8, 0), (0, 0, 15)):
        with pytest.raises(InvalidBox):
            directory.write_block(block, *place)
        with pytest.raises(InvalidBox):
            directory.read_block(*place)
    for wrong in (block.T, block[:4], np.ones((1, 5, 8, 16))):
        with pytest.raises(WrongShape):
            directory.write_block(wrong, 0, 0, 0)
    assert not directory.read_block(0, 0, 0).any()


def test_a_channel_of_a_folder_that_is_there(directory: Directory, tmp_path: Path) -> None:
    inner = Directory(20, 10, 30, np.uint8, tmp_path / "v.blockfs/mouse/cortex/em")
    inner.create()
    inner.write_block(np.full((30, 10, 20), 5), 0, 0, 0)
    assert (Directory.open(tmp_path / "v.blockfs/mouse/cortex/em").read_block(0, 0, 0) == 5).all()
    other = Directory(20, 10, 31, np.uint8, tmp_path / "v.blockfs/mouse/cortex/other")
    with pytest.raises(ConfigurationError, match="ends at"):
        other.create()


def test_what_cannot_be_made_or_opened_is_said(directory: Directory, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="v/data"):
        directory.create()
    with pytest.raises(ConfigurationError, match="int16"):
        Directory(4, 5, 6, np.int16, tmp_path / "w").create()
    (tmp_path / "file.blockfs").write_bytes(b"BlockFS\0")
    for name, match in (("none", "no such"), ("file.blockfs", "ingest")):
        with pytest.raises(ConfigurationError, match=match):
            Directory.open(tmp_path / name)
    with pytest.raises(NotFound):
        Directory.open(tmp_path / "v.blockfs/mouse/cortex/em")
    assert not (tmp_path / "w").exists()


def test_a_fork_that_would_abort_is_told_why(directory: Directory) -> None:
    program = f"""
import multiprocessing
from bosslet.blockfs import Directory
directory = Directory.open({directory.directory_filename!r})
directory.read_block(0, 0, 0)
with multiprocessing.get_context("fork").Pool(1) as pool:
    try:
        pool.apply(directory.read_block, (0, 0, 0))
    except Exception as error:
        assert "forked" in str(error)
    else:
        raise SystemExit("no error")
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], timeout=60, check=True)


@given(st.integers(1, 1024), st.sampled_from(CHUNK))
def test_chunks_divide_blocks_and_are_not_tiny(side: int, most: int) -> None:
    part = divisor(side, most)
    assert side % part == 0
    assert part == side or part * 4 >= min(side, most)
