"""Voxels as one frame of blosc 1 (``application/blosc``): their bytes and nothing else, compressed.

A frame says how many bytes it holds, but neither dtype nor shape: another dtype shows up as another byte count, or not
at all. Written with lz4 and without shuffle, which on real images and labels costs a fraction of the time of every
other choice for the same size; any codec and filter of blosc 1 is read. The type size is given in *bits*, as bossDB and
intern do. Readers only need it to undo a shuffle.

c-blosc keeps one context per process and takes a lock around it. Threads wait for each other there, with Python's own
lock released, unless ``BLOSC_NOLOCK`` is in the environment.
"""

from __future__ import annotations

from typing import Any

import blosc
import numpy as np
from numpy.typing import DTypeLike, NDArray

from bosslet.codecs import Body, Shape
from bosslet.codecs.blosc_frame import COPIED, FORMAT_VERSION, HEADER, MAX_BYTES, validate
from bosslet.codecs.expected import bytes_in, little_endian
from bosslet.codecs.unsent import Unsent
from bosslet.errors import DecodeError, TooLarge

SAMPLE, SAMPLES = 2**14, 4
"""Bytes per piece, and pieces, that tell whether voxels compress at all."""
WORTHWHILE = 63 / 64
"""Compress when the sample shrinks to less than this: on noise a plain copy takes a quarter of the time."""

STORED = COPIED | 1 << 5
"""The flags of a frame that c-blosc makes for lz4 and does not compress."""
STORED_BLOCK = 2**21

blosc.set_releasegil(True)
blosc.set_nthreads(1)  # requests run side by side; a pool of threads per process would only get in their way


class Frame:
    """A frame into which its voxels are put where they will be sent from, unless it turns out that they compress."""

    def __init__(self, shape: Shape, dtype: DTypeLike) -> None:
        """Of voxels of any value, all of which are to be written. Raises TooLarge as ``encode``."""
        nbytes = bytes_in(shape, dtype)
        check_size(nbytes)
        self._typesize = 8 * np.dtype(dtype).itemsize
        self._unsent = Unsent(HEADER.size + nbytes)
        self._raw = self._unsent.array[HEADER.size :]
        self.voxels: NDArray[Any] = self._raw.view(little_endian(dtype)).reshape(shape)

    def finish(self) -> bytes:
        """The frame, as ``encode`` makes it; the array is no longer to be used."""
        nbytes = self._raw.size
        if _compresses(self._raw):
            return _pack(self._raw, self._typesize, 5)
        header = FORMAT_VERSION, 1, STORED, self._typesize, nbytes, min(nbytes, STORED_BLOCK), HEADER.size + nbytes
        HEADER.pack_into(self._unsent.array.data, 0, *header)
        return self._unsent.finish()


def encode(voxels: NDArray[Any]) -> bytes:
    """One frame over the bytes of the array in C order, little-endian.

    Raises:
        TooLarge: more than one frame holds.
    """
    check_size(voxels.nbytes)
    raw = np.ascontiguousarray(voxels, little_endian(voxels.dtype)).reshape(-1).view(np.uint8)
    return compress(raw, 8 * voxels.itemsize)


def decode(body: Body, shape: Shape, dtype: DTypeLike) -> NDArray[Any]:
    """A fresh, writable array.

    Raises:
        DecodeError: not a frame that decompresses, or one that no encoder writes.
        WrongShape: not as many bytes as ``shape`` holds.
    """
    validate(body, bytes_in(shape, dtype))
    voxels = np.empty(shape, little_endian(dtype))
    if voxels.nbytes:
        try:
            blosc.decompress_ptr(body, voxels.ctypes.data)
        except blosc.blosc_extension.error as error:
            raise DecodeError(f"a blosc frame that does not decompress: {error}") from error
    return voxels


def check_size(nbytes: int) -> None:
    """Raise TooLarge for more bytes than one frame holds."""
    if nbytes > MAX_BYTES:
        raise TooLarge(f"{nbytes} bytes do not fit into a blosc frame, which holds {MAX_BYTES}")


def compress(raw: NDArray[np.uint8], typesize: int) -> bytes:
    """A frame over bytes that fit into one; stored as they are when they do not shrink."""
    return _pack(raw, typesize, 5 if _compresses(raw) else 0)


def _pack(raw: NDArray[np.uint8], typesize: int, level: int) -> bytes:
    frame: bytes = blosc.compress(raw.data, typesize, level, blosc.NOSHUFFLE, "lz4")
    return frame


def _compresses(raw: NDArray[np.uint8]) -> bool:
    if raw.size <= 4 * SAMPLE * SAMPLES:
        return True
    starts = np.linspace(0, raw.size - SAMPLE, SAMPLES, dtype=np.int64)
    sample = np.concatenate([raw[start : start + SAMPLE] for start in starts])
    return len(blosc.compress(sample.data, 1, 5, blosc.NOSHUFFLE, "lz4")) < WORTHWHILE * sample.size
