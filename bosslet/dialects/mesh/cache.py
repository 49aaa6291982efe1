"""The surfaces that were asked for last, in the memory of this process.

The key has the generations of all blocks that hold the label, so that what is in here stays right.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock

from bosslet.dialects.mesh.surface import Surface

MAX_BYTES = 2**26


class SurfaceCache:
    """Drops those that were not asked for the longest when it holds too much."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self._surfaces: OrderedDict[Hashable, Surface] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def get(self, key: Hashable) -> Surface | None:
        """The surface, if it is here."""
        with self._lock:
            if key in self._surfaces:
                self._surfaces.move_to_end(key)
            return self._surfaces.get(key)

    def put(self, key: Hashable, surface: Surface) -> None:
        """Take a surface in."""
        with self._lock:
            before = self._surfaces.pop(key, None)
            self._size += surface.nbytes - (before.nbytes if before is not None else 0)
            self._surfaces[key] = surface
            while self._size > self.max_bytes:
                _, dropped = self._surfaces.popitem(last=False)
                self._size -= dropped.nbytes
