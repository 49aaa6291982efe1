"""A copy of an SQLite database while others use it.

Copied as a file, with its journal or without, it could be torn. The backup API takes a state between two transactions.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from bosslet.errors import StorageError

PAGES_AT_ONCE = 1024
BUSY_SECONDS = 30.0


def copy_sqlite(source: Path, target: Path) -> None:
    """Make ``target``, which must not be there; whole and on the disk when this returns.

    Raises:
        StorageError: it cannot be read or written, or the copy is damaged, as the source then is.
    """
    try:
        # Read-only does not do: a journal that was left must be played back first.
        with closing(sqlite3.connect(source, timeout=BUSY_SECONDS)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new, pages=PAGES_AT_ONCE)
            new.execute("PRAGMA journal_mode = DELETE")
            (found,) = new.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        raise StorageError(f"{source}: cannot be copied to {target}: {error}") from error
    if found != "ok":
        raise StorageError(f"{source}: damaged: {found}")
    descriptor = os.open(target, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
