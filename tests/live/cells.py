"""Clients that write one cell of a channel after the other, every voxel of it the number of the write.

So whatever is found later tells which write it came from: none that was acknowledged may be missing, and none that was
not may be there in half, as far as it lies in one block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event

import numpy as np
import requests

from bosslet.geometry import Box, Grid, Point
from tests.live.client import Channel

CLIENTS = 8
BLOCK = Grid((256, 256, 256))
CELL: Point = (11, 23, 37)
CELLS: Point = (11, 13, 9)
EXTENT: Point = (11 * 11, 13 * 23, 9 * 37)
"""So that some cells straddle blocks, and many lie in the same one."""
MOST_CELLS = int(np.prod(CELLS))


@dataclass
class Writers:
    """Clients of one channel, and what became of their writes."""

    channel: str
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, MOST_CELLS + 1)))
    acknowledged: list[int] = field(default_factory=list)
    unanswered: list[int] = field(default_factory=list)
    refused: list[tuple[int, int]] = field(default_factory=list)
    """The number and the status."""
    stop: Event = field(default_factory=Event)

    def write(self, url: str) -> None:
        """One client, until the server is gone."""
        channel = Channel(url, self.channel, "uint64")
        for number in self.numbers:
            if self.stop.is_set() or not self._write_one(channel, number):
                return

    def _write_one(self, channel: Channel, number: int) -> bool:
        try:
            status = channel.write(cell(number), np.full(CELL, number, np.uint64))
        except requests.ConnectionError:
            self.unanswered.append(number)
            return False
        if status == 201:
            self.acknowledged.append(number)
        else:
            self.refused.append((number, status))
        return True

    def damage(self, url: str) -> tuple[list[int], list[int]]:
        """The acknowledged writes that are not there, and those that are there in half of a block."""
        found = Channel(url, self.channel, "uint64").read(Box.of(EXTENT))
        lost = [number for number in self.acknowledged if not (found[cell(number).slices] == number).all()]
        others = [*self.unanswered, *(number for number, _ in self.refused)]
        parts = [(number, part.box) for number in others for part in BLOCK.parts(cell(number))]
        return lost, [number for number, box in parts if set(np.unique(found[box.slices])) not in ({0}, {number})]


def cell(number: int) -> Box:
    """The box that a write is about: neighbours in time are neighbours in space, so that clients meet in a block."""
    z, y, x = np.unravel_index(number - 1, CELLS)
    start = (int(z) * CELL[0], int(y) * CELL[1], int(x) * CELL[2])
    return Box(start, (start[0] + CELL[0], start[1] + CELL[1], start[2] + CELL[2]))


@contextmanager
def traffic(writers: Writers, url: str) -> Iterator[None]:
    """All clients, until the block has ended and they have noticed."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        pending = [pool.submit(writers.write, url) for _ in range(CLIENTS)]
        try:
            yield
        finally:
            writers.stop.set()
    for client in pending:
        client.result()
    writers.stop.clear()


def wait_for(count: int, writers: Writers) -> None:
    """Until that many writes more were acknowledged."""
    wanted = len(writers.acknowledged) + count
    while len(writers.acknowledged) < wanted:
        assert writers.refused == []
        writers.stop.wait(0.002)


Ending = Callable[[], None]


def write_until(ending: Ending, count: int, writers: Writers, url: str) -> None:
    """Let the clients write, and end it all when that many writes more were acknowledged."""
    with traffic(writers, url):
        wait_for(count, writers)
        ending()
