"""How much of the disk a channel takes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from bosslet.errors import StorageError


@dataclass(frozen=True, slots=True)
class Stored:
    """What was found."""

    files: int
    nbytes: int


def stored(folder: Path) -> Stored:
    """All files in a folder and below; links are not followed. What is just being replaced may be missed."""
    files = nbytes = 0
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        files, nbytes = files + 1, nbytes + entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StorageError(f"the files of a channel cannot be counted: {error}") from error
    return Stored(files, nbytes)
