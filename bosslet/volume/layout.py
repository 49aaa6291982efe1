"""How one array of voxels lies on disk: the Zarr v3 metadata of a level, made once and then read from the file.

One block is one shard and one file. Inside it are chunks that are compressed on their own, each followed by a crc32c,
and an index of them with a crc32c at the end, so that a small cutout reads and decompresses little and no damaged byte
passes unseen. Axes are always (t, z, y, x); a block holds one time sample.

Format: https://zarr-specs.readthedocs.io/en/latest/v3/core/ and its codecs ``sharding_indexed``, ``blosc``, ``crc32c``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bosslet.geometry import Point

Json = dict[str, Any]

DTYPES = ("uint8", "uint16", "uint32", "uint64", "float32")
CODECS = ("lz4", "lz4hc", "zstd", "zlib", "blosclz")


@dataclass(frozen=True, slots=True)
class Layout:
    """What is decided when a channel is created and holds for every level of it ever after."""

    dtype: str
    block: Point
    chunk: Point
    codec: str = "lz4"
    """Of blosc's, for arrays that are made; each array says itself how it is compressed."""

    def __post_init__(self) -> None:
        if self.codec not in CODECS:
            raise ValueError(f"no such codec: {self.codec}")
        if self.dtype not in DTYPES:
            raise ValueError(f"no such dtype: {self.dtype}")
        if any(block % chunk for block, chunk in zip(self.block, self.chunk, strict=True)):
            raise ValueError(f"a block {self.block} must be a multiple of its chunks {self.chunk}")

    def metadata(self, shape: tuple[int, int, int, int]) -> Json:
        """The ``zarr.json`` of an array of (t, z, y, x) voxels, as TensorStore takes it."""
        return self.constraints() | {
            "shape": list(shape),
            "dimension_names": ["t", "z", "y", "x"],
            "codecs": [self._sharding()],
        }

    def constraints(self) -> Json:
        """What must be true of a ``zarr.json`` that is opened: with other values voxels would silently be other ones.

        The codecs are not among it: what they get wrong, a checksum sees, and new arrays may be compressed otherwise.
        """
        return {
            "data_type": self.dtype,
            "fill_value": 0,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1, *self.block]}},
            "chunk_key_encoding": {"name": "default"},
        }

    def file(self, time: int, block: Point) -> str:
        """Where in the array's folder the file of a block lies."""
        return "/".join(map(str, ("c", time, *block)))

    def _sharding(self) -> Json:
        little = {"name": "bytes", "configuration": {"endian": "little"}}
        return {
            "name": "sharding_indexed",
            "configuration": {
                "chunk_shape": [1, *self.chunk],
                "codecs": [little, self._blosc(), {"name": "crc32c"}],
                "index_codecs": [little, {"name": "crc32c"}],
                "index_location": "end",
            },
        }

    def _blosc(self) -> Json:
        # Measured: noise of electron microscopes does not compress, and unshuffled lz4 then costs no more than a copy;
        # labels compress twice as well unshuffled. Wider images have a high byte that hardly varies: shuffling pays.
        shuffle = "shuffle" if self.dtype in {"uint16", "float32"} else "noshuffle"
        return {
            "name": "blosc",
            "configuration": {
                "cname": self.codec,
                "clevel": 5,
                "shuffle": shuffle,
                "typesize": np.dtype(self.dtype).itemsize,
                "blocksize": 0,
            },
        }
