"""A folder in memory for what the processes of one server share, gone when the server ends.

A server that is killed cannot remove it. So each is locked for as long as any process of its server lives, and whoever
makes one removes those that nobody holds any more.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PREFIX = "bosslet-shared-"
_MEMORY = Path("/dev/shm")
PARENT = _MEMORY if os.access(_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
"""Where such folders are: in memory if there is such a place, since what is kept there must not wait for a disk."""


@dataclass(frozen=True, slots=True)
class SharedFolder:
    """A folder that exists and is locked; a child inherits the lock with the open folder."""

    path: Path
    descriptor: int

    @classmethod
    def make(cls, parent: Path = PARENT) -> SharedFolder:
        """An empty folder, readable by its owner alone."""
        remove_left_over(parent)
        hidden = Path(tempfile.mkdtemp(prefix=f".{PREFIX}", dir=parent))
        descriptor = os.open(hidden, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # It gets the name that others look for only now that it is locked.
        return cls(hidden.rename(parent / hidden.name.removeprefix(".")), descriptor)

    def remove(self) -> None:
        """Remove it with all that it holds."""
        shutil.rmtree(self.path)
        os.close(self.descriptor)


def remove_left_over(parent: Path) -> None:
    """Remove the folders of servers that are no more, as far as they are this user's."""
    for path in parent.glob(f"{PREFIX}*"):
        with suppress(FileNotFoundError):  # somebody else was faster
            # Of the path itself: anybody may have put a link there.
            found = path.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid():
                _remove_if_unlocked(path)


def _remove_if_unlocked(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path)
    except BlockingIOError:
        return
    finally:
        os.close(descriptor)
