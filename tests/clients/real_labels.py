"""Labels and levels of a real volume, asked of a fresh bosslet over HTTP and worked out again with NumPy.

    python -m tests.clients.real_labels --data DIR [--block-size 256]

DIR is as for ``tests.clients.real_volume``. Like that one this needs data, so it is not part of the test suite. It
prints what it compared and how long it took, and fails at the first difference:

1. ``ids`` of the whole volume, and the tight ``boundingbox`` of 200 random labels.
2. The same after half of the blocks were written again with other labels.
3. Images and labels downsampled, isotropic and anisotropic, with the isotropic levels of the latter; half-way through
   the first, the server and the process that downsamples are killed, and a server is started again.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import blosc
import numpy as np
import psutil
import requests
from numpy.typing import NDArray

from tests.clients.levels import mean, vote
from tests.clients.real_volume import Volumes, compare
from tests.live.server import Server, serving

Voxels = NDArray[Any]

LABELS_ASKED = 200
LEVELS = 5
TO_DOWNSAMPLE = 300
"""Seconds that all levels of all channels may take."""
FIELDS = ("z_range", "y_range", "x_range")


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel of collection ``real``."""

    server: Server
    experiment: str
    name: str
    dtype: np.dtype[Any]

    def create(self) -> None:
        """Make it; its experiment exists."""
        kind = "annotation" if self.dtype.itemsize == 8 else "image"
        path = f"collection/real/experiment/{self.experiment}/channel/{self.name}"
        call(self.server, "POST", path, json={"type": kind, "datatype": self.dtype.name})

    def write(self, corner: tuple[int, ...], voxels: Voxels) -> None:
        """Merge voxels into the stored ones."""
        body = blosc.compress(np.ascontiguousarray(voxels), typesize=voxels.itemsize, cname="lz4")
        url = self._cutout(0, corner, voxels.shape)
        call(self.server, "POST", url, data=body, headers={"Content-Type": "application/blosc"})

    def read(self, shape: tuple[int, ...], level: int = 0, **query: str) -> Voxels:
        """Everything, of a level of that shape."""
        answer = call(self.server, "GET", self._cutout(level, (0, 0, 0), shape), params=query)
        return np.frombuffer(blosc.decompress(answer.content), self.dtype).reshape(shape)

    def ask(self, service: str, tail: str = "", **query: str) -> Any:
        """JSON that a service knows of this channel."""
        return call(self.server, "GET", f"{service}/{self._path}{tail}", params=query).json()

    def downsample(self) -> None:
        """Begin it."""
        call(self.server, "POST", f"downsample/{self._path}")

    def on(self, server: Server) -> Channel:
        """The same on another server."""
        return Channel(server, self.experiment, self.name, self.dtype)

    @property
    def _path(self) -> str:
        return f"real/{self.experiment}/{self.name}"

    def _cutout(self, level: int, corner: tuple[int, ...], shape: tuple[int, ...]) -> str:
        z, y, x = (f"{first}:{first + side}" for first, side in zip(corner, shape, strict=True))
        return f"cutout/{self._path}/{level}/{x}/{y}/{z}/"


