"""Folders that outlive a power cut and lie where they seem to: what must be true of one before its files are touched.

They are made, and entered into the folder above, before anything in them is acknowledged.

TensorStore syncs a block and the folder in which it lies, but makes the folders above without syncing their entries
(``c``, ``c/0``, ``c/0/0``). File systems that journal all names in one order save them along with the block; POSIX does
not promise it. A folder that was there already is synced too, once in a process: whoever made it may not be done yet.

A symbolic link may lead out of the root. Each folder is looked at once in a process, when it is first met, and nothing
behind such a link is read or written.
"""

from __future__ import annotations

import os
from pathlib import Path

from bosslet.errors import UnreadableBlock

MAX_REMEMBERED = 1 << 16
"""How many folders are remembered as safe; past that all are forgotten, and synced again when they are next met."""


class Folders:
    """The folders under a root that exists."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._real = Path(os.path.realpath(root))
        self._safe: set[str] = set()
        self._inside: set[str] = set()

    def is_inside(self, folder: str) -> bool:
        """Whether no symbolic link leads out of the root on the way to a folder, which need not be there."""
        if folder not in self._inside:
            # Not Path.resolve, to which a ring of links is a RuntimeError.
            if not Path(os.path.realpath(self._root / folder)).is_relative_to(self._real):
                return False
            _add(self._inside, folder)
        return True

    def check(self, folder: str) -> None:
        """Raises UnreadableBlock for a folder that is not inside."""
        if not self.is_inside(folder):
            raise UnreadableBlock(f"{folder}: a symbolic link leads out of the uploads folder")

    def ensure(self, folder: str) -> None:
        """Make a folder, and those that lead to it, if need be; their names are on the disk when this returns.

        Raises:
            UnreadableBlock: it is not inside the root.
        """
        path = self._root / folder
        if folder in self._safe and path.is_dir():
            return
        above = folder.rpartition("/")[0]
        if above:
            self.ensure(above)
        self.check(folder)
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)
        _add(self._safe, folder)


def _add(known: set[str], folder: str) -> None:
    if len(known) >= MAX_REMEMBERED:
        known.clear()
    known.add(folder)


def sync_folder(folder: Path) -> None:
    """The names in it are on the disk when this returns."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
