"""Bytes that are filled in after they were made, so that what is sent or received need not be copied into them.

CPython lets whoever makes a bytes object write to it until it is handed on. The memory of one that is large is asked of
the system at once, and in large pages where it has them: to be given the thousands of small ones of a cutout of 16 MiB
one by one, as they are first written to, takes longer than all else that is done to it.

See PyBytes_FromStringAndSize, https://docs.python.org/3/c-api/bytes.html, and madvise(2).
"""

from __future__ import annotations

import ctypes
import mmap
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGE = 2**20
"""From how many bytes on that pays: what is smaller is in a heap, where it was in use before."""

_new = ctypes.pythonapi.PyBytes_FromStringAndSize
_new.restype, _new.argtypes = ctypes.py_object, (ctypes.c_char_p, ctypes.c_ssize_t)
_address = ctypes.pythonapi.PyBytes_AsString
_address.restype, _address.argtypes = ctypes.c_void_p, (ctypes.py_object,)
_LIBC = ctypes.CDLL(None)
_ADVICE = (14, 23) if sys.platform == "linux" else ()
"""MADV_HUGEPAGE and MADV_POPULATE_WRITE; of the latter Python has no name."""


class Unsent:
    """Bytes of a fixed length, and an array through which they are written."""

    def __init__(self, length: int) -> None:
        """What is in them at first is whatever was in memory: write to all of it."""
        self._content: bytes = _new(None, length)
        address: int = _address(self._content)
        if length >= LARGE:
            _ask_for_memory(address, length)
        self.array: NDArray[Any] = np.ctypeslib.as_array((ctypes.c_uint8 * length).from_address(address))
        """Only good for as long as this object is."""

    def finish(self) -> bytes:
        """The bytes, which from now on nobody may write to."""
        content, self.array = self._content, np.empty(0, np.uint8)
        return content


def _ask_for_memory(address: int, length: int) -> None:
    """Advice that cannot be followed, as by a system that is older or has no such pages, changes nothing."""
    start = -(-address // mmap.PAGESIZE) * mmap.PAGESIZE
    for advice in _ADVICE:
        _LIBC.madvise(ctypes.c_void_p(start), ctypes.c_size_t(address + length - start), advice)
