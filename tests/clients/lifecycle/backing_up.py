"""A backup that is made while eight processes write, and what is in it after it was restored."""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bosslet.geometry import Box, Grid
from tests.clients.lifecycle.commands import Commands
from tests.clients.real_volume import Volumes
from tests.live.client import Channel
from tests.live.server import serving

Voxels = NDArray[Any]

CLIENTS = 8
SIDE = 64
CHANNEL = "real/fib25/rounds"
TO_WRITE = 300
"""Seconds that the first round may take."""
BACKUPS = 3


def check(data: Path, folder: Path, volumes: Volumes, kills: int) -> None:
    """A block holds the volume plus 256 for each time that it was written, so that what is read tells when that was."""
    boxes = list(Grid((SIDE, SIDE, SIDE)).parts(Box.of(_size(volumes.em))))
    context = get_context("spawn")
    tried, answered = (context.Array("I", len(boxes), lock=False) for _ in range(2))
    stop = context.Event()
    with serving(folder / "uploads", "--workers", "2", block_size=SIDE, chunk_size=SIDE // 2) as server:
        Channel(server.url, CHANNEL, "uint16").create(_size(volumes.em))
        work = [part.box for part in boxes]
        clients = [
            context.Process(target=write, args=(server.url, volumes.em, work, number, tried, answered, stop))
            for number in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        try:
            _wait_for_all(answered)
            commands, generations = Commands(folder / "uploads"), []
            for _ in range(BACKUPS):
                generations.append((list(answered), commands.run("backup", folder / "backups")[-1]))
        finally:
            stop.set()
            for client in clients:
                client.join()
        assert [client.exitcode for client in clients] == [0] * CLIENTS
    for at_least, said in generations:
        _check_restored(folder, said, volumes.em, work, at_least, list(tried))
    commands.run("backup", folder / "backups")
    again = commands.run("backup", folder / "backups")[-1]
    assert (again["copied"], again["blocks"]) == (0, len(boxes)), again
    print(f"a backup of what has not changed copies nothing: {again}")


def write(
    url: str,
    em: Voxels,
    boxes: list[Box],
    number: int,
    tried: Any,
    answered: Any,
    stop: Any,
) -> None:
    """Every eighth block, again and again; which time it is, is in shared memory before and after."""
    channel, rounds = Channel(url, CHANNEL, "uint16"), 0
    while not stop.is_set() and rounds < 254:
        rounds += 1
        for index in range(number, len(boxes), CLIENTS):
            tried[index] = rounds
            assert channel.write(boxes[index], written(em[boxes[index].slices], rounds)) == 201
            answered[index] = rounds


def written(em: Voxels, rounds: int) -> Voxels:
    """What a block holds then."""
    return em.astype(np.uint16) + np.uint16(256 * rounds)


def _wait_for_all(answered: Sequence[int]) -> None:
    for _ in range(10 * TO_WRITE):
        if min(answered):
            return
        sleep(0.1)
    raise AssertionError("the first round took too long")


def _check_restored(
    folder: Path, said: dict[str, Any], em: Voxels, boxes: list[Box], at_least: list[int], at_most: list[int]
) -> None:
    restored = Commands(folder / f"restored-{said['generation']}")
    restored.run("restore", folder / "backups" / said["generation"])
    restored.run_plainly("verify", restored.uploads)
    with serving(restored.uploads) as server:
        channel, rounds = Channel(server.url, CHANNEL, "uint16"), []
        for box, least, most in zip(boxes, at_least, at_most, strict=True):
            found = channel.read(box)
            rounds.append(int(found.flat[0]) >> 8)
            assert 0 < least <= rounds[-1] <= most, (box, least, rounds[-1], most)
            np.testing.assert_array_equal(found, written(em[box.slices], rounds[-1]))
    newer = sum(later > least for later, least in zip(rounds, at_least, strict=True))
    print(
        f"backup {said['generation']}: {len(boxes)} blocks, {said['copied']} copied; restored and verified, all as new "
        f"as what was acknowledged before it began (rounds {min(at_least)} to {max(at_least)}), {newer} of them newer",
        flush=True,
    )


def _size(voxels: Voxels) -> tuple[int, int, int]:
    z, y, x = voxels.shape
    return z, y, x
