"""Voxels as python-blosc packs a NumPy array (``application/blosc-python``): a frame of blosc 1 around a pickle.

``blosc.unpack_array`` reads what is written here. The other way round it must never be used: it would run whatever a
client pickled, see ``ndarray_pickle``. A frame says how large its pickle is; what is too large for the expected voxels
is refused before it is decompressed. That allows for twice the voxels, because protocols 1 and 2 write bytes as UTF-8.
(Protocol 0 takes six bytes for a zero: larger volumes of zeros do not fit. No packer writes it.)
"""

from __future__ import annotations

from typing import Any

import blosc as python_blosc
import numpy as np
from numpy.typing import DTypeLike, NDArray

from bosslet.codecs import Body, Shape, blosc, inert_pickle, ndarray_pickle
from bosslet.codecs.blosc_frame import Header, validate
from bosslet.codecs.expected import agreed_shape, bytes_in, check_dtype, little_endian
from bosslet.codecs.ndarray_pickle import PickledArray
from bosslet.errors import DecodeError

OVERHEAD = 2**16
"""Bytes of a pickle that are not voxels, generously."""


def encode(voxels: NDArray[Any]) -> bytes:
    """A frame around the pickle of the array.

    Raises:
        TooLarge: more than one frame holds.
    """
    blosc.check_size(voxels.nbytes + OVERHEAD)
    pickled, itemsize = ndarray_pickle.write(voxels), voxels.itemsize
    del voxels  # the last reference, as a rule: with the frame there would be three copies
    return blosc.compress(pickled, itemsize)


def decode(body: Body, shape: Shape, dtype: DTypeLike) -> NDArray[Any]:
    """A fresh, writable array of ``agreed_shape``.

    Raises:
        DecodeError: not a frame around a pickle of one array and nothing else.
        WrongDtype: an array of another dtype or byte order.
        WrongShape: an array of another shape.
    """
    array = inert_pickle.read(_pickle_in(body, 2 * bytes_in(shape, dtype) + OVERHEAD))
    check_dtype(array.dtype.str, dtype)
    agreed = agreed_shape(array.shape, shape)
    return _voxels(array, little_endian(dtype)).reshape(agreed)


def _pickle_in(body: Body, limit: int) -> bytes:
    nbytes = Header.of(body).nbytes
    if nbytes > limit:
        raise DecodeError(f"a pickle of {nbytes} bytes, where the voxels need less than {limit}")
    validate(body, nbytes)
    try:
        pickled: bytes = python_blosc.decompress(body)
    except python_blosc.blosc_extension.error as error:
        raise DecodeError(f"a blosc frame that does not decompress: {error}") from error
    return pickled


def _voxels(array: PickledArray, dtype: np.dtype[Any]) -> NDArray[Any]:
    raw = array.raw
    if len(raw) != bytes_in(array.shape, dtype):
        raise DecodeError(f"{len(raw)} bytes of voxels in a pickled array of {array.shape}")
    return np.frombuffer(raw, dtype).reshape(array.stored).transpose(array.axes).copy()
