"""Locks on blocks that hold between threads, processes and servers on one folder.

A merge reads a block, fills in what the client left zero, and writes it back; whatever is written to that block in
between would be lost. Every write therefore holds the locks of its blocks. There is a fixed number of lock files, and a
block's name chooses one, so that a terabyte leaves no more files than a megabyte; two blocks that share one only wait.
The kernel drops a lock when its process dies, so there is nothing to clean up.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from zlib import crc32

from bosslet.volume.faults import translated_errors

STRIPES = 256


class Locks:
    """Exclusive locks by name, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def hold(self, names: Iterable[str]) -> Iterator[None]:
        """All of these at once, taken in one order by everybody, so that no two holders can wait in a ring."""
        stripes = sorted({crc32(name.encode()) % STRIPES for name in names})
        with ExitStack() as stack:
            for stripe in stripes:
                stack.enter_context(self._hold_stripe(stripe))
            yield

    @contextmanager
    def _hold_stripe(self, stripe: int) -> Iterator[None]:
        file = self.folder / f"{stripe:02x}"
        with ExitStack() as stack:
            with translated_errors(str(file), writing=True):
                # Opened anew each time: flock belongs to the open file, and so also holds between two threads.
                descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                stack.callback(os.close, descriptor)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
