"""A process that is killed while it writes: what it had acknowledged is there, and each block is whole."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bosslet.geometry import Box, Grid
from bosslet.volume.layout import Layout
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

NOW = range(1)
LAYOUT = Layout("uint16", block=(16, 24, 32), chunk=(8, 12, 16))
SPACE = Box.of((32, 48, 64))
ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Change:
    """One write or merge."""

    box: Box
    voxels: NDArray[Any]
    merge: bool

    def do(self, volume: Volume) -> None:
        (volume.merge if self.merge else volume.write)(NOW, self.box, self.voxels.copy())

    def of(self, before: NDArray[Any]) -> NDArray[Any]:
        """What it makes of these voxels."""
        after = before.copy()
        np.copyto(after[0][self.box.slices], self.voxels[0], where=(self.voxels[0] != 0) | (not self.merge))
        return after


def changes(seed: int) -> Iterator[Change]:
    """The same changes for each seed, without end: whole blocks, parts of several, with zeros and without."""
    generator = np.random.default_rng(seed)
    blocks = [part.box for part in Grid(LAYOUT.block).parts(SPACE)]
    while True:
        first, last = np.sort(generator.integers(0, SPACE.shape, (2, 3)), axis=0).tolist()
        box = blocks[generator.integers(len(blocks))] if generator.random() < 0.5 else Box(tuple(first), tuple(last))
        voxels = generator.integers(0, 3, (1, *box.shape)).astype(np.uint16) * generator.integers(1, 9999)
        yield Change(box, voxels.astype(np.uint16), bool(generator.random() < 0.5))


def volume_in(folder: Path) -> Volume:
    return Volume(Store.in_folder(folder), "col/exp/chan/0", LAYOUT, (1, *SPACE.shape))


def write_until_killed(folder: Path, seed: int, acknowledged: Connection) -> None:
    volume = volume_in(folder)
    for change in changes(seed):
        change.do(volume)
        acknowledged.send_bytes(b"!")


def acknowledged_until_killed(folder: Path, seed: int, after: float) -> int:
    """How many changes a process acknowledged that was killed some time after the first."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe(duplex=False)
    process = spawn.Process(target=write_until_killed, args=(folder, seed, theirs))
    process.start()
    theirs.close()
    assert ours.poll(60)
    time.sleep(after)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join(60)
    count = 0
    try:
        while ours.recv_bytes():
            count += 1
    except EOFError:
        ours.close()
        return count
    raise AssertionError("a pipe with an empty message")


def test_what_was_acknowledged_survives_a_kill_and_no_block_is_torn(tmp_path: Path) -> None:
    known = np.zeros((1, *SPACE.shape), np.uint16)
    for seed in range(ROUNDS):
        count = acknowledged_until_killed(tmp_path, seed, 0.01 + 0.013 * seed)
        assert count
        for change, _ in zip(changes(seed), range(count), strict=False):
            known = change.of(known)
        # The change that was under way may have reached none, some or all of its blocks, each of them entirely.
        *_, under_way = (change for change, _ in zip(changes(seed), range(count + 1), strict=False))
        possible = under_way.of(known)
        found = volume_in(tmp_path).read(NOW, SPACE)
        for part in Grid(LAYOUT.block).parts(SPACE):
            block = found[0][part.box.slices]
            assert any(np.array_equal(block, state[0][part.box.slices]) for state in (known, possible))
        known = found
    others = {path.name for path in tmp_path.glob("col/**/*") if path.is_file() and not path.name.isdigit()}
    assert others - {"zarr.json"} <= {f"{name}.__lock" for name in ("0", "1", "zarr.json")}
