"""The dialects beside each other: what a server's processor does for the same voxels in each of them.

All ask for 64³ voxels that are whole chunks of what is stored, in cache, of the demo volume. *Kept* is what the server
encoded for somebody before and still has; *new* is encoded for this request. A chunk of Zarr is a piece of a file.
"""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import cycle, product
from math import prod
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.client import Client
from benchmarks.meter import Family
from benchmarks.servers import demonstration
from benchmarks.servers.demonstration import CELLS, EM

SIDE, BLOCK = 64, 256
CORNERS = list(product(range(0, BLOCK, SIDE), repeat=3))
"""(z, y, x) of the chunks of one block."""
WARM, NEW = CORNERS[::8], [corner for number, corner in enumerate(CORNERS) if number % 8]
LABELS = 24
"""How many surfaces are asked for."""
ROUNDS = 5
GZIP, ZSTD = {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "zstd"}

Corner = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One kind of it."""

    volume: str
    name: str
    paths: Sequence[str]
    headers: dict[str, str] = field(default_factory=dict)
    once: bool = False
    """Whether no path may be asked for twice."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one request, on average over one round."""

    server_ms: float
    """CPU."""
    wall_ms: float
    nbytes: float
    """Of the body."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Of one kind of request: the medians over the rounds."""

    request: str
    server_ms: float
    wall_ms: float
    nbytes: float
    over_ms: float | None
    """Server CPU more than the first kind of the same volume takes in the same round; None for what is asked once."""


def measure(folder: Path, seconds: float) -> list[dict[str, Any]]:
    """All kinds in turns; those that are asked once before the others."""
    server = demonstration.start(folder)
    try:
        with Client(server.port) as client:
            kinds = [*_image(client), *_labels(client), *_meshes(client)]
            once = [_once(client, server.family, kind) for kind in kinds if kind.once]
            warm = [kind for kind in kinds if not kind.once]
            for kind in warm:
                _round(client, server.family, kind, 0)
            rounds = [[_round(client, server.family, kind, seconds) for kind in warm] for _ in range(ROUNDS)]
    finally:
        server.family.end()
    cells = sorted([*_cells(warm, rounds), *once], key=lambda cell: [kind.name for kind in kinds].index(cell.request))
    return [asdict(cell) for cell in cells]


def _image(client: Client) -> Iterator[Request]:
    """The first one is what the others are compared with."""
    _read_block(client, EM)
    yield Request(EM, "image: boss, blosc", _cutouts(EM), {"Accept": "application/blosc"})
    yield Request(EM, "image: boss, jpeg", _cutouts(EM), {"Accept": "image/jpeg"})
    yield Request(EM, "image: precomputed, raw", _chunks(EM, WARM))
    yield Request(EM, "image: precomputed, raw, gzip if it pays", _chunks(EM, WARM), GZIP)
    yield Request(EM, "image: precomputed, raw, zstd if it pays", _chunks(EM, WARM), ZSTD)
    yield Request(EM, "image: precomputed, jpeg, kept", _chunks(f"{EM}/jpeg", WARM))
    yield Request(EM, "image: precomputed, jpeg, new", _chunks(f"{EM}/jpeg", NEW), once=True)
    yield from _pieces(client, EM, "image")
    yield Request(EM, "image: thumbnail", [f"/thumbnail/{EM}"])


def _labels(client: Client) -> Iterator[Request]:
    _read_block(client, CELLS)
    yield Request(CELLS, "labels: boss, blosc", _cutouts(CELLS), {"Accept": "application/blosc"})
    yield Request(CELLS, "labels: precomputed, kept", _chunks(CELLS, WARM))
    yield Request(CELLS, "labels: precomputed, new", _chunks(CELLS, NEW), once=True)
    yield Request(CELLS, "labels: precomputed, gzip, kept", _chunks(CELLS, WARM), GZIP)
    yield Request(CELLS, "labels: precomputed, gzip, new", _chunks(CELLS, NEW), GZIP, once=True)
    yield Request(CELLS, "labels: precomputed, zstd, kept", _chunks(CELLS, WARM), ZSTD)
    yield Request(CELLS, "labels: precomputed, zstd, new", _chunks(CELLS, NEW), ZSTD, once=True)
    yield Request(CELLS, "labels: precomputed, raw", _chunks(f"{CELLS}/raw", WARM))
    yield Request(CELLS, "labels: precomputed, raw, gzip", _chunks(f"{CELLS}/raw", WARM), GZIP)
    yield Request(CELLS, "labels: precomputed, raw, zstd", _chunks(f"{CELLS}/raw", WARM), ZSTD)
    yield from _pieces(client, CELLS, "labels")
    yield Request(CELLS, "labels: thumbnail", [f"/thumbnail/{CELLS}"])


