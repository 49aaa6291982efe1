"""Slab after slab, as intern and bossDB's ingest send a volume: what reaches the disk for each byte that is posted.

A block is a file and is only ever replaced, so that slabs thinner than a block rewrite what earlier ones left there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from benchmarks.client import Client
from benchmarks.servers import Voxels
from benchmarks.servers.bosslet import Bosslet, cutout_path, serve
from bosslet.codecs import blosc
from bosslet.geometry import Box

SLABS: dict[str, tuple[int, int, int]] = {"32×1024×1024": (32, 1024, 1024), "16×512×512": (16, 512, 512)}
EXTENT = (256, 1024, 1024)
"""Of the volume that is sent: whole blocks."""
CLIENTS = (1, 4)
BLOCKS = ("256,256,256", "64,256,256")


@dataclass(frozen=True, slots=True)
class Ingest:
    """A volume that was sent."""

    slab: str
    block: str
    clients: int
    amplification: float
    """Bytes written to the disk for each byte of voxels that was posted."""
    mb_per_s: float
    cpu_ms_per_mb: float


def measure(folder: Path, voxels: Voxels) -> list[dict[str, Any]]:
    """Every kind of slab, from one client and from four, into blocks of the default shape and flatter ones."""
    found = []
    for block in BLOCKS:
        inside = folder / block.replace(",", "-")
        inside.mkdir()
        bosslet = serve(inside / "uploads", block_size=block)
        try:
            bosslet.make_experiment(voxels.shape)
            names = (f"c{number}" for number in count())
            found += [_measured(bosslet, next(names), voxels, slab, block, n) for slab in SLABS for n in CLIENTS]
        finally:
            bosslet.family.end()
    return [asdict(each) for each in found]


def slabs(shape: tuple[int, int, int], extent: tuple[int, ...]) -> Iterator[Box]:
    """All boxes of a shape in z order, within one z from top to bottom."""
    (dz, dy, dx), (z_end, y_end, x_end) = shape, extent
    for z in range(0, z_end, dz):
        for y in range(0, y_end, dy):
            for x in range(0, x_end, dx):
                yield Box((z, y, x), (min(z + dz, z_end), min(y + dy, y_end), min(x + dx, x_end)))


def _measured(bosslet: Bosslet, channel: str, voxels: Voxels, slab: str, block: str, clients: int) -> Ingest:
    bosslet.make_channel(channel, voxels.dtype.name)
    bodies = [(box, blosc.encode(voxels[box.slices])) for box in slabs(SLABS[slab], voxels.shape)]
    family = bosslet.family
    written, cpu, begin = family.bytes_written(), family.cpu_seconds(), time.perf_counter()
    send_all(bosslet, channel, bodies, clients)
    seconds, mb = time.perf_counter() - begin, voxels.nbytes / 1e6
    found = Ingest(
        slab=slab,
        block=block.replace(",", "×"),
        clients=clients,
        amplification=(family.bytes_written() - written) / voxels.nbytes,
        mb_per_s=mb / seconds,
        cpu_ms_per_mb=1e3 * (family.cpu_seconds() - cpu) / mb,
    )
    print(f"{block} {slab} {clients} clients: {found.amplification:.2f} ×, {found.mb_per_s:.0f} MB/s", flush=True)
    return found


def send_all(bosslet: Bosslet, channel: str, bodies: list[tuple[Box, bytes]], clients: int) -> None:
    """Each client takes the next slab as soon as its last one is on the disk."""
    queue: SimpleQueue[tuple[Box, bytes] | None] = SimpleQueue()
    for body in [*bodies, *[None] * clients]:
        queue.put(body)
    with ThreadPoolExecutor(clients) as pool:
        for sent in [pool.submit(_send, bosslet.port, channel, queue.get) for _ in range(clients)]:
            sent.result()


def _send(port: int, channel: str, take: Callable[[], tuple[Box, bytes] | None]) -> None:
    with Client(port, {"Content-Type": "application/blosc"}) as client:
        while (job := take()) is not None:
            box, body = job
            client.send("POST", cutout_path(box, channel), body)
