"""What was found in the catalog before, good for as long as nobody has changed anything in it.

SQLite tells a connection by a number whether another one, of whichever process, has committed since
(``PRAGMA data_version``). To ask for that takes a few microseconds, a question through SQLAlchemy a hundred. The number
is asked for before the question, so that an answer is never taken for newer than it is.

See https://www.sqlite.org/pragma.html#pragma_data_version.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar, cast

from bosslet.errors import StorageError

Answer = TypeVar("Answer")

MOST = 4096
"""How many answers are kept; what is found then is not."""


@dataclass(frozen=True, slots=True)
class _Known:
    version: int | None
    answers: dict[Hashable, Any] = field(default_factory=dict)


class Recollection:
    """The answers of one process."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        """``connect`` makes a connection that nothing else uses; not before the first question."""
        self._connect = connect
        self._connection: sqlite3.Connection | None = None
        self._lock = Lock()
        self._known = _Known(None)

    def answer(self, question: Hashable, ask: Callable[[], Answer]) -> Answer:
        """What ``ask`` finds now, which must be the same each time unless the catalog is changed, and not be changed.

        Raises:
            StorageError: the catalog cannot be read.
        """
        version, known = self._version(), self._known
        if known.version != version:
            known = self._known = _Known(version)
        if question in known.answers:
            return cast(Answer, known.answers[question])
        found = ask()
        if len(known.answers) < MOST:
            known.answers[question] = found
        return found

    def close(self) -> None:
        """Give back the connection; it is made again at need."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection, self._known = None, _Known(None)

    def _version(self) -> int:
        with self._lock:
            try:
                if self._connection is None:
                    # Numbers of two connections say nothing of each other.
                    self._connection, self._known = self._connect(), _Known(None)
                (version,) = self._connection.execute("PRAGMA data_version").fetchone()
            except sqlite3.Error as error:
                raise StorageError(f"the catalog: {error}") from error
        return int(version)
