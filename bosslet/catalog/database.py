"""The connection to the catalog's database: how transactions begin, what is durable, and which schema it has.

SQLite is the default and needs care, all of it in the two events below. A transaction that starts by reading and then
writes fails at once with "database is locked" when somebody else wrote in between, however long the busy timeout is.
So ``write`` takes the lock before its first statement (BEGIN IMMEDIATE) and queues; ``read`` opens no transaction at
all, so that each statement sees what was last committed and nobody waits for a reader. WAL with synchronous=FULL keeps
what was committed through a power cut; NORMAL would not.

Nothing here may be nested: an in-memory database has one connection only.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnection

from bosslet.catalog.recollection import Recollection
from bosslet.catalog.sqlite_copy import copy_sqlite
from bosslet.errors import BossletError, ConfigurationError, InvalidField, NameTaken, StorageError, StorageFull

Answer = TypeVar("Answer")

BUSY_TIMEOUT_MS = 30_000


class Database:
    """An engine, opened lazily: nothing is connected until the first ``read`` or ``write``."""

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        self._writer = self._engine.execution_options()
        self._reader = self._engine
        self._recollection = Recollection(self._private_connection) if _is_in_a_file(self._engine) else None
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _set_up_sqlite)
            event.listen(self._writer, "begin", _begin_immediate)
        else:
            self._reader = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    @property
    def url(self) -> str:
        """Its URL, with the password."""
        return self._engine.url.render_as_string(hide_password=False)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection on which each statement stands alone."""
        with _translated(), self._reader.connect() as connection:
            yield connection

    def recall(self, question: Hashable, ask: Callable[[], Answer]) -> Answer:
        """What ``ask`` finds by reading, or found before if nobody has changed anything since.

        ``question`` says all that the answer depends on besides the catalog; the answer must not be changed.
        """
        return ask() if self._recollection is None else self._recollection.answer(question, ask)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction, committed at the end of the block and rolled back if it raises; on SQLite, the only writer."""
        with _translated(), self._writer.begin() as connection:
            yield connection

    def migrate(self) -> None:
        """Bring the schema to the newest revision, in one transaction; does nothing when it is there.

        Raises:
            ConfigurationError: not a database, not to be opened, or written by a newer bosslet.
        """
        try:
            with self._writer.begin() as connection:
                import_module("bosslet.catalog.migrating").migrate(connection)
        except DBAPIError as error:
            raise ConfigurationError(f"cannot use {self._engine.url!r} as the catalog: {error.orig}") from error

    def copy_to(self, file: Path) -> None:
        """By SQLite's backup API, see ``Catalog.copy_to``."""
        url = self._engine.url
        if self._engine.dialect.name != "sqlite" or _is_in_memory(url):
            raise ConfigurationError(f"the catalog is in {url!r}: only one in an SQLite file can be copied")
        copy_sqlite(Path(str(url.database)), file)

    def close(self) -> None:
        """Give up the connections."""
        if self._recollection is not None:
            self._recollection.close()
        self._engine.dispose()

    def _private_connection(self) -> sqlite3.Connection:
        """One of SQLite that does not go back to the pool."""
        connection = self._engine.raw_connection()
        connection.detach()
        return cast(sqlite3.Connection, connection.dbapi_connection)


class Section:
    """A part of the catalog's interface, on the database that all share."""

    def __init__(self, database: Database) -> None:
        self._database = database


@contextmanager
def unique(what: str, error: type[BossletError] = NameTaken) -> Iterator[None]:
    """Blame a violated constraint of the statements inside on a name that is taken."""
    try:
        yield
    except IntegrityError as violation:
        raise error(what) from violation


def _is_in_a_file(engine: Engine) -> bool:
    """Whether it is SQLite's, and other processes see it."""
    return engine.dialect.name == "sqlite" and not _is_in_memory(engine.url)


def _is_in_memory(url: URL) -> bool:
    return url.database in (None, "", ":memory:")


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and _is_in_memory(parsed):
            # One connection that threads take turns with, or every thread would see a database of its own.
            memory: dict[str, Any] = {"poolclass": QueuePool, "pool_size": 1, "max_overflow": 0}
            return create_engine(parsed, connect_args={"check_same_thread": False}, hide_parameters=True, **memory)
        # What stands for keys and passwords is in the parameters, and errors end up in the log.
        return create_engine(parsed, hide_parameters=True)
    except (ArgumentError, ImportError) as error:
        raise ConfigurationError(f"cannot open the catalog: {error}") from error


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver itself begins nothing
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    _use_wal(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch the journal; on a new file, two connections that do so at once fail without waiting."""
    last_try = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > last_try:
                raise
            time.sleep(0.01)
        else:
            return


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (DataError, OverflowError) as error:
        raise InvalidField("a number is larger than the catalog can hold") from error
    except UnicodeEncodeError as error:
        raise InvalidField("a text is not Unicode: half of a surrogate pair") from error
    except NoConnection as error:
        raise StorageError("the catalog: no connection came free") from error
    except DBAPIError as error:
        full = getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        raise (StorageFull if full else StorageError)(f"the catalog: {error.orig}") from error
