"""Paths at which an image was and never will be again: it was purged, or its blocks were put elsewhere.

Who looked a channel up just before goes on with its old path, perhaps after having waited for a lock; and every process
keeps arrays open. A write there would be acknowledged and lost, and a read would find no block and answer with zeros.
So whoever takes an image away first leaves a note, under all locks; who writes looks for it under theirs, who reads
after having read, and both then have to look the channel up again.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from bosslet.errors import Busy
from bosslet.volume.faults import translated_errors
from bosslet.volume.folders import sync_folder

FOLDER = ".retired"
"""In the uploads folder; no collection can have this name."""
WAIT = timedelta(seconds=1)
_PIECES = 3
"""Of the path of an image: it is ``collection/experiment/channel``, whatever those are called now."""


class Retirement:
    """The notes of one uploads folder: empty files that stay, some dozen bytes each."""

    def __init__(self, root: Path) -> None:
        self._folder = str(root / FOLDER)

    def is_retired(self, path: str) -> bool:
        """Whether an image, or an array in it, is to be looked for elsewhere."""
        # For every read: os.path.exists takes half the time of pathlib's.
        return os.path.exists(f"{self._folder}/{_note(path)}")  # noqa: PTH110

    def check(self, path: str) -> None:
        """Raises Busy for what is to be looked for elsewhere: asked again, it is found."""
        if self.is_retired(path):
            raise Busy(f"{path} was put elsewhere at this moment; ask again", WAIT)

    def retire(self, path: str) -> None:
        """Leave a note; on the disk when this returns. Nobody may hold a lock on anything in it."""
        with translated_errors(path, writing=True):
            folder = Path(self._folder)
            if not folder.exists():
                folder.mkdir(mode=0o700, exist_ok=True)
                sync_folder(folder.parent)
            (folder / _note(path)).touch()
            sync_folder(folder)


def _note(path: str) -> str:
    """The names of the pieces have no colon."""
    return ":".join(path.split("/")[:_PIECES])
