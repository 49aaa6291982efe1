"""What the pickle of a NumPy array says, as frozen values that do nothing; and the writing of one.

Unpickling runs what a pickle names, and no list of allowed names makes that safe: ``numpy.ndarray`` alone is enough to
have gigabytes allocated, or an array of forged pointers built. So here a name is a member of an enumeration, a call to
it gives a description of what it would have made, and nothing is made of it before it was compared with what is
expected. ``inert_pickle`` acts the opcodes out.

Arrays are understood as NumPy 1 and 2 pickle them, by every protocol from 0 to 5. ``write`` names ``numpy.core``, which
both can load; the ``numpy._core`` of NumPy 2 is not known to NumPy 1.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from bosslet.codecs import Shape
from bosslet.codecs.expected import little_endian
from bosslet.errors import DecodeError


class Name(Enum):
    """A function or class that a pickle may name."""

    RECONSTRUCT = auto()
    FROM_BUFFER = auto()
    ARRAY = auto()
    DTYPE = auto()
    ENCODE = auto()


NAMES = {
    ("numpy.core.multiarray", "_reconstruct"): Name.RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): Name.RECONSTRUCT,
    ("numpy.core.numeric", "_frombuffer"): Name.FROM_BUFFER,
    ("numpy._core.numeric", "_frombuffer"): Name.FROM_BUFFER,
    ("numpy", "ndarray"): Name.ARRAY,
    ("numpy", "dtype"): Name.DTYPE,
    ("_codecs", "encode"): Name.ENCODE,
}


@dataclass(frozen=True, slots=True)
class PickledDtype:
    """What a pickle says of a dtype; ``order`` is ``=`` until it says more."""

    code: str
    order: str = "="

    @property
    def str(self) -> str:
        """As in ``numpy.dtype.str``."""
        return self.order + self.code


@dataclass(frozen=True, slots=True)
class PickledArray:
    """What a pickle says of an array, none of it checked but the types."""

    dtype: PickledDtype
    stored: Shape
    """The shape that ``data`` has in C order."""
    axes: Shape
    """By which that is transposed: reversed for an array in Fortran order."""
    data: bytes | bytearray | str
    """Old protocols, and Python 2, write bytes as text in latin-1."""

    @property
    def shape(self) -> Shape:
        """The shape of the array itself."""
        return tuple(self.stored[axis] for axis in self.axes)

    @property
    def raw(self) -> bytes | bytearray:
        """The bytes of the voxels; raises DecodeError when the text is not of bytes."""
        try:
            return self.data.encode("latin1") if isinstance(self.data, str) else self.data
        except UnicodeEncodeError as error:
            raise DecodeError("a pickled array with text that is not of bytes") from error


class Blank(Enum):
    """What _reconstruct() returns, before BUILD fills it."""

    ARRAY = auto()


def write(voxels: NDArray[Any]) -> NDArray[np.uint8]:
    """The pickle of the array as little-endian voxels in C order, which are copied once.

    The data must be less than 4 GiB, every side less than 2 Gi.
    """
    head, tail = _around(voxels.shape, little_endian(voxels.dtype), voxels.nbytes)
    pickled = np.empty(len(head) + voxels.nbytes + len(tail), np.uint8)
    pickled[: len(head)] = np.frombuffer(head, np.uint8)
    pickled[pickled.size - len(tail) :] = np.frombuffer(tail, np.uint8)
    np.ndarray(voxels.shape, little_endian(voxels.dtype), pickled, len(head))[...] = voxels
    return pickled


def _around(shape: Shape, dtype: np.dtype[Any], nbytes: int) -> tuple[bytes, bytes]:
    """What comes before and after the data: protocol 3, by hand because pickle would spell ``numpy._core``."""
    sides = b"".join(b"J" + struct.pack("<i", side) for side in shape)
    head = (
        b"\x80\x03cnumpy.core.multiarray\n_reconstruct\n"
        b"cnumpy\nndarray\nK\x00\x85C\x01b\x87R"  # (ndarray, (0,), b"b")
        b"(K\x01(" + sides + b"tcnumpy\ndtype\n"  # the state begins: version 1, shape
        b"X\x02\x00\x00\x00" + dtype.str[1:].encode() + b"\x89\x88\x87R"  # dtype("u1", False, True)
        b"(K\x03X\x01\x00\x00\x00" + dtype.str[:1].encode() + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89B" + struct.pack("<I", nbytes)  # C order; then the data
    )
    return head, b"tb."


def named(module: object, name: object) -> Name:
    """What GLOBAL and STACK_GLOBAL stand for."""
    known = NAMES.get((module, name)) if isinstance(module, str) and isinstance(name, str) else None
    if known is None:
        raise DecodeError(f"a pickle that names {str(module)[:100]}.{str(name)[:100]}")
    return known


def called(function: object, arguments: object) -> object:
    """What REDUCE gives."""
    match function, arguments:
        case Name.RECONSTRUCT, (Name.ARRAY, _, _):
            return Blank.ARRAY
        case Name.DTYPE, (str(code), _, _):
            return PickledDtype(code)
        case Name.ENCODE, (str(text), "latin1"):
            return text  # encoded at last, once: see PickledArray.raw
        case Name.FROM_BUFFER, (data, dtype, shape, "C"):
            return _array(dtype, shape, False, data)
        case Name.FROM_BUFFER, (data, dtype, shape, "F"):
            return _array(dtype, shape, True, data)
        case Name.FROM_BUFFER, (data, dtype, shape, "K", axes):
            return _transposed(_array(dtype, shape, False, data), axes)
    raise DecodeError("a pickle with a call that no array needs")


def built(blank: object, state: object) -> object:
    """What BUILD turns a value into."""
    match blank, state:
        case PickledDtype(), (3, str(order), None, None, None, -1, -1, 0):
            return replace(blank, order=order)
        case Blank.ARRAY, (1, shape, dtype, bool(fortran), data):
            return _array(dtype, shape, fortran, data)
    raise DecodeError("a pickle with a state that no array of numbers has")


def _array(dtype: object, shape: object, fortran: bool, data: object) -> PickledArray:
    if not isinstance(dtype, PickledDtype) or not _is_shape(shape) or not isinstance(data, bytes | bytearray | str):
        raise DecodeError("a pickled array of something other than a dtype, a shape and bytes")
    axes = tuple(range(len(shape)))
    return PickledArray(dtype, shape[::-1], axes[::-1], data) if fortran else PickledArray(dtype, shape, axes, data)


def _transposed(array: PickledArray, axes: object) -> PickledArray:
    if not _is_shape(axes) or tuple(sorted(axes)) != array.axes:
        raise DecodeError("a pickled array with an impossible order of axes")
    return replace(array, axes=axes)


def _is_shape(value: object) -> TypeGuard[Shape]:
    return isinstance(value, tuple) and all(type(number) is int for number in value)
