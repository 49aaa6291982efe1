"""Memory: what a cutout takes at its peak, and what stays after thousands of requests."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import volumes
from benchmarks.client import Client
from benchmarks.meter import Family
from benchmarks.reads import RESOURCE, SHAPES, boxes
from benchmarks.servers import Server, Voxels, bosslet
from bosslet.codecs import blosc

CUTOUTS: dict[str, tuple[int, int, int]] = {
    "256×256×512": (256, 256, 512),
    "256×512×512": (256, 512, 512),
    "256×512×1024": (256, 512, 1024),
}
SOME, MANY = 1_000, 10_000
MIX = ("1 voxel", "1×512×512", "64³", "128³", "16×512×512", RESOURCE)


@dataclass(frozen=True, slots=True)
class Peak:
    """Of the process that answers one cutout."""

    voxels: str
    cutout: str
    nbytes: int
    ratio: float
    """The most that it had in memory more than before, to the bytes of the voxels."""


def peaks(folder: Path) -> list[dict[str, Any]]:
    """For images and labels, with one process that keeps no chunks."""
    found = []
    for name, voxels in (("image", volumes.image()), ("labels", volumes.labels())):
        inside = folder / name
        inside.mkdir()
        server = bosslet.start(voxels, inside, cache_bytes=0, workers=1)
        try:
            found += [_peak(server, name, voxels, cutout) for cutout in CUTOUTS]
        finally:
            server.end()
    return [asdict(peak) for peak in found]


def lasting(folder: Path, voxels: Voxels) -> dict[str, int]:
    """Bytes in memory of the largest process after some and after many requests of all kinds, as the defaults are."""
    server = bosslet.start(voxels, folder)
    try:
        with server.client() as client:
            acts = _mix(server, client, voxels)
            choose = random.Random(0)
            resident = {}
            for number in range(1, MANY + 1):
                choose.choice(acts)()
                if number in (SOME, MANY):
                    resident[str(number)] = server.family.resident()
        return resident
    finally:
        server.end()


def _peak(server: Server, name: str, voxels: Voxels, cutout: str) -> Peak:
    box = boxes(CUTOUTS[cutout], voxels.shape, 1)[0]
    nbytes = box.size * voxels.itemsize
    with server.client() as client:
        client.get(server.path(boxes((1, 1, 1), voxels.shape, 1)[0]), **server.cutout_headers)
        worker = Family(server.family.processes[1:])
        worker.forget_peak()
        before = worker.resident()
        client.get(server.path(box), **server.cutout_headers)
    peak = Peak(name, cutout, nbytes, (worker.peak() - before) / nbytes)
    print(f"{name} {cutout}: {peak.ratio:.2f} × {nbytes >> 20} MiB", flush=True)
    return peak


def _mix(server: Server, client: Client, voxels: Voxels) -> list[Callable[[], object]]:
    def read(path: str) -> Callable[[], object]:
        return lambda: client.get(path, **server.cutout_headers)

    acts = [read(server.path(box)) for name in MIX if name in SHAPES for box in boxes(SHAPES[name], voxels.shape)]
    acts.append(lambda: client.get(server.resource or "/"))
    for box in boxes((64, 64, 64), voxels.shape, 2):
        body = blosc.encode(voxels[box.slices])
        path = server.path(box)
        acts.append(
            lambda path=path, body=body: client.send("POST", path, body, **{"Content-Type": "application/blosc"})
        )
    return acts
