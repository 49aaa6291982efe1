"""The ledger: which blocks are stored, kept apart from the blocks, so that one that is gone is missed.

A folder of blocks cannot say what it lost. An entry of the ledger says that a block must have a file, and by its
*generation* (``shards``) what the file must hold. The first is on the disk before the first write of a block is
acknowledged, and taken back there before its file may go. The second is not worth a sync on every write. A power cut
may then take the newest entries back, and an old entry would accuse a good file. So a generation is believed in the
epoch in which it was noted, or once it is *sealed*: known to be on the disk. Whoever changes a sealed block first takes
its seal away, and syncs that.

It is nobody's only copy of anything: without a ledger, blocks are read as if none were missing, and ``bosslet verify``
fills it again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from bosslet.volume.ledger_file import LedgerFile

FOLDER = ".blocks"
"""In the uploads folder; no collection can have this name."""
SECONDS_BETWEEN_SEALS = 60.0

Block = tuple[int, int, int, int]
"""Time sample, then the index in the grid (z, y, x)."""
Shape = tuple[int, int, int, int]
"""Of an array: (t, z, y, x)."""
Change = tuple[bool, bytes | None]
"""What an entry becomes: whether the block is stored, and its generation."""

_SEALED = ""
_TABLES = """
CREATE TABLE IF NOT EXISTS arrays (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, t INT NOT NULL, z INT NOT NULL, y INT NOT NULL, x INT NOT NULL
);
CREATE TABLE IF NOT EXISTS blocks (
    array INT NOT NULL, t INT NOT NULL, z INT NOT NULL, y INT NOT NULL, x INT NOT NULL,
    stored INT NOT NULL, generation BLOB, epoch TEXT NOT NULL, version INT NOT NULL,
    PRIMARY KEY (array, t, z, y, x)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS unsealed ON blocks (epoch) WHERE epoch <> '';
CREATE TABLE IF NOT EXISTS unfinished (path TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_ARRAY = "array = (SELECT id FROM arrays WHERE path = ?)"
_ENTRY = f"SELECT stored, generation, epoch, version FROM blocks WHERE {_ARRAY} AND t = ? AND z = ? AND y = ? AND x = ?"
_ENTRIES = f"SELECT t, z, y, x, stored, generation, epoch, version FROM blocks WHERE {_ARRAY}"
_PUT = """
INSERT INTO blocks (array, t, z, y, x, stored, generation, epoch, version)
VALUES ((SELECT id FROM arrays WHERE path = ?), ?, ?, ?, ?, ?, ?, ?, 0)
ON CONFLICT DO UPDATE SET stored = excluded.stored, generation = excluded.generation, epoch = excluded.epoch,
    version = version + 1
"""
_SEAL = "UPDATE blocks SET epoch = '', version = version + 1 WHERE epoch = ? AND generation IS NOT NULL"
_GROW = """
INSERT INTO arrays (path, t, z, y, x) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    t = max(t, excluded.t), z = max(z, excluded.z), y = max(y, excluded.y), x = max(x, excluded.x)
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger says of one block."""

    stored: bool
    """Whether it must have a file; without, it may have one."""
    generation: bytes | None
    """Of what was written last; None while it is being written, and where that ended unknown."""
    epoch: str
    version: int
    """Another one after every change."""


class Ledger:
    """Entries by array and block. Whoever changes one holds the lock of the block; to look takes no lock."""

    def __init__(self, folder: Path) -> None:
        self._file = LedgerFile(folder, _TABLES)
        self._sealed_at = monotonic()

    def entry(self, path: str, block: Block) -> Entry | None:
        """What is known of a block; None for one that was never written, or not since there is a ledger."""
        return self._file.read(lambda connection: _find(connection, path, block), None)

    def entries(self, path: str) -> dict[Block, Entry]:
        """All that is known of an array."""
        return {(t, z, y, x): _entry(*rest) for t, z, y, x, *rest in self._rows(_ENTRIES, path)}

    def arrays(self) -> dict[str, Shape]:
        """All arrays by path, with the largest shape that each is known to have had."""
        return {path: (t, z, y, x) for path, t, z, y, x in self._rows("SELECT path, t, z, y, x FROM arrays")}

    def shape(self, path: str) -> Shape | None:
        """The largest that an array is known to have had; None for one that is not known."""
        rows = self._rows("SELECT t, z, y, x FROM arrays WHERE path = ?", path)
        return rows[0] if rows else None

    def trusts(self, entry: Entry) -> bool:
        """Whether a good file must have the generation of the entry."""
        return entry.generation is not None and entry.epoch in (_SEALED, self._file.epoch)

    def note_shape(self, path: str, shape: Shape) -> None:
        """An array was made, or has grown; on the disk when this returns."""
        known = self.shape(path)
        if known is None or any(new > old for new, old in zip(shape, known, strict=True)):
            self._file.write(lambda connection: connection.execute(_GROW, (path, *shape)), durable=True)

    def will_change(self, path: str, emptied: Mapping[Block, bool]) -> None:
        """These blocks are about to be written; the values say whether a file may go by it. Unknown ones stay so."""

        def mark(connection: sqlite3.Connection, *, durable: bool) -> bool:
            known = {block: entry for block in emptied if (entry := _find(connection, path, block))}
            if not durable and any(self._must_sync(entry, emptied[block]) for block, entry in known.items()):
                return False
            self._put(connection, path, {b: (entry.stored and not emptied[b], None) for b, entry in known.items()})
            return True

        if not self._file.write(lambda connection: mark(connection, durable=False), durable=False):
            self._file.write(lambda connection: mark(connection, durable=True), durable=True)

    def changed(self, path: str, changes: Mapping[Block, Change]) -> None:
        """What became of blocks. That one is stored now, and was not, is on the disk when this returns."""

        def note(connection: sqlite3.Connection, *, durable: bool) -> bool:
            found = {block: _find(connection, path, block) for block in changes}
            if not durable and any(changes[b][0] and not (entry and entry.stored) for b, entry in found.items()):
                return False
            # To take note that there is nothing where nothing was known would only fill the ledger.
            self._put(connection, path, {b: change for b, change in changes.items() if change[0] or found[b]})
            return True

        if monotonic() - self._sealed_at > SECONDS_BETWEEN_SEALS:
            self.seal()
        if not self._file.write(lambda connection: note(connection, durable=False), durable=False):
            self._file.write(lambda connection: note(connection, durable=True), durable=True)

    def seal(self) -> None:
        """From now on, all generations that are known now are believed beyond this epoch."""
        self._sealed_at = monotonic()
        if self._file.epoch is not None:
            self._file.write(lambda connection: connection.execute(_SEAL, (self._file.epoch,)), durable=True)

    def begin(self, path: str) -> None:
        """An image is about to be made or described, in several files."""
        query = "INSERT OR IGNORE INTO unfinished VALUES (?)"
        self._file.write(lambda connection: connection.execute(query, (path,)), durable=True)

    def finish(self, path: str) -> None:
        """It is whole; were this forgotten, it would only be described once more."""
        query = "DELETE FROM unfinished WHERE path = ?"
        self._file.write(lambda connection: connection.execute(query, (path,)), durable=False)

    def forget(self, image: str) -> None:
        """Nothing is known any more of an image and its arrays, which are gone; on the disk when this returns."""
        below = "path = ?1 OR (path >= ?1 || '/' AND path < ?1 || '0')"  # "0" is the character after "/"

        def remove(connection: sqlite3.Connection) -> None:
            connection.execute(f"DELETE FROM blocks WHERE array IN (SELECT id FROM arrays WHERE {below})", (image,))
            connection.execute(f"DELETE FROM arrays WHERE {below}", (image,))
            connection.execute("DELETE FROM unfinished WHERE path = ?", (image,))

        self._file.write(remove, durable=True)

    def unfinished(self) -> list[str]:
        """The images that were begun and not finished: by a process that lives, or by one that was killed."""
        return [path for (path,) in self._rows("SELECT path FROM unfinished")]

    def open(self) -> None:
        """Take part in the epoch, which makes what was noted in it trusted; raises StorageFull on a read-only disk."""
        self._file.open()

    def close(self) -> None:
        """Give back the connections; they are opened again at need."""
        self._file.close()

    def _rows(self, query: str, *values: object) -> list[Any]:
        nothing: list[Any] = []
        return self._file.read(lambda connection: connection.execute(query, values).fetchall(), nothing)

    def _must_sync(self, entry: Entry, emptied: bool) -> bool:
        return entry.epoch != self._file.epoch or (entry.stored and emptied)

    def _put(self, connection: sqlite3.Connection, path: str, changes: Mapping[Block, Change]) -> None:
        if changes:
            connection.execute("INSERT OR IGNORE INTO arrays VALUES (NULL, ?, 0, 0, 0, 0)", (path,))
            epoch = self._file.epoch
            rows = [(path, *block, stored, generation, epoch) for block, (stored, generation) in changes.items()]
            connection.executemany(_PUT, rows)


def _find(connection: sqlite3.Connection, path: str, block: Block) -> Entry | None:
    row = connection.execute(_ENTRY, (path, *block)).fetchone()
    return _entry(*row) if row else None


def _entry(stored: int, generation: bytes | None, epoch: str, version: int) -> Entry:
    return Entry(bool(stored), generation, epoch, version)
