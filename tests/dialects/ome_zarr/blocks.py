"""Blocks as a Zarr client makes them, of the metadata that the server gives."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import tensorstore as ts
from numpy.typing import NDArray


def block_file(metadata: bytes, voxels: NDArray[Any], key: str = "c/0/0/0/0") -> bytes:
    """The file of a block (z, y, x) that is all there is in an array of this metadata."""
    context = ts.Context()
    files = ts.KvStore.open("memory://", context=context).result()
    files.write("zarr.json", metadata).result()
    array = ts.open({"driver": "zarr3", "kvstore": "memory://"}, context=context, open=True).result()
    sides = json.loads(metadata)["chunk_grid"]["configuration"]["chunk_shape"][1:]
    time, *index = map(int, key.split("/")[1:])
    start = [number * side for number, side in zip(index, sides, strict=True)]
    where = tuple(slice(a, a + side) for a, side in zip(start, voxels.shape, strict=True))
    array[(time, *where)].write(voxels).result()
    found = files.read(key).result()
    assert found.state == "value", "a block of zeros has no file"
    return bytes(found.value)


def edited_metadata(metadata: bytes, **changes: Any) -> bytes:
    """Metadata with another value for some keys."""
    return json.dumps(json.loads(metadata) | changes).encode()


def ramp(shape: tuple[int, ...], dtype: str = "uint8", first: int = 1) -> NDArray[Any]:
    """Voxels of which few are alike, and the first is not zero."""
    return (np.arange(np.prod(shape), dtype=np.uint64) % 251 + first).astype(dtype).reshape(shape)
