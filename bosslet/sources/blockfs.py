"""BlockFS: a directory file with a fixed-width entry for each block, and files that the blocks were appended to.

    "BlockFS\\0" · u32 bytes of JSON · u32 offset of the entries · JSON · entries

An entry is an integer, little-endian: offset in the low bits, number of bytes in the high ones; 0 bytes, or no entry,
is a block of zeros. Block n lies in file n modulo their number, as one frame of blosc. The names of these files are
absolute: where they have been moved since, those of the same name beside the directory file are meant.
(chunglabmit/blockfs, ``directory.py``, version 1.0.0.)
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bosslet.codecs import blosc
from bosslet.errors import DecodeError, UnusableFile, WrongShape
from bosslet.geometry import Box, Grid, Point
from bosslet.sources import source
from bosslet.sources.source import About, Voxels

MAGIC = b"BlockFS\0"
_SIZES = struct.Struct("<II")
_Count = Annotated[int, Field(ge=1, lt=2**32)]
_Bits = Annotated[int, Field(ge=1, le=64)]


class _Metadata(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    XExtent: _Count
    YExtent: _Count
    ZExtent: _Count
    XBlockSize: _Count
    YBlockSize: _Count
    ZBlockSize: _Count
    XStride: _Count
    YStride: _Count
    ZStride: _Count
    DType: str
    NOffsetBits: _Bits
    NSizeBits: _Bits
    BlockFilenames: Annotated[list[str], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Directory:
    """All blocks of a volume."""

    about: About
    file: Path
    block: Point
    strides: Point
    shards: tuple[Path, ...]
    first_entry: int
    offset_bits: int
    size_bits: int

    @property
    def files(self) -> tuple[Path, ...]:
        """The directory file, and those that it leads to."""
        return (self.file, *self.shards)

    def read(self, time: int, box: Box) -> Voxels:
        """The voxels of a box."""
        voxels = np.zeros(box.shape, self.about.dtype)
        for part in Grid(self.block).parts(box):
            whole = Grid(self.block).box_of(part.index).intersection(Box.of(self._extent))
            found = self._block(part.index, whole.shape)
            if found is not None:
                voxels[part.box.relative_to(box.start).slices] = found[part.box.relative_to(whole.start).slices]
        return voxels

    @property
    def _extent(self) -> Point:
        return self.about.shape[1], self.about.shape[2], self.about.shape[3]

    def _block(self, index: Point, shape: Point) -> Voxels | None:
        number = sum(i * stride for i, stride in zip(index, self.strides, strict=True))
        offset, size = self._entry(number)
        if not size:
            return None
        shard = self.shards[number % len(self.shards)]
        with source.about(shard), shard.open("rb") as stream:
            stream.seek(offset)
            frame = stream.read(size)
        if len(frame) < size:
            raise UnusableFile(f"{shard}: is cut off: block z,y,x {index} should end at {offset + size}")
        try:
            return blosc.decode(frame, shape, self.about.dtype)
        except (DecodeError, WrongShape) as error:
            raise UnusableFile(f"{shard}: block z,y,x {index}: {error}") from error

    def _entry(self, number: int) -> tuple[int, int]:
        width = (self.offset_bits + self.size_bits + 7) // 8
        with source.about(self.file), self.file.open("rb") as stream:
            stream.seek(self.first_entry + number * width)
            entry = int.from_bytes(stream.read(width), "little")
        return entry & ((1 << self.offset_bits) - 1), (entry >> self.offset_bits) & ((1 << self.size_bits) - 1)


def blockfs(file: Path) -> Directory:
    """The volume of a directory file."""
    metadata, first_entry = _read(file)
    shape = 1, metadata.ZExtent, metadata.YExtent, metadata.XExtent
    block = metadata.ZBlockSize, metadata.YBlockSize, metadata.XBlockSize
    shards = tuple(_shard(file, name) for name in metadata.BlockFilenames)
    return Directory(
        about=About(str(file), shape, _dtype(file, metadata.DType), grain=block),
        file=file,
        block=block,
        strides=(metadata.ZStride, metadata.YStride, metadata.XStride),
        shards=shards,
        first_entry=first_entry,
        offset_bits=metadata.NOffsetBits,
        size_bits=metadata.NSizeBits,
    )


def _read(file: Path) -> tuple[_Metadata, int]:
    with source.about(file, struct.error), file.open("rb") as stream:
        stream.seek(len(MAGIC))
        length, first_entry = _SIZES.unpack(stream.read(_SIZES.size))
        if length > file.stat().st_size:
            raise UnusableFile(f"{file}: is cut off in its metadata")
        text: Any = json.loads(stream.read(length))
    try:
        return _Metadata.model_validate(text), first_entry
    except ValidationError as error:
        first = error.errors()[0]
        raise UnusableFile(f"{file}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _shard(file: Path, name: str) -> Path:
    for candidate in (Path(name), file.parent / Path(name).name):
        if candidate.is_file():
            return candidate
    raise UnusableFile(f"{name}: is missing, which {file} leads to")


def _dtype(file: Path, name: str) -> np.dtype[Any]:
    with source.about(file, TypeError):
        return np.dtype(name)
