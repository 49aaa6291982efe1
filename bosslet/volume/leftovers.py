"""What a killed writer leaves beside a file: removed when a process starts, and emptied before the file is written.

TensorStore writes ``x`` as ``x.__lock``, under a lock of the kernel, and renames it. A writer that is killed in between
leaves that file. The next one takes it over and writes from its start, but does not cut it: what is left of a longer
content stays as the tail of the new one, and the end is where a block has its index. (TensorStore 0.1.86.) A process
that starts finds by the locks (``locks``) what the killed had in hand; after a power cut it may not know of all.
"""

from __future__ import annotations

import fcntl
import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path


def empty_leftover(file: Path) -> None:
    """To be called before a file is written; what a living writer has there is left to it."""
    _take(file, lambda descriptor, beside: os.ftruncate(descriptor, 0))


def remove_leftover(file: Path) -> None:
    """To be called when nobody is about to write the file; what a living writer has there is left to it even so."""
    _take(file, lambda descriptor, beside: beside.unlink())


def _take(file: Path, change: Callable[[int, Path], None]) -> None:
    beside = file.with_name(f"{file.name}.__lock")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return
    try:
        _lock(descriptor)
        # By now it may have been renamed, and be the file itself.
        if os.path.samestat(os.fstat(descriptor), beside.stat()):
            change(descriptor, beside)
    except (BlockingIOError, FileNotFoundError):
        return
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    """The lock that TensorStore takes, without waiting; closing the descriptor gives it back."""
    if sys.platform == "linux":
        # struct flock of 64-bit systems. Unlike lockf's, this lock belongs to the open file and not to the process.
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
    else:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
