"""What is counted of reads and writes: blocks, and what TensorStore says of its cache."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bosslet.geometry import Box
from bosslet.volume.activity import Activity, Tally
from bosslet.volume.layout import Layout
from bosslet.volume.locks import Locks
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

BOX = Box((1, 13, 17), (9, 25, 30))
"""In 2 × 2 × 1 blocks of 8 × 12 × 16."""
SHAPE = (2, 40, 50, 60)


@pytest.fixture
def cached(tmp_path: Path, layout: Layout) -> Volume:
    """A volume whose store has a cache."""
    return Volume(Store("memory://", Locks(tmp_path), cache_bytes=10**7), "a", layout, SHAPE)


def test_blocks_are_counted_once_for_each_time_sample(
    store: Store, layout: Layout, voxels: Callable[..., NDArray[np.uint16]]
) -> None:
    volume, start = Volume(store, "a", layout, SHAPE), store.tally.activity()
    volume.read(range(2), BOX)
    assert counted(store, start) == (8, 0)
    volume.write(range(1), BOX, voxels(BOX))
    assert counted(store, start) == (8, 4)
    volume.read(range(1), BOX)
    assert counted(store, start) == (12, 4)
    volume.clear(range(1), Box((0, 0, 0), (8, 24, 32)))
    assert counted(store, start) == (12, 8)


def test_a_merge_reads_what_it_does_not_overwrite(
    store: Store, layout: Layout, voxels: Callable[..., NDArray[np.uint16]]
) -> None:
    volume, start = Volume(store, "a", layout, SHAPE), store.tally.activity()
    some = voxels(BOX)
    some[0, 0, 0, 0] = 0  # one block is read
    some[0, 7:, 11:] = 0  # another is not touched
    volume.merge(range(1), BOX, some)
    assert counted(store, start) == (1, 3)


def counted(store: Store, start: Activity) -> tuple[int, int]:
    activity = store.tally.activity().since(start)
    return activity.blocks_read, activity.blocks_written


def test_the_cache_is_counted(cached: Volume, voxels: Callable[..., NDArray[np.uint16]]) -> None:
    cached.write(range(1), BOX, voxels(BOX))
    start = cached.store.tally.activity()
    cached.read(range(1), BOX)
    once = cached.store.tally.activity().since(start)
    cached.read(range(1), BOX)
    twice = cached.store.tally.activity().since(start)
    assert twice.cache_hits > once.cache_hits
    assert twice.cache_misses == once.cache_misses


def test_threads_lose_no_count() -> None:
    tally = Tally()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: (tally.read(2), tally.wrote(1)), range(2000)))
    activity = tally.activity()
    assert (activity.blocks_read, activity.blocks_written) == (4000, 2000)
