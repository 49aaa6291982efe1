"""Bytes that are filled in after they were made, so that what is sent need not be copied into them.

CPython lets whoever makes a bytes object write to it until it is handed on. One that is large is asked of the system in
large pages where it has them: the thousands of small ones of a cutout of 16 MiB take longer to get than all else that
is done to it.

See PyBytes_FromStringAndSize, https://docs.python.org/3/c-api/bytes.html, and madvise(2).
"""

from __future__ import annotations

import ctypes
import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGE = 2**22
"""From how many bytes on it pays to ask for large pages; NumPy has the same limit for its arrays."""

_new = ctypes.pythonapi.PyBytes_FromStringAndSize
_new.restype, _new.argtypes = ctypes.py_object, (ctypes.c_char_p, ctypes.c_ssize_t)
_address = ctypes.pythonapi.PyBytes_AsString
_address.restype, _address.argtypes = ctypes.c_void_p, (ctypes.py_object,)
_LIBC = ctypes.CDLL(None)
_ADVICE = getattr(mmap, "MADV_HUGEPAGE", None)


class Unsent:
    """Bytes of a fixed length, and an array through which they are written."""

    def __init__(self, length: int) -> None:
        """What is in them at first is whatever was in memory: write to all of it."""
        self._content: bytes = _new(None, length)
        address: int = _address(self._content)
        if length >= LARGE and _ADVICE is not None and hasattr(_LIBC, "madvise"):
            # Advice that cannot be followed, as on a system without such pages, changes nothing.
            start = -(-address // mmap.PAGESIZE) * mmap.PAGESIZE
            _LIBC.madvise(ctypes.c_void_p(start), ctypes.c_size_t(address + length - start), _ADVICE)
        self.array: NDArray[Any] = np.ctypeslib.as_array((ctypes.c_uint8 * length).from_address(address))
        """Only good for as long as this object is."""

    def finish(self) -> bytes:
        """The bytes, which from now on nobody may write to."""
        content, self.array = self._content, np.empty(0, np.uint8)
        return content
