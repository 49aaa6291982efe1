"""Labels in Neuroglancer's ``compressed_segmentation``: small tables of the labels in each piece of 8 voxels a side.

It is made to be read at single voxels by a graphics card, so it leaves much that another compression on top takes out.

Format: https://github.com/google/neuroglancer/tree/master/src/sliceview/compressed_segmentation.
"""

from __future__ import annotations

from typing import Any

import compressed_segmentation
import numpy as np
from numpy.typing import NDArray

from bosslet.errors import EncodingError, TimeNotEncodable, WrongDtype

PIECE = (8, 8, 8)
"""The voxels that share a table; a reader has to be told."""
DTYPES = ("uint32", "uint64")


def encode(voxels: NDArray[Any]) -> bytes:
    """One channel of a (z, y, x) volume.

    Raises:
        TimeNotEncodable: a time series.
        WrongDtype: labels of another width than the format has.
        EncodingError: no voxels at all.
    """
    if voxels.ndim != 3:
        raise TimeNotEncodable("compressed_segmentation holds one sample")
    if voxels.dtype.name not in DTYPES:
        raise WrongDtype(f"compressed_segmentation holds {' or '.join(DTYPES)}, not {voxels.dtype}")
    if voxels.size == 0:
        raise EncodingError("compressed_segmentation of no voxels")
    # To the library the first axis is x: the transpose of C order is its "F", and nothing is copied.
    packed: bytes = compressed_segmentation.compress(np.ascontiguousarray(voxels).T[..., np.newaxis], PIECE, "F")
    return packed
