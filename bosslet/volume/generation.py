"""Which state a block is in, told from some hundred bytes of its file.

A *generation* is a digest of the index of the shard and of the checksum (crc32c) of every chunk in it. It belongs to
what the block holds, not to the file that holds it: it stays the same when an uploads folder is copied, restored or
moved, and it is another one when voxels change. Inode, time and size would not do: a copy has new ones, so that all
that was computed from the old ones were lost; and within one tick of a file system's clock a third write can get the
inode of the first.

Format: https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from math import prod

import numpy as np
import tensorstore as ts

from bosslet.errors import UnreadableBlock
from bosslet.geometry import Point
from bosslet.volume.extracts import Extract
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

GENERATION_BYTES = 16

_CHECKSUM_BYTES = 4
_ENTRY_BYTES = 16
"""Of the index: where a chunk starts, and how long it is."""
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


def block_states(volume: Volume, time: int, indices: Sequence[Point]) -> list[BlockState]:
    """The states of some blocks at this moment; their files are read side by side."""
    array = volume.store.array(volume.path, volume.layout)
    if array is None:
        return [ABSENT] * len(indices)
    chunk = _checked_chunk(array)
    # A byte will do to see whether there is a block at all.
    size = prod(volume.layout.block) // prod(chunk) * _ENTRY_BYTES + _CHECKSUM_BYTES if chunk else 1
    paths = [f"{volume.path}/{volume.layout.file(time, index)}" for index in indices]
    tails = _read(volume.store, {path: [slice(-size, None)] for path in paths})
    places = {path: _checksum_places(tail[0].content) for path, tail in tails.items() if tail and chunk}
    checksums = _read(volume.store, {path: found for path, found in places.items() if found is not None})
    return [_state(tails.get(path, []), checksums.get(path)) for path in paths]


def block_state(volume: Volume, time: int, index: Point) -> BlockState:
    """The state of one block at this moment."""
    return block_states(volume, time, [index])[0]


def _state(tail: list[Extract] | None, checksums: list[Extract] | None) -> BlockState:
    if tail is None:
        return ABSENT
    if checksums is None or any(checksum.file_state != tail[0].file_state for checksum in checksums):
        return UNKNOWN
    digest = blake2b(tail[0].content, digest_size=GENERATION_BYTES)
    for checksum in checksums:
        digest.update(checksum.content)
    return BlockState(exists=True, generation=digest.digest())


def _read(store: Store, wanted: dict[str, list[slice]]) -> dict[str, list[Extract] | None]:
    """Pieces of files by path; None where there is no file, and nothing where it cannot be read.

    It may have been replaced by a shorter one since its index was read. If it is damaged, reading the block says so.
    """
    reading = {path: store.reading(path, ranges) for path, ranges in wanted.items()}
    found = {}
    for path, extracts in reading.items():
        with suppress(UnreadableBlock):
            found[path] = extracts.result()
    return found


def _checksum_places(index: bytes) -> list[slice] | None:
    """Where in the file the checksum of each chunk is, which ends it; None for bytes that cannot be an index.

    Its own checksum is not looked at: bytes that are no index lead to a generation that nothing was ever kept for.
    """
    entries = np.frombuffer(index, "<u8", len(index) // _ENTRY_BYTES * 2).reshape(-1, 2)
    offsets, lengths = entries[(entries != _NO_CHUNK).any(axis=1)].T
    if ((offsets > _SANE) | (lengths > _SANE) | (lengths < _CHECKSUM_BYTES)).any():
        return None
    return [slice(end - _CHECKSUM_BYTES, end) for end in (offsets + lengths).tolist()]


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
