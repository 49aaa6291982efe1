"""How many files a folder has, and how much room they take, while others write there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_UNIT = 512
"""What a file system counts in, whatever its blocks are (POSIX ``st_blocks``)."""


@dataclass(frozen=True, slots=True)
class DiskUse:
    """Of some files."""

    files: int = 0
    nbytes: int = 0
    """Their lengths."""
    room: int = 0
    """What they take, at most: less is used where files share their content."""

    def __add__(self, other: DiskUse) -> DiskUse:
        return DiskUse(self.files + other.files, self.nbytes + other.nbytes, self.room + other.room)


def files_in(folder: Path, *, hidden: bool = True) -> DiskUse:
    """Of all files below a folder, which need not be there; ``hidden``: also those in folders with a dot."""
    total = DiskUse()
    for file in entries_below(folder, hidden=hidden):
        with suppress(FileNotFoundError):
            found = file.stat(follow_symlinks=False)
            total += DiskUse(1, found.st_size, found.st_blocks * _UNIT)
    return total


def entries_below(folder: Path, *, hidden: bool = True) -> Iterator[os.DirEntry[str]]:
    """All plain files, in no order; what goes or comes meanwhile may be among them or not."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as found:
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                if hidden or not entry.name.startswith("."):
                    yield from entries_below(Path(entry.path), hidden=hidden)
            elif entry.is_file(follow_symlinks=False):
                yield entry
