"""Voxels as one picture: for eyes, not for computing."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bosslet.errors import EncodingError, TimeNotEncodable, TooLarge, WrongDtype

JPEG_QUALITY = 85
MAX_JPEG_SIDE = 65500
"""Pixels: libjpeg's own limit, a little below that of the format."""


def jpeg(voxels: NDArray[Any]) -> bytes:
    """A gray JPEG of a (z, y, x) volume of uint8, slice below slice: x wide and z * y high.

    Raises:
        TimeNotEncodable: a time series.
        WrongDtype: voxels other than uint8.
        TooLarge: a picture wider or higher than a JPEG can be.
        EncodingError: no voxels at all.
    """
    if voxels.ndim != 3:
        raise TimeNotEncodable("a JPEG holds one sample")
    if voxels.dtype != np.uint8:
        raise WrongDtype(f"a JPEG holds uint8, not {voxels.dtype}")
    z, y, x = voxels.shape
    if max(z * y, x) > MAX_JPEG_SIDE:
        raise TooLarge(f"a JPEG of {x} x {z * y} pixels; {MAX_JPEG_SIDE} is the most per side")
    if voxels.size == 0:
        raise EncodingError("a JPEG of no voxels")
    out = BytesIO()
    Image.fromarray(voxels.reshape(z * y, x)).save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()
