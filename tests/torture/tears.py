"""A box in one block is replaced all the time while others read it: no reader may ever see two writes in it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Event

import numpy as np

from bosslet.geometry import Box, Point
from tests.live.client import Channel
from tests.live.server import serving
from tests.torture.figures import Figure

NAME = "tears/e/em"
EXTENT: Point = (32, 64, 96)
BOX = Box((1, 2, 3), (31, 60, 90))
"""Of one block and many chunks."""
WRITERS, READERS = 2, 4


def tears(folder: Path, reads: int, seed: int) -> list[Figure]:
    """``reads`` of all readers together, through two servers on one folder."""
    options = ("--workers", "2", "--threads", "4")
    settings = {"block_size": "32,64,96", "chunk_size": "8,16,24"}
    with serving(folder / "uploads", *options, **settings) as one, serving(folder / "uploads", *options) as two:
        Channel(one.url, NAME, "uint16").create(EXTENT)
        Channel(one.url, NAME, "uint16").write(BOX, np.ones(BOX.shape))
        stop, numbers, urls = Event(), count(2 + seed), (one.url, two.url)
        with ThreadPoolExecutor(WRITERS + READERS) as pool:
            writers = [pool.submit(_write, urls[each % 2], numbers, stop) for each in range(WRITERS)]
            readers = [pool.submit(_read, urls[each % 2], reads // READERS) for each in range(READERS)]
            try:
                found = [values for reader in readers for values in reader.result()]
            finally:
                stop.set()
        written = sum(writer.result() for writer in writers)
    torn = [f"{sorted(values)} in one answer" for values in found if len(values) != 1]
    return [
        Figure("reads of a box beside writes of it", len(found), least=reads // READERS * READERS),
        Figure("writes", written),
        Figure("writes of which something was read", len(set().union(*found))),
        Figure("reads of two writes at once", len(torn), 0, details=tuple(torn[:20])),
    ]


def _write(url: str, numbers: Iterator[int], stop: Event) -> int:
    channel, done = Channel(url, NAME, "uint16"), 0
    while not stop.is_set():
        assert channel.write(BOX, np.full(BOX.shape, next(numbers) % 65_535 + 1)) == 201
        done += 1
    return done


def _read(url: str, reads: int) -> list[frozenset[int]]:
    """The different voxels in each answer."""
    channel = Channel(url, NAME, "uint16")
    return [frozenset(np.unique(channel.read(BOX)).tolist()) for _ in range(reads)]
