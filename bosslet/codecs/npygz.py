"""Voxels as a compressed ``.npy`` file (``application/npygz``): a zlib stream, despite the name, and not gzip.

The header of the file is read from the first KiB and held against what is expected before the voxels are inflated.
Of a stream that inflates to more than them, one byte more is looked at.

NumPy's own reader of such files is no guard. It makes a dtype of whatever the header says, and ``numpy.dtype`` is not
made for strangers: it divides by zero, and takes the process with it, on ``M8[ns/0]`` (NumPy 2.4). So the header, a
Python literal, is parsed without it; the dtype in it stays a text to compare.
"""

from __future__ import annotations

import ast
import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal

import numpy as np
from numpy.lib import format as npy
from numpy.typing import DTypeLike, NDArray

from bosslet.codecs import Body, Shape
from bosslet.codecs.expected import agreed_shape, bytes_in, check_dtype, little_endian
from bosslet.errors import DecodeError

COMPRESSED_PIECE, PIECE = 2**16, 2**20
"""Bytes that go through zlib at a time."""
MAX_HEADER = 1024
"""NumPy itself writes 128 bytes, a few of which say how many."""
MAGIC = {npy.magic(1, 0): struct.Struct("<H"), npy.magic(2, 0): struct.Struct("<I")}
"""How a file of each version begins, and how it then gives the length of its header."""


def encode(voxels: NDArray[Any]) -> bytes:
    """A zlib stream of a file of version 1.0, little-endian and in C order."""
    dtype = little_endian(voxels.dtype)
    header, out, stream = BytesIO(), BytesIO(), zlib.compressobj()
    npy.write_array_header_1_0(header, {"descr": dtype.str, "fortran_order": False, "shape": voxels.shape})
    out.write(stream.compress(header.getvalue()))
    raw = np.ascontiguousarray(voxels, dtype).reshape(-1).view(np.uint8).data
    for start in range(0, len(raw), PIECE):
        out.write(stream.compress(raw[start : start + PIECE]))
    out.write(stream.flush())
    return out.getvalue()


def decode(body: Body, shape: Shape, dtype: DTypeLike) -> NDArray[Any]:
    """A fresh, writable array of ``agreed_shape``, in the memory order that it was sent in.

    Raises:
        DecodeError: not a zlib stream of one array and nothing else.
        WrongDtype: an array of another dtype or byte order.
        WrongShape: an array of another shape.
    """
    inflated = _Inflated(body)
    head = b""
    while len(head) < MAX_HEADER and (piece := inflated.read(MAX_HEADER - len(head))):
        head += piece
    header = _Header.of(head)
    check_dtype(header.descr, dtype)
    agreed = agreed_shape(header.shape, shape)
    raw = np.empty(bytes_in(agreed, dtype), np.uint8)
    _fill(raw.data, head[header.stop :], inflated)
    order: Literal["F", "C"] = "F" if header.fortran_order else "C"
    return raw.view(little_endian(dtype)).reshape(header.shape, order=order).reshape(agreed)


@dataclass(frozen=True, slots=True)
class _Header:
    """What a .npy file says of its array, none of it checked but the types."""

    descr: str
    fortran_order: bool
    shape: Shape
    stop: int
    """Where in the file the voxels begin."""

    @classmethod
    def of(cls, head: bytes) -> _Header:
        length = MAGIC.get(head[: npy.MAGIC_LEN])
        if length is None or len(head) < npy.MAGIC_LEN + length.size:
            raise DecodeError("not a .npy file of version 1 or 2")
        start = npy.MAGIC_LEN + length.size
        stop = start + length.unpack_from(head, npy.MAGIC_LEN)[0]
        if stop > len(head):
            raise DecodeError(f"a .npy file with a header of {stop} bytes, or cut off in it")
        match _literal(head[start:stop].decode("latin1")):
            case {"descr": str(descr), "fortran_order": bool(fortran_order), "shape": tuple(shape), **rest} if not rest:
                if all(type(side) is int for side in shape):
                    return cls(descr, fortran_order, shape, stop)
        raise DecodeError("a .npy file with something other than an array of numbers in its header")


def _literal(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:  # all that it is documented for
        raise DecodeError(f"a .npy file without a header: {str(error)[:100]}") from error


class _Inflated:
    """The body, inflated as far as it is asked for."""

    def __init__(self, body: Body) -> None:
        view = memoryview(body)
        self._pieces = (view[start : start + COMPRESSED_PIECE] for start in range(0, len(view), COMPRESSED_PIECE))
        self._stream = zlib.decompressobj()

    def read(self, most: int) -> bytes:
        """Some of the next bytes, and none at the end; raises DecodeError when that is not where the body ends."""
        while not self._stream.eof:
            compressed = self._stream.unconsumed_tail or next(self._pieces, b"")
            try:
                piece = self._stream.decompress(compressed, most)
            except zlib.error as error:
                raise DecodeError(f"not a zlib stream: {error}") from error
            if piece:
                return piece
            if not compressed:
                raise DecodeError("a zlib stream that breaks off")
        if self._stream.unused_data or next(self._pieces, b""):
            raise DecodeError("bytes after the end of a zlib stream")
        return b""


def _fill(target: memoryview, begin: bytes, inflated: _Inflated) -> None:
    """Put ``begin`` and the rest of the stream into ``target``, which they have to fit exactly."""
    filled = min(len(begin), len(target))
    target[:filled] = begin[:filled]
    while filled < len(target) and (piece := inflated.read(min(PIECE, len(target) - filled))):
        target[filled : filled + len(piece)] = piece
        filled += len(piece)
    if filled < len(target) or len(begin) > len(target) or inflated.read(1):
        raise DecodeError(f"a .npy file with more or less than its {len(target)} bytes of voxels")
