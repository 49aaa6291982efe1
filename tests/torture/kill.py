"""KILL to every process of a server at a random moment, again and again; clients write all the time."""

from __future__ import annotations

import random
import time
from pathlib import Path
from statistics import median

from tests.live.cells import EXTENT, MOST_CELLS, Writers, write_until
from tests.live.client import Channel
from tests.live.server import serving
from tests.torture.figures import Figure

MOST_TO_START = 5


class Tally:
    """What all rounds together came to."""

    def __init__(self) -> None:
        self.written = self.refused = self.lost = self.torn = 0
        self.starts: list[float] = []

    def count(self, writers: Writers, url: str) -> None:
        """Look at all that was ever written to a channel."""
        lost, torn = writers.damage(url)
        self.lost += len(lost)
        self.torn += len(torn)


def kill(folder: Path, rounds: int, writes: int, seed: int) -> list[Figure]:
    """``writes`` are acknowledged in all rounds together."""
    uploads, moments, tally = folder / "uploads", random.Random(seed), Tally()
    each, writers = max(1, writes // rounds), Writers("none/e/labels")
    for number in range(rounds + 1):
        started = time.monotonic()
        with serving(uploads, "--workers", "2", "--threads", "4") as server:
            tally.starts.append(time.monotonic() - started)
            if number:
                tally.count(writers, server.url)
            if number == 0 or MOST_CELLS - len(writers.acknowledged) < 3 * each + 100:
                tally.written += len(writers.acknowledged)
                tally.refused += len(writers.refused)
                writers = Writers(f"kill-{number}/e/labels")
                Channel(server.url, writers.channel, "uint64").create(EXTENT)
            if number < rounds:
                count = moments.randint(each, each + each // 2)
                write_until(server.kill, count, writers, server.url)
    return [
        Figure("times that every process was killed", rounds),
        Figure("writes acknowledged", tally.written + len(writers.acknowledged), least=writes),
        Figure("of them lost", tally.lost, most=0),
        Figure("writes that are there in half of a block", tally.torn, most=0),
        Figure("writes refused", tally.refused + len(writers.refused), most=0),
        Figure(
            "median of seconds to the first answer after a kill", _seconds(median(tally.starts)), most=MOST_TO_START
        ),
        Figure("the slowest, which other work on the machine decides", _seconds(max(tally.starts))),
        Figure("temporary files at the end", len(list(uploads.rglob("*.__lock")))),
    ]


def _seconds(time: float) -> float:
    return round(time, 1)
