"""A second file with what a first one holds, as cheaply as the file system has it.

A hard link takes no room and no time. It is safe for blocks, which are only ever replaced by renaming another file over
them: whoever writes one of the two leaves the other alone. A *reflink* is a file of its own that shares the content
until one of the two is changed (Btrfs, XFS, bcachefs). Else the bytes are copied.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import sys
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

_FICLONE = 0x40049409  # linux/fs.h
_CANNOT = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOTTY, errno.EINVAL, errno.ENOSYS}
"""Other file systems, or ones that know no such thing."""


class Way(StrEnum):
    """How a file came about."""

    LINK = "link"
    REFLINK = "reflink"
    COPY = "copy"


def link(source: Path, target: Path) -> bool:
    """Whether ``target``, which must not be there, is now the same file; False where the file system has it not."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
        return False
    return True


def copy(source: BinaryIO, target: Path) -> Way:
    """Make ``target``, a file of its own with what ``source`` holds; on the disk, but for its name.

    Raises:
        FileExistsError
        OSError: also for a disk that is full; then nothing of ``target`` is there.
    """
    with target.open("xb") as file:
        try:
            way = Way.REFLINK if _reflinked(source, file) else Way.COPY
            if way is Way.COPY:
                source.seek(0)
                shutil.copyfileobj(source, file, 2**20)
            file.flush()
            os.fsync(file.fileno())
            # Who reads it back should hear from the disk.
            if sys.platform == "linux":
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        except OSError:
            target.unlink()
            raise
    return way


def _reflinked(source: BinaryIO, target: BinaryIO) -> bool:
    if sys.platform != "linux":
        return False
    try:
        fcntl.ioctl(target.fileno(), _FICLONE, source.fileno())
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
        return False
    return True
