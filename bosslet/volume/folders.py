"""Folders that outlive a power cut: made, and entered into the folder above, before anything in them is acknowledged.

TensorStore syncs a block and the folder in which it lies, but makes the folders above without syncing their entries
(``c``, ``c/0``, ``c/0/0``). File systems that journal all names in one order save them along with the block; POSIX does
not promise it. A folder that was there already is synced too, once in a process: whoever made it may not be done yet.
"""

from __future__ import annotations

import os
from pathlib import Path

MAX_REMEMBERED = 1 << 16
"""How many folders are remembered as safe; past that all are forgotten, and synced again when they are next met."""


class Folders:
    """The folders under a root that exists."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._safe: set[str] = set()

    def ensure(self, folder: str) -> None:
        """Make a folder, and those that lead to it, if need be; their names are on the disk when this returns."""
        path = self._root / folder
        if folder in self._safe and path.is_dir():
            return
        above = folder.rpartition("/")[0]
        if above:
            self.ensure(above)
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)
        if len(self._safe) >= MAX_REMEMBERED:
            self._safe.clear()
        self._safe.add(folder)


def sync_folder(folder: Path) -> None:
    """The names in it are on the disk when this returns."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
