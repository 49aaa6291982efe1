"""BlockFS directories, written as its own library writes them."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numcodecs import Blosc

from bosslet.errors import UnusableFile
from bosslet.sources.opening import open_source
from tests.sources.conftest import Volume, assert_holds, distinct

BLOCK = (2, 3, 4)
SHARDS = 3


def write(folder: Path, volume: Volume, codec: str = "zstd", bits: tuple[int, int] = (13, 9), **changes: Any) -> Path:
    """The last block is left out, and one in the middle is written twice, as an update would."""
    folder.mkdir()
    file = folder / "a.blockfs"
    z, y, x = volume.shape
    grid = [-(-side // block) for side, block in zip(volume.shape, BLOCK, strict=True)]
    shards = [folder / f"a.blockfs.{number}" for number in range(SHARDS)]
    metadata = {
        **dict(zip(("ZExtent", "YExtent", "XExtent"), (z, y, x), strict=True)),
        **dict(zip(("ZBlockSize", "YBlockSize", "XBlockSize"), BLOCK, strict=True)),
        **{"XStride": 1, "YStride": grid[2], "ZStride": grid[1] * grid[2], "DType": volume.dtype.name},
        **{
            "NOffsetBits": bits[0],
            "NSizeBits": bits[1],
            "BlockFilenames": list(map(str, shards)),
            "Compression": codec,
        },
        **{"CompressionLvl": 5, "Version": "1.0.0", "microscope": "mine"},
    }
    text = json.dumps(metadata | changes).encode()
    entries = bytearray()
    content = [b""] * SHARDS
    for number, index in enumerate(np.ndindex(*grid)):
        box = tuple(slice(i * side, (i + 1) * side) for i, side in zip(index, BLOCK, strict=True))
        block = Blosc(cname=codec, clevel=5).encode(np.ascontiguousarray(volume[box]))
        size = len(block) if volume[box].any() else 0
        entries += (len(content[number % SHARDS]) + (size << bits[0])).to_bytes((sum(bits) + 7) // 8, "little")
        content[number % SHARDS] += block[:size]
    file.write_bytes(b"BlockFS\0" + struct.pack("<II", len(text), 16 + len(text)) + text + entries.rstrip(b"\0"))
    for shard, data in zip(shards, content, strict=True):
        shard.write_bytes(data)
    return file


@pytest.mark.parametrize("codec", ["zstd", "lz4", "blosclz", "zlib"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint64"])
def test_blocks(codec: str, dtype: str, tmp_path: Path) -> None:
    volume = distinct(dtype)
    volume[2:] = 0
    file = write(tmp_path / "here", volume, codec)
    assert_holds(open_source((str(file),)), volume)
    (tmp_path / "here").rename(tmp_path / "there")
    assert_holds(open_source((str(tmp_path / "there/a.blockfs"),)), volume)


def test_a_missing_or_damaged_shard_is_named(tmp_path: Path) -> None:
    volume = distinct()
    file = write(tmp_path / "a", volume)
    shard = tmp_path / "a/a.blockfs.1"
    content = shard.read_bytes()
    for damaged in (content[:-3], bytes(len(content))):
        shard.write_bytes(damaged)
        source = open_source((str(file),))
        with pytest.raises(UnusableFile, match=r"a\.blockfs\.1: "):
            assert_holds(source, volume)
    shard.unlink()
    with pytest.raises(UnusableFile, match=r"a\.blockfs\.1: is missing"):
        open_source((str(file),))


@pytest.mark.parametrize(
    "changes", [{"ZExtent": 0}, {"XBlockSize": -4}, {"DType": "cats"}, {"NOffsetBits": "13"}, {"BlockFilenames": []}]
)
def test_wrong_metadata_is_one_line(changes: dict[str, Any], tmp_path: Path) -> None:
    file = write(tmp_path / "a", distinct(), **changes)
    with pytest.raises(UnusableFile, match=r"a\.blockfs: ") as failure:
        open_source((str(file),))
    assert len(str(failure.value).splitlines()) == 1
    content = file.read_bytes()
    for length in (8, 12, 16, 40):
        file.write_bytes(content[:length])
        with pytest.raises(UnusableFile, match=r"a\.blockfs: "):
            open_source((str(file),))
