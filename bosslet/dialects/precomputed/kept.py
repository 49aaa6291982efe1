"""The encoded chunks that were sent last, in the memory of this process.

To encode a chunk of labels takes 1.5 ms, three times as long as to read it; viewers of several people ask for the same
ones. Each is kept with the state of the blocks that it was made of, and is no good once that is another one.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from bosslet.dialects.content import Representation
from bosslet.geometry import Box
from bosslet.volume.steady import State

MAX_BYTES = 2**25

Key = tuple[str, int, Box, str, str | None]
"""The path of an array, a time sample, a box, an encoding and a content coding."""


class KeptChunks:
    """Drops those that were not asked for the longest when it holds too much."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self._chunks: OrderedDict[Key, tuple[State, Representation]] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def get(self, key: Key, state: State | None) -> Representation | None:
        """The chunk, if it is here and of this state."""
        with self._lock:
            found = self._chunks.get(key)
            if found is None or state is None or found[0] != state:
                return None
            self._chunks.move_to_end(key)
            return found[1]

    def put(self, key: Key, state: State, chunk: Representation) -> None:
        """Take a chunk in."""
        with self._lock:
            before = self._chunks.pop(key, None)
            self._size += len(chunk.body) - (len(before[1].body) if before is not None else 0)
            self._chunks[key] = state, chunk
            while self._size > self.max_bytes:
                _, (_, dropped) = self._chunks.popitem(last=False)
                self._size -= len(dropped.body)
