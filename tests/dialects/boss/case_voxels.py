"""Voxels as cases declare them: a canvas of zeros with layers painted on it, and the four encodings of bossDB.

The fills are spelled out as arithmetic so that a case means the same voxels in any language and with any NumPy. Only
``const:0`` and ``checker`` make zeros, because a posted zero overwrites nothing.
"""

from __future__ import annotations

import io
import math
import pickle
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import blosc
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

BLOSC_HEADER_BYTES = 16


@dataclass(frozen=True, slots=True)
class Layer:
    """One array and where its first voxel lies on the canvas; what sticks out of the canvas is cut off."""

    fill: str
    shape: tuple[int, ...]
    at: tuple[int, ...] = ()
    mode: str = "merge"
    """``merge``: zeros leave what is there. ``replace``: they do not."""


@dataclass(frozen=True, slots=True)
class Voxels:
    """An array, in the order of the wire: (z, y, x), or (t, z, y, x)."""

    dtype: str
    shape: tuple[int, ...]
    encoding: str = "blosc"
    fill: str | None = None
    """Short for a single layer that covers everything."""
    layers: tuple[Layer, ...] = ()

    def array(self) -> Array:
        """The voxels themselves."""
        layers = self.layers if self.fill is None else (Layer(self.fill, self.shape), *self.layers)
        canvas = np.zeros(self.shape, self.dtype)
        for layer in layers:
            _paint(canvas, layer)
        return canvas

    def encoded(self) -> bytes:
        """The voxels as a body."""
        return ENCODERS[self.encoding](self.array())


@lru_cache(maxsize=8)
def fill(name: str, shape: tuple[int, ...], dtype: str) -> Array:
    """An array by the name of its rule: see ``FILLS``; a number after a colon is the rule's argument. Read-only."""
    rule, _, argument = name.partition(":")
    values = FILLS[rule](shape, int(argument or 0), int(np.iinfo(dtype).max)).astype(dtype)
    values.setflags(write=False)
    return values


def _paint(canvas: Array, layer: Layer) -> None:
    at = layer.at or (0,) * canvas.ndim
    sides = list(zip(at, layer.shape, canvas.shape, strict=True))
    target = tuple(slice(max(0, start), max(0, min(size, start + side))) for start, side, size in sides)
    source = tuple(slice(max(0, -start), max(0, min(side, size - start))) for start, side, size in sides)
    values = fill(layer.fill, layer.shape, canvas.dtype.name)[source]
    kept = values != 0 if layer.mode == "merge" else np.ones(values.shape, bool)
    canvas[target][kept] = values[kept]


def _count(shape: tuple[int, ...]) -> Array:
    """0, 1, 2 … in C order."""
    return np.arange(math.prod(shape), dtype=np.uint64).reshape(shape)


def _arange(shape: tuple[int, ...], first: int, top: int) -> Array:
    return (_count(shape) + np.uint64(first)) % np.uint64(top) + np.uint64(1)


def _const(shape: tuple[int, ...], value: int, top: int) -> Array:
    return np.full(shape, min(value, top), np.uint64)


def _checker(shape: tuple[int, ...], value: int, top: int) -> Array:
    odd = sum(np.ogrid[tuple(slice(side) for side in shape)]) % 2
    return np.where(odd, np.uint64(0), np.uint64(min(value, top)))


def _scatter(shape: tuple[int, ...], seed: int, top: int) -> Array:
    mixed = (_count(shape) + np.uint64(1)) * np.uint64(2654435761) + np.uint64(seed * 40503)
    return (mixed >> np.uint64(7)) % np.uint64(top) + np.uint64(1)


def _rows(shape: tuple[int, ...], first: int, top: int) -> Array:
    rows = np.arange(shape[-2], dtype=np.uint64)[:, np.newaxis]
    return np.broadcast_to((rows + np.uint64(first)) % np.uint64(top) + np.uint64(1), shape)


FILLS: dict[str, Callable[[tuple[int, ...], int, int], Array]] = {
    "arange": _arange,
    "const": _const,
    "checker": _checker,
    "scatter": _scatter,
    "rows": _rows,
}
"""By name: a function of the shape, the argument, and the largest value that the dtype holds."""


def _blosc(array: Array) -> bytes:
    packed: bytes = blosc.compress(array.tobytes(), typesize=8 * array.itemsize)  # bits, as bossDB has it
    return packed


def _blosc_python(array: Array) -> bytes:
    # NumPy 1 cannot load what NumPy 2 writes, unless the module is spelled as it was.
    text = pickle.dumps(array, protocol=2).replace(b"cnumpy._core.multiarray", b"cnumpy.core.multiarray")
    packed: bytes = blosc.compress(text, typesize=array.itemsize)
    return packed


def _npygz(array: Array) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=(1, 0), allow_pickle=False)
    return zlib.compress(buffer.getvalue())


def _npygz_big_endian(array: Array) -> bytes:
    return _npygz(array.astype(array.dtype.newbyteorder(">")))


ENCODERS: dict[str, Callable[[Array], bytes]] = {
    "blosc": _blosc,
    "blosc-python": _blosc_python,
    "npygz": _npygz,
    "npygz-big-endian": _npygz_big_endian,
}


def decoded(body: bytes, encoding: str, dtype: str, shape: Sequence[int]) -> Array:
    """The array in an answer's body; raises what the libraries raise when it is none."""
    if encoding == "npygz":
        loaded: Array = np.load(io.BytesIO(zlib.decompress(body)), allow_pickle=False)
        return loaded
    if len(body) < BLOSC_HEADER_BYTES:
        raise ValueError("shorter than a header of blosc")
    raw = blosc.decompress(body)
    return np.frombuffer(raw, dtype).reshape(shape) if encoding == "blosc" else _Inert(io.BytesIO(raw)).load_array()


class _Inert(pickle.Unpickler):
    """Loads pickled arrays and nothing else: a server under test is not to be trusted with more."""

    ALLOWED = frozenset({"_reconstruct", "_frombuffer", "ndarray", "dtype", "encode"})

    def find_class(self, module: str, name: str) -> Any:
        if name not in self.ALLOWED or module.split(".")[0] not in {"numpy", "_codecs"}:
            raise pickle.UnpicklingError(f"{module}.{name} is not part of an array")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)

    def load_array(self) -> Array:
        """The array; raises ValueError for anything else."""
        value = self.load()
        if not isinstance(value, np.ndarray):
            raise ValueError("a pickle, but not of an array")
        return value
