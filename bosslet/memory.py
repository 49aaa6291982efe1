"""The allocator, told not to keep what large cutouts needed.

glibc raises, of its own accord, the size from which memory is mapped for one allocation alone and so goes back to the
system when it is freed; and it keeps a heap for each thread. TensorStore frees thousands of chunks in its threads after
a large write: a worker that had written 128 MiB a few times was found to hold 400 MiB for good. On systems with another
allocator nothing is done.

See mallopt(3) and malloc_trim(3).
"""

from __future__ import annotations

import ctypes

MAPPED_FROM = 2**20 + 2**14
"""Bytes of an allocation that is mapped alone. The chunks of a channel are smaller, those of labels (1 MiB) by
little: to map each of them took three times as long as to decompress it and to copy what was asked for."""
KEPT = 2**24
"""Bytes that a heap keeps free at its end: to have memory of the system takes longer than to use it, and the next small
cutout needs as much as the last one. What is mapped alone does not count."""

_LIBC = ctypes.CDLL(None)
_GLIBC = hasattr(_LIBC, "mallopt") and hasattr(_LIBC, "malloc_trim")
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h


def set_up() -> None:
    """To be called before threads and workers are started."""
    if _GLIBC:
        _LIBC.mallopt(_M_TRIM_THRESHOLD, KEPT)
        _LIBC.mallopt(_M_MMAP_THRESHOLD, MAPPED_FROM)


def give_back() -> None:
    """Let the system have what is free in the heaps: worth a millisecond after tens of megabytes."""
    if _GLIBC:
        _LIBC.malloc_trim(0)
