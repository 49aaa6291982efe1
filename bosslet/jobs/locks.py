"""Who works on what: locks that the kernel drops when their holder dies, so that nothing needs a clock or a cleanup.

A lock belongs to an open file. A child that inherits the file holds the lock as well, until the last of both closes it:
so a process can be started as the holder of a lock, without a moment in between in which somebody else could be.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = ".jobs"
"""In the uploads folder; no collection can have this name."""


def lock_file(uploads: Path, name: str) -> Path:
    """Where a lock is, in a folder that is made when absent."""
    folder = uploads / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{name}.lock"


@contextmanager
def open_lock(path: Path) -> Iterator[int]:
    """The descriptor of a lock, which nobody needs to hold yet."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def try_to_lock(descriptor: int) -> bool:
    """Take it, or hold it on; whether it could be had."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(descriptor: int) -> None:
    """Let others have it."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)
