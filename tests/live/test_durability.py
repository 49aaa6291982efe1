"""What is acknowledged is there: after the death of every process, after TERM, and whoever else writes the same blocks.

``DURABILITY_ROUNDS=200 pytest tests/live/test_durability.py`` kills for as long as it takes to believe it.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import requests

from bosslet.geometry import Box, Grid, Point
from tests.live.client import Channel
from tests.live.server import Server, serving

ROUNDS = int(os.environ.get("DURABILITY_ROUNDS", "3"))
CLIENTS = 8
BLOCK = Grid((256, 256, 256))
CELL: Point = (11, 23, 37)
CELLS: Point = (11, 13, 9)
EXTENT: Point = (11 * 11, 13 * 23, 9 * 37)
"""So that some cells straddle blocks, and many lie in the same one."""
ROUNDS_PER_CHANNEL = 10
"""Before its cells are all written."""


@dataclass
class Writers:
    """Clients that each write one cell after the other, every voxel of it the number of the write."""

    channel: str
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, int(np.prod(CELLS)) + 1)))
    acknowledged: list[int] = field(default_factory=list)
    unanswered: list[int] = field(default_factory=list)
    refused: list[tuple[int, int]] = field(default_factory=list)
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

    def check(self, url: str) -> None:
        """Read back all that was ever acknowledged, and see that what was not is whole or absent in each block."""
        channel = Channel(url, self.channel, "uint64")
        assert self.refused == []
        lost = [number for number in self.acknowledged if not (channel.read(cell(number)) == number).all()]
        assert lost == []
        for number in self.unanswered:
            for part in BLOCK.parts(cell(number)):
                assert set(np.unique(channel.read(part.box))) in ({0}, {number})


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


@pytest.mark.parametrize(
    ("ending", "rounds"),
    [pytest.param(Server.kill, ROUNDS, id="KILL to every process"), pytest.param(Server.end, 1, id="TERM")],
)
def test_every_acknowledged_write_outlives_the_server(
    ending: Callable[[Server], None], rounds: int, tmp_path: Path
) -> None:
    uploads, moments = tmp_path / "uploads", random.Random(20)
    writers = Writers("durable-0/e/labels")
    for number in range(rounds + 1):
        with serving(uploads, "--workers", "2", "--threads", "4") as server:
            if number % ROUNDS_PER_CHANNEL == 0:
                Channel(server.url, f"durable-{number}/e/labels", "uint64").create(EXTENT)
            if number:
                writers.check(server.url)
            if number % ROUNDS_PER_CHANNEL == 0:
                writers = Writers(f"durable-{number}/e/labels")
            if number < rounds:
                with traffic(writers, server.url):
                    wait_for(moments.randint(1, 40), writers)
                    ending(server)
