"""The allocator, told not to keep what large cutouts needed.

glibc raises, of its own accord, the size from which memory is mapped for one allocation alone and so goes back to the
system when it is freed; and it keeps a heap for each thread. TensorStore frees thousands of chunks in its threads after
a large write: a worker that had written 128 MiB a few times was found to hold 400 MiB for good. On systems with another
allocator nothing is done.

See mallopt(3) and malloc_trim(3).
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

MAPPED_FROM = 2**20 + 2**14
"""Bytes of an allocation that is mapped alone. The chunks of a channel are smaller, those of labels (1 MiB) by
little: to map each of them took three times as long as to decompress it and to copy what was asked for."""
KEPT = 2**24
"""Bytes that a heap keeps free at its end: to have memory of the system takes longer than to use it, and the next small
cutout needs as much as the last one. What is mapped alone does not count."""
SLACK = 2**25
"""Bytes that a process may hold more than it did at the least, before its heaps are searched for what is free."""

_LIBC = ctypes.CDLL(None)
_GLIBC = hasattr(_LIBC, "mallopt") and hasattr(_LIBC, "malloc_trim")
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_PAGES = Path("/proc/self/statm")


def set_up() -> None:
    """To be called before threads and workers are started."""
    if _GLIBC:
        _LIBC.mallopt(_M_TRIM_THRESHOLD, KEPT)
        _LIBC.mallopt(_M_MMAP_THRESHOLD, MAPPED_FROM)


def give_back() -> None:
    """Let the system have what is free in the heaps: worth a millisecond after tens of megabytes."""
    if _GLIBC:
        _LIBC.malloc_trim(0)


class Trimmer:
    """Gives back what is free, once it has become much."""

    def __init__(self) -> None:
        self._least = 0

    def __call__(self) -> None:
        """To be called when a request was answered; takes microseconds when there is nothing to do."""
        if not _GLIBC:
            return
        resident = _resident()
        if resident > self._least + SLACK:
            give_back()
            resident = self._least = _resident()
        self._least = min(self._least, resident)


def _resident() -> int:
    """Bytes that this process has in memory."""
    return int(_PAGES.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