def main() -> None:
    """All steps, on the volume of ``--data``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with grayscale/ and groundtruth.h5.gz")
    parser.add_argument("--block-size", type=int, default=256, help="of the server; its default is 256")
    options = parser.parse_args()
    volumes = Volumes.load(options.data.resolve())
    with tempfile.TemporaryDirectory(prefix="real-labels-") as folder:
        uploads = Path(folder) / "uploads"
        with serving(uploads, block_size=options.block_size) as server:
            channels = filled(server, volumes)
            labels = check_labels(channels[0], volumes.labels, options.block_size)
            kill_half_way(server, channels)
        with serving(uploads, block_size=options.block_size) as server:
            for channel in channels[1:]:
                channel.on(server).downsample()
            wait_for_levels([channel.on(server) for channel in channels])
            for channel in channels:
                check_levels(channel.on(server), labels if channel is channels[0] else volumes.items()[channel.name])
    print("all equal")


def call(server: Server, method: str, path: str, **options: Any) -> requests.Response:
    """One request that has to succeed."""
    answer = requests.request(method, f"{server.url}/v1/{path}", timeout=120, **options)
    assert answer.ok, (method, path, answer.status_code, answer.text)
    return answer


def filled(server: Server, volumes: Volumes) -> list[Channel]:
    """Labels and images in an isotropic and an anisotropic experiment, written."""
    call(server, "POST", "collection/real", json={})
    frame = {f"{axis}_start": 0 for axis in "xyz"}
    frame |= {f"{axis}_stop": side for axis, side in zip("zyx", volumes.em.shape, strict=True)}
    channels = []
    for method, z_size in (("isotropic", 10), ("anisotropic", 40)):
        sizes = {"x_voxel_size": 10, "y_voxel_size": 10, "z_voxel_size": z_size, "voxel_unit": "nanometers"}
        call(server, "POST", f"coord/{method}", json=frame | sizes)
        body = {"coord_frame": method, "hierarchy_method": method, "num_hierarchy_levels": LEVELS}
        call(server, "POST", f"collection/real/experiment/{method}", json=body)
        for name in ("labels", "em"):
            voxels = volumes.items()[name]
            channel = Channel(server, method, name, voxels.dtype)
            channel.create()
            channel.write((0, 0, 0), voxels)
            channels.append(channel)
    return channels


def check_labels(channel: Channel, labels: Voxels, block_size: int) -> Voxels:
    """Steps 1 and 2; what the channel holds afterwards."""
    check_objects(channel, labels, "as uploaded")
    changed = labels.copy()
    starts = [range(0, side, block_size) for side in labels.shape]
    for number, corner in enumerate(product(*starts)):
        if number % 2 == 0:
            box = tuple(slice(first, first + block_size) for first in corner)
            # Other labels, and others yet in the next block; none of them is 0.
            changed[box] = labels[box][::-1, ::-1, ::-1] + number % 3
            changed[box][changed[box] == 0] = 1
            channel.write(corner, changed[box])
    check_objects(channel, changed, "half of the blocks written again")
    return changed


def check_objects(channel: Channel, labels: Voxels, when: str) -> None:
    """``ids`` and ``boundingbox`` against NumPy, timed."""
    start = time.perf_counter()
    found = channel.read(labels.shape)
    to_read = time.perf_counter() - start
    compare(f"labels, {when}", found, labels)
    everywhere = "/".join(["/0", *(f"0:{side}" for side in labels.shape[::-1])])
    expected = np.unique(labels[labels > 0])
    start = time.perf_counter()
    assert channel.ask("ids", everywhere)["ids"] == [str(label) for label in expected]
    print(f"{when}: {len(expected)} ids equal, {time.perf_counter() - start:.2f} s; to read the volume {to_read:.2f} s")
    seconds = []
    chosen = np.random.default_rng(0).choice(expected, LABELS_ASKED, replace=False)
    for label in chosen:
        start = time.perf_counter()
        box = channel.ask("boundingbox", f"/0/{label}", type="tight")
        seconds.append(time.perf_counter() - start)
        where = np.nonzero(labels == label)
        ranges = [[int(axis.min()), int(axis.max()) + 1] for axis in where]
        assert [box[field] for field in FIELDS] == ranges, (label, box, ranges)
    middle, worst = statistics.median(seconds), max(seconds)
    print(f"{when}: {LABELS_ASKED} tight boxes equal, {middle:.4f} s each, at most {worst:.4f} s")
    assert middle < to_read / 10


def kill_half_way(server: Server, channels: list[Channel]) -> None:
    """KILL the process that downsamples when half of the labels' blocks are made, and the server with it."""
    begin = channels[0]
    begin.downsample()
    until(lambda: made(begin) >= 0.5)
    runners = [process for process in psutil.process_iter() if works_on(process, server.uploads)]
    for process in runners:
        process.kill()
    server.kill()
    psutil.wait_procs(runners, timeout=10)
    assert runners
    print(f"killed {len(runners)} process that downsampled, and the server")


def made(channel: Channel) -> float:
    """How much of the levels there is, from 0 to 1."""
    answer = channel.ask("downsample")
    assert answer["status"] in {"QUEUED", "IN_PROGRESS"}, f"too fast to be killed: {answer}"
    progress = answer["progress"]
    return float(progress["done"] / max(progress["total"], 1))


def works_on(process: psutil.Process, uploads: Path) -> bool:
    """Whether it is a process that downsamples there."""
    try:
        command = process.cmdline()
    except psutil.Error:
        return False
    return "work" in command and str(uploads) in command


def wait_for_levels(channels: list[Channel]) -> None:
    """Until all channels are downsampled."""
    start = time.perf_counter()
    for channel in channels:
        until(lambda channel=channel: channel.ask("downsample")["status"] in {"DOWNSAMPLED", "FAILED"})
        assert channel.ask("downsample")["status"] == "DOWNSAMPLED"
    print(f"downsampled {time.perf_counter() - start:.1f} s after the start of a server")


def check_levels(channel: Channel, base: Voxels) -> None:
    """Every level against NumPy, at its odd sizes as well."""
    levels = list(expected_levels(channel, base))
    for level, query, expected in levels:
        compare(
            f"{channel.experiment} {channel.name} {level}{query or ''} {expected.shape}",
            channel.read(expected.shape, level, **query),
            expected,
        )


def expected_levels(channel: Channel, base: Voxels) -> Iterator[tuple[int, dict[str, str], Voxels]]:
    """Level, query and voxels of all that is made."""
    reduce = vote if channel.name == "labels" else mean
    if channel.experiment == "isotropic":
        voxels = base
        for level in range(1, LEVELS):
            voxels = reduce(voxels, (2, 2, 2))
            yield level, {}, voxels
        return
    flat, deep = base, base
    for level in range(1, LEVELS):
        # Voxels of 10 × 10 × 40 are as wide as they are deep at level 2.
        deep = reduce(deep if level > 2 else flat, (2, 2, 2) if level > 2 else (1, 2, 2))
        flat = reduce(flat, (1, 2, 2))
        yield level, {}, flat
        if level > 2:
            yield level, {"iso": "true"}, deep


def until(condition: Callable[[], bool]) -> None:
    """Wait."""
    limit = time.monotonic() + TO_DOWNSAMPLE
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.05)


if __name__ == "__main__":
    main()
