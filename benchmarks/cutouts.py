"""How fast a running bosslet serves and takes cutouts: requests/s, MB/s and CPU of server and client.

    python benchmarks/cutouts.py --base-url http://127.0.0.1:5000 [--token TOKEN] [--seconds 3]

Makes a collection of its own with noise that does not compress (as electron microscopy) or labels (``--labels``), one
keep-alive client, and marks the collection for deletion at the end. The server's CPU is that of the processes that
listen on the port of the URL, so server and benchmark must run on the same machine, and by the same user.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import uuid4

import blosc
import numpy as np
import psutil
import requests
from rich.console import Console
from rich.table import Table

Shape = tuple[int, int, int]

VOLUME: Shape = (256, 1024, 1024)
READS: dict[str, Shape] = {
    "64³": (64, 64, 64),
    "128³": (128, 128, 128),
    "256³": (256, 256, 256),
    "16×512×512": (16, 512, 512),
    "1×512×512": (1, 512, 512),
}
WRITES: dict[str, Shape] = {"64³": (64, 64, 64), "256³": (256, 256, 256), "16×512×512": (16, 512, 512)}


@dataclass(frozen=True, slots=True)
class Row:
    """What one kind of request cost, on average."""

    what: str
    requests_per_second: float
    megabytes_per_second: float
    server_ms: float
    client_ms: float


class Channel:
    """A channel of noise or labels on the server."""

    def __init__(self, base_url: str, token: str, dtype: str, seed: int = 0) -> None:
        self.base_url = base_url.rstrip("/")
        self.dtype = np.dtype(dtype)
        self.random = np.random.default_rng(seed)
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Token {token}"
        self.name = f"benchmark-{uuid4().hex[:8]}"

    def create(self) -> None:
        """Make the channel, and fill it."""
        z, y, x = VOLUME
        sides = {
            f"{axis}_{end}": value
            for axis, side in zip("zyx", (z, y, x), strict=True)
            for end, value in (("start", 0), ("stop", side))
        }
        sizes = {f"{axis}_voxel_size": 8 for axis in "zyx"}
        self._post(f"collection/{self.name}", {})
        self._post(f"coord/{self.name}", {**sides, **sizes, "voxel_unit": "nanometers"})
        self._post(f"collection/{self.name}/experiment/e", {"coord_frame": self.name})
        kind = "annotation" if self.dtype.itemsize > 2 else "image"
        self._post(f"collection/{self.name}/experiment/e/channel/c", {"type": kind, "datatype": self.dtype.name})
        for y0 in range(0, y, 256):
            for x0 in range(0, x, 256):
                self.write((0, y0, x0), self.body((256, 256, 256)))

    def delete(self) -> None:
        """Mark everything for deletion."""
        experiment = f"collection/{self.name}/experiment/e"
        for path in (f"{experiment}/channel/c", experiment, f"collection/{self.name}", f"coord/{self.name}"):
            self.session.delete(f"{self.base_url}/v1/{path}").raise_for_status()

    def body(self, shape: Shape) -> bytes:
        """A compressed cutout without zeros."""
        if self.dtype.itemsize > 2:
            corners = self.random.integers(1, 2**40, tuple(-(-side // 16) for side in shape), dtype=self.dtype)
            voxels = np.kron(corners, np.ones((16, 16, 16), self.dtype))[tuple(slice(side) for side in shape)]
        else:
            voxels = self.random.integers(1, 256, shape, dtype=np.uint8).astype(self.dtype)
        return bytes(blosc.compress(np.ascontiguousarray(voxels), typesize=8 * self.dtype.itemsize, cname="lz4"))

    def read(self, start: Shape, shape: Shape) -> None:
        """One cutout, decompressed as a client would."""
        answer = self.session.get(self._url(start, shape), headers={"Accept": "application/blosc"})
        answer.raise_for_status()
        blosc.decompress(answer.content)

    def write(self, start: Shape, body: bytes, shape: Shape = (256, 256, 256)) -> None:
        """One durable write."""
        headers = {"Content-Type": "application/blosc"}
        self.session.post(self._url(start, shape), data=body, headers=headers).raise_for_status()

    def corner(self, shape: Shape, alignment: Shape) -> Shape:
        """A random place for a box."""
        places = (
            int(self.random.integers(0, (side - length) // step + 1)) * step
            for side, length, step in zip(VOLUME, shape, alignment, strict=True)
        )
        z, y, x = places
        return z, y, x

    def _url(self, start: Shape, shape: Shape) -> str:
        (z, y, x), (dz, dy, dx) = start, shape
        return f"{self.base_url}/v1/cutout/{self.name}/e/c/0/{x}:{x + dx}/{y}:{y + dy}/{z}:{z + dz}/"

    def _post(self, path: str, body: dict[str, object]) -> None:
        self.session.post(f"{self.base_url}/v1/{path}", json=body).raise_for_status()


def server_processes(base_url: str) -> list[psutil.Process]:
    """The processes that listen on the port of the URL."""
    port = urlsplit(base_url).port or 80
    found = [
        process
        for process in psutil.process_iter()
        if any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in _connections(process))
    ]
    if not found:
        raise SystemExit(f"no process of this user listens on port {port}")
    return found


def _connections(process: psutil.Process) -> list[psutil._common.pconn]:
    try:
        return process.net_connections("tcp")
    except psutil.Error:
        return []


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """User and system time of all of these so far."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def measure(what: str, act: Callable[[], None], nbytes: int, seconds: float, servers: list[psutil.Process]) -> Row:
    """Repeat a request for so long, after some that are not counted."""
    for _ in range(3):
        act()
    count, own, theirs, start = 0, time.process_time(), cpu_seconds(servers), time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds or count < 5:
        act()
        count += 1
    server, client = cpu_seconds(servers) - theirs, time.process_time() - own
    return Row(what, count / elapsed, count * nbytes / elapsed / 1e6, 1e3 * server / count, 1e3 * client / count)


