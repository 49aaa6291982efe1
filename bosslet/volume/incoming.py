"""The bytes of a block that somebody else made, as voxels: checked before anything of them is decompressed.

They are a shard by the metadata of the array: compressed chunks, an index of them at the end, and a checksum of each.
The index must lie in the bytes, and each of its entries be one blosc frame of exactly one chunk, so that nothing larger
than the block is ever allocated; TensorStore then decodes them in memory, and compares the checksums.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import tensorstore as ts
from numpy.typing import NDArray

from bosslet.codecs.blosc_frame import validate
from bosslet.errors import DecodeError, InvalidState
from bosslet.geometry import Box, Grid, Point
from bosslet.volume.shards import checksum_places, tail_bytes
from bosslet.volume.volume import Volume

CHECKSUM_BYTES = 4
CHUNK_OVERHEAD = 2**10
"""How many bytes more than its voxels an honest chunk takes: what blosc puts around them, checksum, index entry."""

Voxels = NDArray[Any]


def block_bytes(volume: Volume) -> int:
    """How many bytes the voxels of a block are."""
    return prod(volume.layout.block) * volume.dtype.itemsize


def most_bytes(volume: Volume) -> int:
    """How long the file of a block may be."""
    chunks = prod(volume.layout.block) // prod(volume.layout.chunk)
    return block_bytes(volume) + chunks * CHUNK_OVERHEAD


def decoded_block(volume: Volume, time: int, index: Point, body: bytes) -> tuple[Box, Voxels]:
    """What of a block lies in the array, and its voxels (z, y, x): a fresh array.

    Raises:
        DecodeError: not a block of this array.
        WrongShape: chunks of another size.
        InvalidState: the array keeps its blocks in another way than bosslet does; nobody can put one over HTTP.
    """
    array = volume.store.array(volume.path, volume.layout, fresh=True)
    if array is None or (tail := tail_bytes(array)) is None or not _is_in_blosc(array):
        raise InvalidState(f"{volume.path}: blocks of an array with these codecs are not taken")
    _check(volume, body, tail)
    box = reached(volume, index)
    return box, _decoded(volume, time, index, box, body)


def reached(volume: Volume, index: Point) -> Box:
    """What of a block lies in the array."""
    array = volume.store.array(volume.path, volume.layout, fresh=True)
    _, z, y, x = (0, 0, 0, 0) if array is None else array.shape
    return Grid(volume.layout.block).box_of(index).intersection(Box.of((z, y, x)))


def _check(volume: Volume, body: bytes, tail: int) -> None:
    places = checksum_places(body[-tail:]) if len(body) >= tail else None
    if places is None:
        raise DecodeError(f"{len(body)} bytes without the index that ends a block")
    nbytes = prod(volume.layout.chunk) * volume.dtype.itemsize
    entries = np.frombuffer(body[-tail:], "<u8", (tail - CHECKSUM_BYTES) // 8).reshape(-1, 2)
    stored = entries[(entries != np.iinfo(np.uint64).max).any(axis=1)].tolist()
    view = memoryview(body)
    for start, length in stored:
        if start + length > len(body) - tail:
            raise DecodeError("a chunk that ends past the chunks of the block")
        validate(view[start : start + length - CHECKSUM_BYTES], nbytes)


def _decoded(volume: Volume, time: int, index: Point, box: Box, body: bytes) -> Voxels:
    """The voxels of a box as an array would have them that has this block alone."""
    context = ts.Context()
    files = ts.KvStore.open("memory://", context=context).result()
    files.write("zarr.json", volume.store.document(f"{volume.path}/zarr.json")).result()
    files.write(volume.layout.file(time, index), body).result()
    array = ts.open({"driver": "zarr3", "kvstore": "memory://"}, context=context, open=True).result()
    try:
        voxels: Voxels = array[(time, *box.slices)].read(order="C").result()
    except ValueError as error:
        raise DecodeError("a block that does not decode, or whose checksums are wrong") from error
    return voxels


def _is_in_blosc(array: ts.TensorStore) -> bool:
    codec = array.codec
    sharding = codec.to_json()["codecs"][0]["configuration"] if codec else {"codecs": []}
    return [inner["name"] for inner in sharding["codecs"]] == ["bytes", "blosc", "crc32c"]
