"""An image that is made beside the others and becomes a channel at the end, or leaves nothing.

Until then the catalog does not know of it. What a killed process had begun is removed by the next that begins.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from bosslet.datastore import Datastore
from bosslet.jobs.locks import lock_file, open_lock, try_to_lock
from bosslet.volume import labels

_PREFIX = "making-"


@contextmanager
def making(datastore: Datastore, parent: str, name: str) -> Iterator[str]:
    """A path below ``collection/experiment`` for a new image; raised from inside, all that is there is removed.

    The channel has to be in the catalog when the block ends.
    """
    sweep(datastore)
    path = datastore.catalog.resources.unused_path_in(parent, name, datastore.holds_files)
    mine = lock_file(datastore.uploads, f"{_PREFIX}{uuid4().hex}")
    with open_lock(mine) as lock:
        try_to_lock(lock)
        os.pwrite(lock, path.encode(), 0)
        os.fsync(lock)
        try:
            yield path
        except BaseException:
            _discard(datastore, path)
            raise
        finally:
            mine.unlink()


def sweep(datastore: Datastore) -> None:
    """Remove what was begun by processes that are no more."""
    for file in sorted(lock_file(datastore.uploads, "").parent.glob(f"{_PREFIX}*.lock")):
        with suppress(FileNotFoundError), open_lock(file) as lock:
            if try_to_lock(lock):
                if path := os.pread(lock, 4096, 0).decode():
                    _discard(datastore, path)
                file.unlink()


def _discard(datastore: Datastore, path: str) -> None:
    if any(channel.path == path for channel in datastore.catalog.resources.all_channels()):
        return
    if datastore.store.ledger is not None:
        datastore.store.ledger.forget(path)
    datastore.store.remove(path)
    labels.forget(datastore.store, path)
    _remove_empty(datastore.uploads / path)


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):  # something else is in it
        folder.parent.rmdir()
        folder.parent.parent.rmdir()
