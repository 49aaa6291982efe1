"""The database file of the ledger: connections, transactions with or without a sync, and the epoch.

A transaction without a sync is seen by every process at once and survives their death, but not a power cut. What a
synced one leaves on the disk includes all that were committed before it.

The *epoch* is an identifier that the processes share which have the file open. The first of them makes it up, and it
ends with the last: then nobody knows any more whether the machine went on in between.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import TypeVar
from uuid import uuid4

from bosslet.errors import StorageError, StorageFull
from bosslet.volume.folders import sync_folder

Result = TypeVar("Result")
Work = Callable[[sqlite3.Connection], Result]

BUSY_SECONDS = 60.0
CHECKPOINT_PAGES = 256
"""How long the journal grows before it is written back and used from its start: a megabyte."""

# A file that may not grow is an error of writing to SQLite.
_NO_ROOM = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
}


class LedgerFile:
    """One SQLite database in a folder of its own; nothing is opened or made before the first use."""

    def __init__(self, folder: Path, tables: str) -> None:
        self._folder = folder
        self._file = folder / "ledger.db"
        self._tables = tables
        self._idle: deque[sqlite3.Connection] = deque()
        self._opening = Lock()
        self._writing = Lock()
        self._epoch: str | None = None
        self._epoch_lock: int | None = None

    @property
    def epoch(self) -> str | None:
        """That of this process; None before its first write."""
        return self._epoch

    def read(self, work: Work[Result], nothing: Result) -> Result:
        """What a query finds, or ``nothing`` where there is no file yet; waits for nobody.

        Raises:
            StorageError: the file cannot be read.
        """
        with _translated(self._file):
            if not self._idle and not self._file.exists():
                return nothing
            try:
                with self._connection() as connection:
                    return work(connection)
            except sqlite3.OperationalError:
                return work(self._untouched())

    def write(self, work: Work[Result], *, durable: bool) -> Result:
        """Do it in a transaction, on the disk when this returns if ``durable``; threads of a process take turns.

        Raises:
            StorageFull: there is no room; nothing was changed.
            StorageError: the file cannot be read or written.
        """
        with _translated(self._file, writing=True):
            self.open()
            with self._writing:
                try:
                    return self._transaction(work, durable=durable)
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode not in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE):
                        raise
                # The journal gives back what it took: on a full disk it must be possible to clear.
                with self._connection() as connection:
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                return self._transaction(work, durable=durable)

    def open(self) -> None:
        """Make the file if it is not there, and take part in an epoch, once."""
        with self._opening:
            if self._epoch is None:
                with _translated(self._file, writing=True):
                    self._make()
                    self._epoch = self._join_epoch()

    def close(self) -> None:
        """Give back the connections and leave the epoch; both are had again at need, the latter as another one."""
        while self._idle:
            self._idle.pop().close()
        with self._opening:
            self._epoch = None
            if self._epoch_lock is not None:
                os.close(self._epoch_lock)
                self._epoch_lock = None

    def _transaction(self, work: Work[Result], *, durable: bool) -> Result:
        with self._connection() as connection:
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            connection.execute("BEGIN IMMEDIATE")
            result = work(connection)
            connection.execute("COMMIT")
        return result

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """One that nobody else uses; after an error it is closed, which rolls back what it began."""
        connection = self._idle.pop() if self._idle else self._new_connection()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    def _new_connection(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        return connection

    def _untouched(self) -> sqlite3.Connection:
        """For a file system that is full or read-only, where SQLite cannot make the memory that it shares.

        Without a journal the file is all there is, and it can be read as one that does not change.
        """
        journal = self._file.with_name(f"{self._file.name}-wal")
        if journal.exists() and journal.stat().st_size:
            raise StorageError(f"{self._file}: cannot be read while there is no room to open its journal")
        return sqlite3.connect(f"{self._file.as_uri()}?immutable=1", uri=True, check_same_thread=False)

    def _make(self) -> None:
        if not self._folder.exists():
            self._folder.mkdir(mode=0o700, exist_ok=True)
            sync_folder(self._folder.parent)
        with self._locked("making"):
            if not self._file.exists():
                self._make_file()

    def _make_file(self) -> None:
        """Under another name until it has its tables: readers do not wait for the lock."""
        unfinished = self._folder / "ledger.new"
        unfinished.unlink(missing_ok=True)
        with closing(sqlite3.connect(unfinished, isolation_level=None)) as connection:
            connection.executescript(self._tables)
            connection.execute("PRAGMA journal_mode = WAL")
        unfinished.rename(self._file)
        sync_folder(self._folder)

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        descriptor = os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _join_epoch(self) -> str:
        """As long as the file is open, the lock on it tells others that the epoch goes on."""
        self._epoch_lock = descriptor = os.open(self._folder / "epoch", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.pwrite(descriptor, uuid4().hex.encode(), 0)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        return os.pread(descriptor, 32, 0).decode() or uuid4().hex


@contextmanager
def _translated(file: Path, *, writing: bool = False) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        number = getattr(error, "sqlite_errorcode", 0) & 0xFF
        # A file that may not grow any more is an I/O error to SQLite.
        full = isinstance(error, OSError) or number in _NO_ROOM or (writing and number == sqlite3.SQLITE_IOERR)
        raise (StorageFull if full else StorageError)(f"{file}: {error}") from error
