"""Paths at which an image was and never will be again: it was purged, or its blocks were put elsewhere.

Who looked a channel up just before goes on with its old path, perhaps after having waited for a lock; and every process
keeps arrays open. A write there would be acknowledged and lost, and a read would find no block and answer with zeros.
So whoever takes an image away first leaves a note, under all locks; who writes looks for it under theirs, who reads
after having read, and both then have to look the channel up again.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from bosslet.errors import Busy
from bosslet.volume.faults import translated_errors
from bosslet.volume.folders import sync_folder

FOLDER = ".retired"
"""In the uploads folder; no collection can have this name."""
TRASH = ".trash"
"""The same, for files that are about to be removed."""
WAIT = timedelta(seconds=1)
_PIECES = 3
"""Of the path of an image: it is ``collection/experiment/channel``, whatever those are called now."""


class Retirement:
    """The notes of one uploads folder: empty files that stay, some dozen bytes each."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._notes = root / FOLDER
        self._trash = root / TRASH
        self._prefix = f"{self._notes}/"

    @property
    def any(self) -> bool:
        """Whether there is a note at all."""
        return self._notes.is_dir() and next(self._notes.iterdir(), None) is not None

    def is_retired(self, path: str) -> bool:
        """Whether an image, or an array in it, is to be looked for elsewhere."""
        # For every read: os.path.exists takes half the time of pathlib's.
        return os.path.exists(self._prefix + _note(path))  # noqa: PTH110

    def check(self, path: str) -> None:
        """Raises Busy for what is to be looked for elsewhere: asked again, it is found."""
        if self.is_retired(path):
            raise Busy(f"{path} was put elsewhere at this moment; ask again", WAIT)

    def retire(self, path: str) -> None:
        """Leave a note, and put the image's files where nobody sees them; on the disk when this returns.

        Nobody may hold a lock on anything in it: for the caller to see to. Done again, it does what is left to do.
        """
        self.announce(path)
        with translated_errors(path, writing=True):
            self._make(self._trash)
            self._put_away(path)

    def announce(self, path: str) -> None:
        """Leave the note alone: nobody writes to the image any more, and its files stay until it is retired."""
        with translated_errors(path, writing=True):
            self._make(self._notes)
            (self._notes / _note(path)).touch()
            sync_folder(self._notes)

    def reinstate(self, path: str) -> None:
        """Take a note back that was only announced: the image is used again where it is."""
        with translated_errors(path, writing=True):
            (self._notes / _note(path)).unlink(missing_ok=True)

    def empty_trash(self) -> None:
        """Remove for good what was put away; also what was left by a process that was killed while it did so."""
        with translated_errors(str(self._trash), writing=True), suppress(FileNotFoundError):
            shutil.rmtree(self._trash)

    def _make(self, folder: Path) -> None:
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
            sync_folder(self._root)

    def _put_away(self, path: str) -> None:
        image = self._root / path
        with suppress(FileNotFoundError):
            image.rename(self._trash / _note(path))
            sync_folder(self._trash)
            sync_folder(image.parent)
        for folder in (image.parent, image.parent.parent):
            try:
                folder.rmdir()
            except OSError:
                return  # something else is in it


def _note(path: str) -> str:
    """The names of the pieces have no colon. What was computed from an image has its path in a hidden folder."""
    pieces = path.split("/")
    first = 1 if path.startswith(".") else 0
    return ":".join(pieces[first : first + _PIECES])
