"""A server under mixed load for a while: four fifths are reads, of all sizes, and every answer is compared.

Each client has a part of the volume for itself, knows what it wrote there, and asks without a pause. Memory is that of
all processes of the server that is not shared (what the kernel calls USS): the rest is the same for all of them.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, quantiles
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bosslet.geometry import Box, Point
from tests.live.client import Channel
from tests.live.server import Server, serving
from tests.torture.figures import Figure

NAME = "load/e/em"
PART: Point = (96, 512, 700)
"""What belongs to one client, one above the other."""
SIDES: tuple[Point, ...] = ((1, 512, 512), (16, 128, 128), (64, 64, 64), (5, 33, 77), (96, 256, 256))
READS = 0.8
MEGABYTE = 2**20
SAMPLES = 60
MOST_GROWTH_MB = 64
MOST_SECONDS = 3.0
"""For one in a hundred, at a server that has no core to spare."""


@dataclass
class Client:
    """One client, and what became of its requests."""

    url: str
    number: int
    dice: random.Random
    reads: list[float] = field(default_factory=list)
    writes: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    known: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(PART, np.uint8))

    def run(self, stop: Event) -> None:
        """Ask until it is time to stop."""
        channel = Channel(self.url, NAME)
        while not stop.is_set():
            relative, box = self._somewhere()
            if self.dice.random() < READS:
                self._read(channel, relative, box)
            else:
                self._write(channel, relative, box)

    def _somewhere(self) -> tuple[Box, Box]:
        """In the client's part, and in the volume."""
        shape = self.dice.choice(SIDES)
        z, y, x = (self.dice.randint(0, whole - side) for whole, side in zip(PART, shape, strict=True))
        stop = (z + shape[0], y + shape[1], x + shape[2])
        above = self.number * PART[0]
        return Box((z, y, x), stop), Box((z + above, y, x), (stop[0] + above, stop[1], stop[2]))

    def _read(self, channel: Channel, relative: Box, box: Box) -> None:
        started = time.monotonic()
        answer = channel.session.get(channel.url_of(box), headers={"Accept": "application/blosc"})
        self.reads.append(time.monotonic() - started)
        if answer.status_code != 200:
            self.wrong.append(f"read {box}: {answer.status_code} {answer.text[:200]}")
        elif not np.array_equal(channel.unpacked(answer.content, box), self.known[relative.slices]):
            self.wrong.append(f"read {box}: other voxels")

    def _write(self, channel: Channel, relative: Box, box: Box) -> None:
        seed = self.dice.randrange(2**32)
        voxels = np.random.default_rng(seed).integers(1, 255, box.shape, np.uint8)
        started = time.monotonic()
        status = channel.write(box, voxels)
        self.writes.append(time.monotonic() - started)
        self.known[relative.slices] = voxels
        if status != 201:
            self.wrong.append(f"write {box}: {status}")


def load(folder: Path, minutes: float, clients: int, seed: int) -> list[Figure]:
    """``clients`` ask all the time; those of 503 count as errors."""
    options: dict[str, Any] = {"cache_bytes": 64 * MEGABYTE}
    with serving(folder / "uploads", "--workers", "2", "--threads", "4", **options) as server:
        Channel(server.url, NAME).create((PART[0] * clients, *PART[1:]))
        everybody = [Client(server.url, number, random.Random(100 * seed + number)) for number in range(clients)]
        memory = _watched(server, everybody, minutes)
    reads = [seconds for client in everybody for seconds in client.reads]
    writes = [seconds for client in everybody for seconds in client.writes]
    wrong = [line for client in everybody for line in client.wrong]
    return [
        Figure("minutes", minutes),
        Figure("clients", clients),
        Figure("reads", len(reads)),
        Figure("writes", len(writes)),
        Figure("errors and wrong voxels", len(wrong), 0, details=tuple(wrong[:20])),
        *_times("read", reads),
        *_times("write", writes),
        Figure("megabytes in memory, mean of the second quarter", round(_quarter(memory, 1))),
        Figure("megabytes that it grew by until the last quarter", round(_growth(memory)), most=MOST_GROWTH_MB),
        Figure("most megabytes in memory", round(max(memory))),
    ]


def _watched(server: Server, everybody: list[Client], minutes: float) -> list[float]:
    """Let them all run; megabytes of the workers, again and again."""
    stop = Event()
    with ThreadPoolExecutor(len(everybody)) as pool:
        pending = [pool.submit(client.run, stop) for client in everybody]
        try:
            return list(_samples(server, minutes))
        finally:
            stop.set()
            for client in pending:
                client.result()


def _samples(server: Server, minutes: float) -> Iterator[float]:
    workers = server.workers()
    for _ in range(SAMPLES):
        time.sleep(60 * minutes / SAMPLES)
        yield sum(worker.memory_full_info().uss for worker in workers) / MEGABYTE


def _quarter(samples: list[float], number: int) -> float:
    length = len(samples) // 4
    return mean(samples[number * length : (number + 1) * length])


def _growth(memory: list[float]) -> float:
    """The first quarter is for warming up."""
    return max(0.0, _quarter(memory, 3) - _quarter(memory, 1))


def _times(what: str, seconds: list[float]) -> Iterator[Figure]:
    cuts = quantiles(seconds, n=100)
    for percent in (50, 99):
        limit = MOST_SECONDS if percent == 99 else None
        yield Figure(
            f"milliseconds of a {what}, {percent} of 100 below", round(1000 * cuts[percent - 1]), limit and 1000 * limit
        )
