"""What an array that describes itself has to match: the one place that knows which shapes and dtypes are let in."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from bosslet.codecs import Shape
from bosslet.errors import WrongDtype, WrongShape


def little_endian(dtype: DTypeLike) -> np.dtype[Any]:
    """The dtype as it is on the wire."""
    return np.dtype(dtype).newbyteorder("<")


def bytes_in(shape: Shape, dtype: DTypeLike) -> int:
    """How many bytes of voxels there are, as a Python integer that cannot overflow."""
    return prod(shape) * np.dtype(dtype).itemsize


def agreed_shape(found: Shape, expected: Shape) -> Shape:
    """The shape to hand an array of shape ``found`` on in.

    A volume is let in where a time series is expected and stays a volume (the caller writes it to the first sample); a
    series of one sample where a volume is expected becomes one.

    >>> agreed_shape((3, 4, 5), (2, 3, 4, 5)), agreed_shape((1, 3, 4, 5), (3, 4, 5))
    ((3, 4, 5), (3, 4, 5))

    Raises:
        WrongShape: neither the expected shape nor one of these.
    """
    if found == expected or (len(expected) == 4 and found == expected[1:]):
        return found
    if len(expected) == 3 and found == (1, *expected):
        return expected
    raise WrongShape(f"an array of {'x'.join(map(str, found))[:100]} where {'x'.join(map(str, expected))} is expected")


def check_dtype(found: str, expected: DTypeLike) -> None:
    """Compare NumPy's spelling of a dtype, such as ``<u2`` or ``|u1``, as text; byte order counts where there is one.

    Raises:
        WrongDtype: another one.
    """
    dtype = little_endian(expected)
    order, code = found[:1], found[1:]
    if code != dtype.str[1:] or (order != dtype.str[0] and not (dtype.itemsize == 1 and order in {*"|<>="})):
        raise WrongDtype(f"an array of dtype {found[:100]!r} where {dtype.str!r} is expected")
