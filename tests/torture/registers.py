"""Many clients write and read single voxels through two servers on one folder, each of which has to be a register.

The voxels share blocks, so that a write of one has to leave alone what others write beside it at the same time. Half of
them belong to one client each; the others are everybody's.
"""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bosslet.geometry import Box, Point
from tests.live.client import Channel
from tests.live.server import serving
from tests.torture.figures import Figure
from tests.torture.linearizability import Operation, violations

PROCESSES, THREADS = 4, 4
CLIENTS = PROCESSES * THREADS
NAME = "registers/e/labels"
BLOCK: Point = (16, 32, 48)
EXTENT: Point = (20, 40, 60)
"""In eight blocks."""
REGISTERS = 2 * CLIENTS
OWN_PART = 0.3
"""How many operations are on the register that a client has for itself."""

Entry = tuple[int, Operation]
"""The number of a register, and what was done to it."""


@dataclass(frozen=True, slots=True)
class Job:
    """What one thread does."""

    urls: tuple[str, ...]
    client: int
    operations: int
    seed: int


def voxel(register: int) -> Box:
    """Where a register is: spread over all blocks."""
    z, y, x = (int(place) for place in np.unravel_index(1231 * (register + 1) % int(np.prod(EXTENT)), EXTENT))
    return Box((z, y, x), (z + 1, y + 1, x + 1))


def registers(folder: Path, operations: int, seed: int) -> list[Figure]:
    """``operations`` are single reads and writes, of all clients together."""
    settings = {"block_size": ",".join(map(str, BLOCK)), "chunk_size": "8,16,24"}
    options = ("--workers", "2", "--threads", "8")
    with serving(folder / "uploads", *options, **settings) as one, serving(folder / "uploads", *options) as two:
        Channel(one.url, NAME, "uint64").create(EXTENT)
        jobs = [Job((one.url, two.url), client, operations // CLIENTS, seed) for client in range(CLIENTS)]
        started = time.monotonic()
        history, refused = _played(jobs)
        seconds = time.monotonic() - started
        history += [(each, _read(Channel(one.url, NAME, "uint64"), each)) for each in range(REGISTERS)]
    by_register: dict[int, list[Operation]] = defaultdict(list)
    for register, operation in history:
        by_register[register].append(operation)
    wrong = [f"register {each}: {line}" for each, ops in by_register.items() for line in violations(ops)]
    return [
        Figure("operations on single voxels", len(history), least=operations // CLIENTS * CLIENTS),
        Figure("of them writes", sum(operation.write for _, operation in history)),
        Figure("clients, in four processes, at two servers on one folder", CLIENTS),
        Figure("operations a second", round(len(history) / seconds)),
        Figure("operations refused", refused, most=0),
        Figure("lost updates, and other things that cannot have happened", len(wrong), 0, details=tuple(wrong)),
    ]


def _played(jobs: list[Job]) -> tuple[list[Entry], int]:
    # A fork would take along what this process has started.
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
        results = list(pool.map(_process, [jobs[first::PROCESSES] for first in range(PROCESSES)]))
    return [entry for entries, _ in results for entry in entries], sum(refused for _, refused in results)


def _process(jobs: list[Job]) -> tuple[list[Entry], int]:
    with ThreadPoolExecutor(len(jobs)) as pool:
        results = list(pool.map(_client, jobs))
    return [entry for entries, _ in results for entry in entries], sum(refused for _, refused in results)


def _client(job: Job) -> tuple[list[Entry], int]:
    """One thread: its history, and how many writes were refused."""
    dice, refused, history = random.Random(1000 * job.seed + job.client), 0, list[Entry]()
    channels = [Channel(url, NAME, "uint64") for url in job.urls]
    for number in range(job.operations):
        register = job.client if dice.random() < OWN_PART else dice.randrange(CLIENTS, REGISTERS)
        channel = dice.choice(channels)
        if dice.random() < 0.5:
            history.append((register, _read(channel, register)))
            continue
        value, start = 1 + job.client + CLIENTS * number, time.monotonic_ns()
        status = channel.write(voxel(register), np.full((1, 1, 1), value))
        refused += status != 201
        history.append((register, Operation(True, value, start, time.monotonic_ns())))
    return history, refused


def _read(channel: Channel, register: int) -> Operation:
    start = time.monotonic_ns()
    value = int(channel.read(voxel(register)).item())
    return Operation(False, value, start, time.monotonic_ns())
