"""Locks on blocks that hold between threads, processes and servers on one folder.

A merge reads a block, fills in what the client left zero, and writes it back; whatever is written to that block in
between would be lost. Every write therefore holds the locks of its blocks. There is a fixed number of lock files, and a
block's name chooses one, so that a terabyte leaves no more files than a megabyte; two blocks that share one only wait.
The kernel drops a lock when its process dies, so there is nothing to clean up.

A name is the path of the file that is about to be written. It is noted in the lock file, where a process that starts
finds what those had in hand that were killed (``last_held``), without a look at all files that there are.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from zlib import crc32

from bosslet.volume.faults import translated_errors

STRIPES = 256
_END = b"\n\n"
"""Of the names in a lock file; after it are those of former holders."""


class Locks:
    """Exclusive locks by name, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def hold(self, names: Iterable[str], before_waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        """All of these at once, taken in one order by everybody, so that no two holders can wait in a ring.

        ``before_waiting`` is called before each wait for another holder.
        """
        stripes: dict[int, list[str]] = {}
        for name in names:
            stripes.setdefault(crc32(name.encode()) % STRIPES, []).append(name)
        with ExitStack() as stack:
            for stripe, held in sorted(stripes.items()):
                stack.enter_context(self._hold_stripe(stripe, held, before_waiting))
            yield

    @contextmanager
    def hold_all(self) -> Iterator[None]:
        """Inside it nobody holds a lock, whatever its name: only for a moment."""
        with ExitStack() as stack:
            for stripe in range(STRIPES):
                stack.enter_context(self._hold_stripe(stripe, []))
            yield

    def last_held(self) -> Iterator[list[str]]:
        """The last names of each lock that nobody has now: held while they are looked at, so that nobody starts."""
        for file in sorted(file for file in self.folder.iterdir() if file.is_file()):
            with file.open("rb") as lock, suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                names, end, _ = lock.read().partition(_END)
                if end:
                    yield names.decode().split("\n")

    @contextmanager
    def _hold_stripe(
        self, stripe: int, names: list[str], before_waiting: Callable[[], None] = lambda: None
    ) -> Iterator[None]:
        file = self.folder / f"{stripe:02x}"
        with ExitStack() as stack:
            with translated_errors(str(file), writing=True):
                # Opened anew each time: flock belongs to the open file, and so also holds between two threads.
                descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
                stack.callback(os.close, descriptor)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    before_waiting()
                    fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Without room for it the lock holds all the same: what may be left over then waits for the next write.
            if names:
                with suppress(OSError):
                    os.pwrite(descriptor, "\n".join(names).encode() + _END, 0)
            yield


class AllHeld(Locks):
    """For the store of who has all locks (``hold_all``): there is nothing more to take."""

    @contextmanager
    def hold(self, names: Iterable[str], before_waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        """At once."""
        yield
