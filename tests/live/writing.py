"""What one client process of the test of concurrent writers does; apart from pytest, so that it can be spawned."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from bosslet.geometry import Box
from tests.live.client import Channel

PROCESSES, THREADS, ROUNDS = 4, 4, 3
WRITERS = PROCESSES * THREADS
BOX = Box((3, 250, 240), (12, 263, 273))
"""In four blocks of 256³."""


def share(writer: int) -> NDArray[np.bool_]:
    """Which voxels of the box belong to a writer: every sixteenth, in every row, plane and block."""
    owner: NDArray[np.int64] = np.arange(BOX.size).reshape(BOX.shape) % WRITERS
    return owner == writer


def value(writer: int, time: int) -> int:
    """What a writer writes in a round."""
    return 1000 * (time + 1) + writer


def write(urls: list[str], name: str, process: int) -> list[str]:
    """All threads of one process; what went wrong."""
    with ThreadPoolExecutor(THREADS) as pool:
        writers = range(process * THREADS, (process + 1) * THREADS)
        return [
            complaint for found in pool.map(lambda writer: _write(urls, name, writer), writers) for complaint in found
        ]


def _write(urls: list[str], name: str, writer: int) -> list[str]:
    """Write the share again and again, each time to another server, and read it back from the next."""
    channels, mine, complaints = [Channel(url, name, "uint16") for url in urls], share(writer), []
    for time in range(ROUNDS):
        status = channels[(writer + time) % len(urls)].write(BOX, np.where(mine, value(writer, time), 0))
        found = channels[(writer + time + 1) % len(urls)].read(BOX)[mine]
        if status != 201 or not (found == value(writer, time)).all():
            complaints.append(f"writer {writer}, round {time}: {status}, then read {np.unique(found)}")
    return complaints
