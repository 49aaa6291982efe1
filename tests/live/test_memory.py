"""What a cutout costs in memory: at most 2.5 times its voxels, whatever they are encoded as, and nothing afterwards.

On top of that come the few blocks that are read or rewritten at the same time, which have a size of their own. Measured
is the peak of the one worker over what it held when it was idle; with noise, since what compresses costs less.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import requests
from numpy.typing import NDArray

from bosslet.geometry import Box, Point
from tests.live.client import Channel
from tests.live.server import serving

MOST = 2.5
BLOCKS = 96 * 2**20
"""A block of labels, as much of it as there is here, is 67 MB."""
KEPT = 64 * 2**20
"""How much more than at first an idle worker may hold for good."""
START: Point = (7, 9, 11)
SHAPES: dict[str, Point] = {"uint8": (251, 520, 1030), "uint64": (127, 260, 530)}
"""About 130 MiB each, and off the grid of blocks."""

pytestmark = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peaks are reset as Linux does it")


class Worker:
    """The one process that answers, watched from outside."""

    def __init__(self, process: psutil.Process) -> None:
        self.folder = Path(f"/proc/{process.pid}")

    def resident(self) -> int:
        """Bytes in memory now."""
        return self._status("VmRSS")

    def peak(self) -> int:
        """Most bytes in memory since ``forget_peak``."""
        return self._status("VmHWM")

    def forget_peak(self) -> None:
        """Start over."""
        (self.folder / "clear_refs").write_text("5")

    def _status(self, name: str) -> int:
        lines = (self.folder / "status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024


@pytest.fixture(scope="module", params=SHAPES)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Worker, Channel]]:
    """A server of one worker and one thread, without a cache, and a channel that it has read and written a little."""
    uploads, dtype = tmp_path_factory.mktemp("memory") / "uploads", str(request.param)
    with serving(uploads, "--workers", "1", "--threads", "1", cache_bytes=0) as server:
        channel = Channel(server.url, "memory/e/c", dtype)
        channel.create((300, 560, 1070))
        assert channel.write(Box.of((64, 64, 64)), noise(dtype, (64, 64, 64))) == 201
        channel.read(Box.of((64, 64, 64)))
        (process,) = server.workers()
        yield Worker(process), channel


def noise(dtype: str, shape: Point) -> NDArray[Any]:
    return np.random.default_rng(5).integers(1, np.iinfo(dtype).max, shape, dtype=dtype)


def box_of(channel: Channel) -> Box:
    shape = SHAPES[channel.dtype.name]
    stop = tuple(start + side for start, side in zip(START, shape, strict=True))
    return Box(START, (stop[0], stop[1], stop[2]))


def test_a_write_takes_little_more_than_its_voxels_and_keeps_none_of_it(case: tuple[Worker, Channel]) -> None:
    worker, channel = case
    box = box_of(channel)
    voxels = noise(channel.dtype.name, box.shape)
    with_zeros = np.where(np.arange(box.shape[2]) % 7, voxels, 0)
    at_first = worker.resident()
    for new in (voxels, with_zeros, voxels):
        worker.forget_peak()
        assert channel.write(box, new) == 201
        assert worker.peak() - at_first < MOST * voxels.nbytes + BLOCKS
    assert gives_back(worker, at_first)


@pytest.mark.parametrize("media_type", ["application/blosc", "application/blosc-python", "application/npygz"])
def test_a_read_takes_little_more_than_its_voxels_and_keeps_none_of_it(
    media_type: str, case: tuple[Worker, Channel]
) -> None:
    worker, channel = case
    box = box_of(channel)
    at_first = worker.resident()
    worker.forget_peak()
    answer = requests.get(channel.url_of(box), headers={"Accept": media_type}, timeout=120)
    assert answer.status_code == 200
    assert len(answer.content) > 0.9 * box.size * channel.dtype.itemsize, "noise was to be read"
    assert worker.peak() - at_first < MOST * box.size * channel.dtype.itemsize + BLOCKS
    assert gives_back(worker, at_first)


def gives_back(worker: Worker, at_first: int) -> bool:
    """Whether a worker, a while later, has no more in memory than it may: it looks every second."""
    for _ in range(100):
        if worker.resident() - at_first < KEPT:
            return True
        time.sleep(0.1)
    return False
