"""One plane of voxels as a PNG or JPEG: for eyes, not for computing.

Wide images lose all but their highest eight bits. That is crude, but the same everywhere: with limits taken from each
picture, tiles would not fit together. Wide labels get colours by their number, few enough to tell neighbours apart and
so many that neighbours rarely have the same; label 0 is transparent.
"""

from __future__ import annotations

from colorsys import hsv_to_rgb
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bosslet.codecs.image import MAX_JPEG_SIDE
from bosslet.errors import TooLarge, WrongDtype

COLOURS = 217
PIXELS_AT_ONCE = 1 << 20
GOLDEN = (5**0.5 - 1) / 2
"""Of a turn: hues that far apart never come close to each other again for long."""

Pixels = NDArray[np.uint8]


def png(plane: NDArray[Any], *, labels: bool) -> bytes:
    """A picture of an array (row, column): gray, or of wide labels in colour."""
    return _encoded(_coloured(plane) if _in_colour(plane, labels) else _gray(plane), "PNG")


def jpeg(plane: NDArray[Any], *, labels: bool) -> bytes:
    """The same, with black where a PNG is transparent.

    Raises:
        TooLarge: more pixels a side than a JPEG can have.
    """
    check_jpeg_sides(*plane.shape)
    pixels = _coloured(plane)[..., :3] if _in_colour(plane, labels) else _gray(plane)
    return _encoded(pixels, "JPEG")


def check_jpeg_sides(rows: int, columns: int) -> None:
    """Raise TooLarge where there are more than a JPEG can have."""
    if max(rows, columns) > MAX_JPEG_SIDE:
        raise TooLarge(f"a JPEG of {columns} x {rows} pixels; {MAX_JPEG_SIDE} is the most per side")


def _in_colour(plane: NDArray[Any], labels: bool) -> bool:
    return labels and plane.dtype.itemsize > 2


def _gray(plane: NDArray[Any]) -> Pixels:
    if plane.dtype.kind != "u":
        raise WrongDtype(f"a picture shows unsigned integers, not {plane.dtype}")
    bits = 8 * plane.dtype.itemsize
    return plane if bits == 8 else (plane >> (bits - 8)).astype(np.uint8)


def _coloured(plane: NDArray[Any]) -> Pixels:
    flat = np.ascontiguousarray(plane).reshape(-1)
    colours = np.empty((flat.size, 4), np.uint8)
    for first in range(0, flat.size, PIXELS_AT_ONCE):
        labels = flat[first : first + PIXELS_AT_ONCE]
        part = colours[first : first + PIXELS_AT_ONCE]
        part[:] = PALETTE[labels % COLOURS]
        part[labels == 0] = 0
    return colours.reshape(*plane.shape, 4)


def _encoded(pixels: Pixels, kind: str) -> bytes:
    out = BytesIO()
    Image.fromarray(pixels).save(out, kind)
    return out.getvalue()


def _palette() -> Pixels:
    """Opaque colours, none alike, none dark."""
    colours = [
        hsv_to_rgb(number * GOLDEN % 1, (0.95, 0.7, 0.5)[number % 3], (1.0, 0.85, 0.7)[number // 3 % 3])
        for number in range(COLOURS)
    ]
    return np.array([(*(round(255 * part) for part in colour), 255) for colour in colours], np.uint8)


PALETTE = _palette()
