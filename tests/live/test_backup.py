"""A backup that is made while eight clients write has all that was answered before it began."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from threading import Barrier, Event, Thread

import numpy as np
from numpy.typing import NDArray

from bosslet.geometry import Box, Point
from tests.live.client import Channel
from tests.live.server import environment, serving

CLIENTS = 8
SIDE = 32
EXTENT: Point = (2 * SIDE, 3 * SIDE, CLIENTS * SIDE)


class Client(Thread):
    """Writes its column of blocks again and again, each time with larger numbers, and keeps what was answered."""

    def __init__(self, url: str, number: int, stop: Event, ready: Barrier) -> None:
        super().__init__()
        self.channel, self.number, self.stop, self.ready = Channel(url, "mouse/exp/em", "uint16"), number, stop, ready
        self.answered: dict[Point, int] = {}
        self.rounds = 0

    def run(self) -> None:
        while not self.stop.is_set():
            self.rounds += 1
            for z in range(2):
                for y in range(3):
                    start = (z * SIDE, y * SIDE, self.number * SIDE)
                    box = Box(start, (start[0] + SIDE, start[1] + SIDE, start[2] + SIDE))
                    assert self.channel.write(box, np.full(box.shape, self.rounds, np.uint16)) == 201
                    self.answered[start] = self.rounds
            if self.rounds == 1:
                self.ready.wait(60)


def test_it_has_all_that_was_answered_before(tmp_path: Path) -> None:
    uploads, destination, restored = tmp_path / "uploads", tmp_path / "backup", tmp_path / "restored"
    settings = {"block_size": SIDE, "chunk_size": "16,32,32"}
    with serving(uploads, "--workers", "2", **settings) as server:
        Channel(server.url, "mouse/exp/em", "uint16").create(EXTENT)
        stop, ready = Event(), Barrier(CLIENTS + 1)
        clients = [Client(server.url, number, stop, ready) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        ready.wait(60)
        try:
            for _ in range(2):
                before = {start: value for client in clients for start, value in client.answered.copy().items()}
                bosslet(tmp_path, "backup", destination, "--uploads", uploads)
        finally:
            stop.set()
            for client in clients:
                client.join(60)
    assert len(before) == 6 * CLIENTS
    bosslet(tmp_path, "restore", destination, "--uploads", restored)
    bosslet(tmp_path, "verify", restored)
    assert_has(restored, before, {start: v for client in clients for start, v in client.answered.items()})


def assert_has(uploads: Path, before: dict[Point, int], after: dict[Point, int]) -> None:
    """Every block is whole, no older than it was before the backup began, and was really written."""
    with serving(uploads) as server:
        channel = Channel(server.url, "mouse/exp/em", "uint16")
        voxels: NDArray[np.uint16] = channel.read(Box.of(EXTENT))
    for (z, y, x), least in before.items():
        values = np.unique(voxels[z : z + SIDE, y : y + SIDE, x : x + SIDE])
        assert len(values) == 1
        assert least <= values[0] <= after[z, y, x] + 1


def bosslet(home: Path, *arguments: object) -> None:
    """Run the command, which has to succeed."""
    command = [sys.executable, "-m", "bosslet", *map(str, arguments)]
    done = subprocess.run(command, env=environment(home), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