def _meshes(client: Client) -> Iterator[Request]:
    listed = json.loads(client.get(f"/precomputed/{CELLS}/segment_properties/info"))["inline"]["ids"]
    first, *labels = [f"/mesh/{CELLS}/{label}" for label in listed[: LABELS + 1]]
    client.get(first)  # now it is known which block has which labels
    yield Request(CELLS, "labels: mesh, new", labels, once=True)
    yield Request(CELLS, "labels: mesh, kept", labels)


def _read_block(client: Client, volume: str) -> None:
    client.get(f"/v1/cutout/{volume}/0/0:{BLOCK}/0:{BLOCK}/0:{BLOCK}/", Accept="application/blosc")


def _cutouts(volume: str) -> list[str]:
    ranges = [[f"{first}:{first + SIDE}" for first in corner] for corner in WARM]
    return [f"/v1/cutout/{volume}/0/{x}/{y}/{z}/" for z, y, x in ranges]


def _chunks(volume: str, corners: Sequence[Corner]) -> list[str]:
    ranges = [[f"{first}-{first + SIDE}" for first in corner] for corner in corners]
    return [f"/precomputed/{volume}/0/{x}_{y}_{z}" for z, y, x in ranges]


def _pieces(client: Client, volume: str, kind: str) -> Iterator[Request]:
    """The first chunk inside of the first block, by the range that its index tells."""
    array = f"/zarr/{volume}.ome.zarr/0"
    (sharding,) = json.loads(client.get(f"{array}/zarr.json"))["codecs"]
    shape = sharding["configuration"]["chunk_shape"]
    length = 16 * (BLOCK**3 // prod(shape))
    index = client.get(f"{array}/c/0/0/0/0", Range=f"bytes=-{length + 4}")[:length]  # a checksum comes last
    name = f"{kind}: zarr, a chunk of {'×'.join(map(str, shape[1:]))}"
    first, nbytes = next(struct.iter_unpack("<QQ", index))
    yield Request(volume, name, [f"{array}/c/0/0/0/0"], {"Range": f"bytes={first}-{first + nbytes - 1}"})


def _round(client: Client, family: Family, kind: Request, seconds: float) -> Cost:
    paths, count, nbytes = cycle(kind.paths), 0, 0
    before, begin = family.cpu_seconds(), time.perf_counter()
    while time.perf_counter() - begin < seconds or count < len(kind.paths):
        nbytes += len(client.get(next(paths), **kind.headers))
        count += 1
    wall = time.perf_counter() - begin
    return Cost(1e3 * (family.cpu_seconds() - before) / count, 1e3 * wall / count, nbytes / count)


def _once(client: Client, family: Family, kind: Request) -> Cell:
    cost = _round(client, family, kind, 0)
    return Cell(kind.name, cost.server_ms, cost.wall_ms, cost.nbytes, None)


def _cells(kinds: Sequence[Request], rounds: list[list[Cost]]) -> Iterator[Cell]:
    for place, kind in enumerate(kinds):
        costs = [each[place] for each in rounds]
        first = next(number for number, other in enumerate(kinds) if other.volume == kind.volume)
        cell = Cell(
            request=kind.name,
            server_ms=median(cost.server_ms for cost in costs),
            wall_ms=median(cost.wall_ms for cost in costs),
            nbytes=median(cost.nbytes for cost in costs),
            over_ms=median(each[place].server_ms - each[first].server_ms for each in rounds),
        )
        print(f"{cell.request}: {cell.server_ms:.2f} ms ({cell.over_ms:+.2f})", flush=True)
        yield cell
