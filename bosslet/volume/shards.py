"""What the end of a block's file tells of it: where its chunks are, and a digest that stands for what it holds.

A *generation* is a digest of the index of the shard and of the checksum (crc32c) of every chunk in it. It belongs to
what the block holds, not to the file that holds it: it stays the same when an uploads folder is copied, restored or
moved, and it is another one when voxels change. Inode, time and size would not do: a copy has new ones, so that all
that was computed from the old ones were lost; and within one tick of a file system's clock a third write can get the
inode of the first.

Format: https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from hashlib import blake2b
from math import prod
from pathlib import Path

import numpy as np
import tensorstore as ts

GENERATION_BYTES = 16

_CHECKSUM_BYTES = 4
_ENTRY_BYTES = 16
"""Of the index: where a chunk starts, and how long it is."""
_NO_CHUNK = 2**64 - 1
"""What the index has for a chunk that is all zeros and not stored."""
_SANE = np.uint64(2**48)
"""No file is as long; what says otherwise is not an index."""


def tail_bytes(array: ts.TensorStore) -> int | None:
    """How long the index at the end of each block is; None for an array that keeps it, or checksums, otherwise.

    All arrays that bosslet makes have both; one that was put there by hand need not.
    """
    chunk = _checked_chunk(array)
    if chunk is None:
        return None
    block: list[int] = array.spec().to_json()["metadata"]["chunk_grid"]["configuration"]["chunk_shape"]
    return prod(block) // prod(chunk) * _ENTRY_BYTES + _CHECKSUM_BYTES


def generation(index: bytes, checksums: Iterable[bytes]) -> bytes:
    """The digest of a block, of its index and of the checksums of the chunks that it has, in the order of the index."""
    digest = blake2b(index, digest_size=GENERATION_BYTES)
    for checksum in checksums:
        digest.update(checksum)
    return digest.digest()


def file_generation(file: Path | str, tail: int) -> bytes | None:
    """The generation of a block that nobody writes, from its file; None where that is damaged.

    Raises:
        OSError
    """
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return open_generation(descriptor, tail)
    finally:
        os.close(descriptor)


def open_generation(descriptor: int, tail: int) -> bytes | None:
    """The same of a file that is open, and stays as it is whatever takes its place in its folder."""
    index = os.pread(descriptor, tail, max(0, os.fstat(descriptor).st_size - tail))
    places = checksum_places(index) if len(index) == tail else None
    if places is None:
        return None
    checksums = [os.pread(descriptor, _CHECKSUM_BYTES, place.start) for place in places]
    return generation(index, checksums) if all(len(each) == _CHECKSUM_BYTES for each in checksums) else None


def checksum_places(index: bytes) -> list[slice] | None:
    """Where in the file the checksum of each chunk is, which ends it; None for bytes that cannot be an index.

    Its own checksum is not looked at: bytes that are no index lead to a generation that nothing was ever kept for.
    """
    entries = np.frombuffer(index, "<u8", len(index) // _ENTRY_BYTES * 2).reshape(-1, 2)
    offsets, lengths = entries[(entries != _NO_CHUNK).any(axis=1)].T
    if ((offsets > _SANE) | (lengths > _SANE) | (lengths < _CHECKSUM_BYTES)).any():
        return None
    return [slice(end - _CHECKSUM_BYTES, end) for end in (offsets + lengths).tolist()]


def _checked_chunk(array: ts.TensorStore) -> list[int] | None:
    """The shape of the chunks of an array whose blocks have an index and checksums where they are looked for here."""
    codec = array.codec
    match codec and codec.to_json()["codecs"]:
        case [
            {
                "name": "sharding_indexed",
                "configuration": {
                    "chunk_shape": chunk,
                    "codecs": [*_, {"name": "crc32c"}],
                    "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
                    "index_location": "end",
                },
            }
        ]:
            return list(chunk)
    return None