def run(channel: Channel, seconds: float, servers: list[psutil.Process]) -> list[Row]:
    """All rows of the table."""
    rows = []
    for name, shape in READS.items():
        nbytes = int(np.prod(shape)) * channel.dtype.itemsize
        rows.append(
            measure(
                f"read {name}", lambda s=shape: channel.read(channel.corner(s, (1, 1, 1)), s), nbytes, seconds, servers
            )
        )
    for name, shape in WRITES.items():
        nbytes, body = int(np.prod(shape)) * channel.dtype.itemsize, channel.body(shape)
        rows.append(
            measure(
                f"write {name}",
                lambda s=shape, b=body: channel.write(channel.corner(s, s), b, s),
                nbytes,
                seconds,
                servers,
            )
        )
    return rows


def show(rows: list[Row]) -> None:
    """Print the table."""
    table = Table("request", "requests/s", "MB/s", "server CPU ms", "client CPU ms")
    for row in rows:
        table.add_row(
            row.what,
            f"{row.requests_per_second:.1f}",
            f"{row.megabytes_per_second:.0f}",
            f"{row.server_ms:.2f}",
            f"{row.client_ms:.2f}",
        )
    Console().print(table)


def main() -> None:
    """Measure the server of ``--base-url``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base-url", default="http://127.0.0.1:5000")
    parser.add_argument("--token", default="public")
    parser.add_argument("--seconds", type=float, default=3.0, help="per row")
    parser.add_argument("--labels", action="store_true", help="uint64 labels instead of uint8 noise")
    options = parser.parse_args()
    channel = Channel(options.base_url, options.token, "uint64" if options.labels else "uint8")
    servers = server_processes(options.base_url)
    channel.create()
    try:
        show(run(channel, options.seconds, servers))
    finally:
        channel.delete()


if __name__ == "__main__":
    main()
