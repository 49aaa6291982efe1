"""Which state a block is in, told from some hundred bytes of its file.

A *generation* is a digest of the index of the shard and of the checksum (crc32c) of every chunk in it. It belongs to
what the block holds, not to the file that holds it: it stays the same when an uploads folder is copied, restored or
moved, and it is another one when voxels change. Inode, time and size would not do: a copy has new ones, so that all
that was computed from the old ones were lost; and within one tick of a file system's clock a third write can get the
inode of the first.

Format: https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from math import prod

import numpy as np
import tensorstore as ts

from bosslet.errors import UnreadableBlock
from bosslet.geometry import Point
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

GENERATION_BYTES = 16

_CHECKSUM_BYTES = 4
_NO_CHUNK = 2**64 - 1
"""What the index has for a chunk that is all zeros and not stored."""
_SANE = np.uint64(2**48)
"""No file is as long; what says otherwise is not an index."""


@dataclass(frozen=True, slots=True)
class BlockState:
    """What is known of a block without reading it."""

    exists: bool
    generation: bytes | None = None
    """None where it cannot be told: the block is being rewritten, or is damaged, or its array has other codecs."""


ABSENT = BlockState(exists=False)
UNKNOWN = BlockState(exists=True)


def block_state(volume: Volume, time: int, index: Point) -> BlockState:
    """The state of a block at this moment."""
    array = volume.store.array(volume.path, volume.layout)
    if array is None:
        return ABSENT
    chunk = _checked_chunk(array)
    # A byte will do to see whether there is a block at all.
    tail = prod(volume.layout.block) // prod(chunk) * 16 + _CHECKSUM_BYTES if chunk else 1
    path = "/".join(map(str, (volume.path, "c", time, *index)))
    try:
        found = volume.store.extracts(path, [slice(-tail, None)])
        if found is None:
            return ABSENT
        return _state(volume.store, path, *found[0]) if chunk else UNKNOWN
    except UnreadableBlock:
        # Cut off, or replaced by a shorter one since its index was read. If it is damaged, reading it says so.
        return UNKNOWN


def _state(store: Store, path: str, index: bytes, file_state: bytes) -> BlockState:
    """The state of the block whose file, in the state that the store calls ``file_state``, ends in this index."""
    ends = _ends_of_chunks(index)
    checksums = None if ends is None else store.extracts(path, [slice(end - _CHECKSUM_BYTES, end) for end in ends])
    if checksums is None or any(state != file_state for _, state in checksums):
        return UNKNOWN
    digest = blake2b(index, digest_size=GENERATION_BYTES)
    for checksum, _ in checksums:
        digest.update(checksum)
    return BlockState(exists=True, generation=digest.digest())


def _ends_of_chunks(index: bytes) -> list[int] | None:
    """Where in the file each chunk ends that is stored; None for bytes that cannot be an index.

    Its checksum is not looked at: bytes that are none lead to a generation that nothing was ever kept for.
    """
    entries = np.frombuffer(index, "<u8", len(index) // 8).reshape(-1, 2)
    offsets, lengths = entries[(entries != _NO_CHUNK).any(axis=1)].T
    if ((offsets > _SANE) | (lengths > _SANE) | (lengths < _CHECKSUM_BYTES)).any():
        return None
    return [int(end) for end in offsets + lengths]


def _checked_chunk(array: ts.TensorStore) -> tuple[int, ...] | None:
    """The shape of the chunks of an array whose blocks have an index and checksums where they are looked for here.

    All arrays that bosslet makes are such; one that was put there by hand need not be.
    """
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
            return tuple(chunk)
    return None
