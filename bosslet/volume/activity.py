"""What this process has done with blocks since it started, for whoever watches over it.

The numbers of the cache are TensorStore's own. They are of the process and not of one store: a server has one.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

import tensorstore as ts


@dataclass(frozen=True, slots=True)
class Activity:
    """Numbers that only grow."""

    blocks_read: int = 0
    """Blocks that reads touched, whether on the disk, in the cache or never written."""
    blocks_written: int = 0
    cache_hits: int = 0
    cache_misses: int = 0
    cache_evictions: int = 0

    def since(self, earlier: Activity) -> Activity:
        """What came on top of an earlier activity."""
        return Activity(
            self.blocks_read - earlier.blocks_read,
            self.blocks_written - earlier.blocks_written,
            self.cache_hits - earlier.cache_hits,
            self.cache_misses - earlier.cache_misses,
            self.cache_evictions - earlier.cache_evictions,
        )


class Tally:
    """Counts what is done to one store, from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._read = self._written = 0

    def read(self, blocks: int) -> None:
        """Blocks were touched by a read."""
        with self._lock:
            self._read += blocks

    def wrote(self, blocks: int) -> None:
        """Blocks were written."""
        with self._lock:
            self._written += blocks

    def activity(self) -> Activity:
        """All that was counted so far; takes a few microseconds."""
        return Activity(
            self._read,
            self._written,
            _cache_count("hit_count"),
            _cache_count("miss_count"),
            _cache_count("evict_count"),
        )


def _cache_count(name: str) -> int:
    # The full name of one metric: to collect by the prefix /tensorstore/cache/ takes thirty times as long.
    metrics = ts.experimental_collect_matching_metrics(f"/tensorstore/cache/{name}", include_zero_metrics=True)
    return sum(int(value["value"]) for metric in metrics for value in metric["values"])
