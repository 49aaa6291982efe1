"""The label tables that were asked for last, in the memory of this process.

The key is what a table was computed from, a generation of a block, and not where that block is: a table in here stays
right, and nobody has to take it out.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from bosslet.volume.label_table import LabelTable
from bosslet.volume.layout import Layout

MAX_BYTES = 2**26

Key = tuple[Layout, bytes]
"""A generation, and how its bytes are arranged: the same ones can be blocks of two shapes."""


class LabelCache:
    """Drops those that were not asked for the longest when it holds too much."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self._tables: OrderedDict[Key, LabelTable] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def get(self, layout: Layout, generation: bytes) -> LabelTable | None:
        """The table, if it is here."""
        with self._lock:
            table = self._tables.get((layout, generation))
            if table is not None:
                self._tables.move_to_end((layout, generation))
            return table

    def put(self, layout: Layout, generation: bytes, table: LabelTable) -> None:
        """Take a table in."""
        with self._lock:
            before = self._tables.pop((layout, generation), None)
            self._size += table.nbytes - (before.nbytes if before is not None else 0)
            self._tables[layout, generation] = table
            while self._size > self.max_bytes:
                _, dropped = self._tables.popitem(last=False)
                self._size -= dropped.nbytes
