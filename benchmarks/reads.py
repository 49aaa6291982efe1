"""Reads: bosslet, the two floors and the peers, asked for the same boxes by the same client in turns."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import numpy as np

from benchmarks.servers import Server, Voxels
from bosslet.geometry import Box

SHAPES: dict[str, tuple[int, int, int]] = {
    "256³": (256, 256, 256),
    "64×512×512": (64, 512, 512),
    "16×512×512": (16, 512, 512),
    "128³": (128, 128, 128),
    "64³": (64, 64, 64),
    "1×512×512": (1, 512, 512),
    "256×1×512": (256, 1, 512),
    "256×512×1": (256, 512, 1),
    "1 voxel": (1, 1, 1),
}
RESOURCE = "resource"
PLACES = 8
"""How many boxes of each shape are asked for, in turns."""
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one request, in ms, on average over one round."""

    wall: float
    server: float
    client: float


@dataclass(frozen=True, slots=True)
class Cell:
    """Of one kind of request to one server: the medians over the rounds."""

    request: str
    server: str
    wall_ms: float
    server_ms: float
    client_ms: float
    ratio: float
    """Of the server's CPU to that of the first server of the table: the median of the ratios of each round."""


def boxes(shape: tuple[int, int, int], extent: Sequence[int], places: int = PLACES) -> list[Box]:
    """Boxes of a shape at random places, always the same ones, mostly not aligned to anything."""
    random = np.random.default_rng(sum(shape))
    found = []
    for _ in range(places):
        z, y, x = (int(random.integers(0, side - length + 1)) for side, length in zip(extent, shape, strict=True))
        found.append(Box((z, y, x), (z + shape[0], y + shape[1], x + shape[2])))
    return found


def all_boxes(extent: Sequence[int], names: Iterable[str] = SHAPES) -> list[Box]:
    """Every box that will be asked for."""
    return [box for name in names for box in boxes(SHAPES[name], extent)]


def check(server: Server, voxels: Voxels) -> None:
    """Raise if a server answers other voxels than it was given: what is fast and wrong does not count."""
    with server.client() as client:
        for box, path in (asked for shape in SHAPES.values() for asked in _asked(server, shape, voxels.shape)[:1]):
            found = server.decode(client.get(path, **server.cutout_headers), box)
            if not np.array_equal(found, voxels[box.slices]):
                raise RuntimeError(f"{server.name} answers other voxels for {box}")


def compare(servers: Sequence[Server], extent: Sequence[int], seconds: float, names: Iterable[str]) -> list[Cell]:
    """The cells of all servers; what a server lacks is left out. The first one is what the others are compared with."""
    cells = []
    for name in names:
        acts = {server.name: act for server in servers if (act := _act(server, name, extent)) is not None}
        rounds = [
            {s.name: _measure(s, acts[s.name], seconds) for s in servers if s.name in acts} for _ in range(ROUNDS)
        ]
        cells += [_cell(name, server.name, servers[0].name, rounds) for server in servers if server.name in acts]
        print(_line(cells[-len(acts) :]), flush=True)
    return cells


def records(cells: Iterable[Cell]) -> list[dict[str, Any]]:
    """As JSON has it."""
    return [asdict(cell) for cell in cells]


def _act(server: Server, name: str, extent: Sequence[int]) -> Callable[[int], None] | None:
    client = server.client()
    if name == RESOURCE:
        path = server.resource
        return None if path is None else lambda _: client.get(path) and None
    asked = _asked(server, SHAPES[name], extent)
    if not asked:
        return None

    def read(number: int) -> None:
        box, path = asked[number % len(asked)]
        server.decode(client.get(path, **server.cutout_headers), box)

    for number in range(len(asked)):
        read(number)
    return read


def _asked(server: Server, shape: tuple[int, int, int], extent: Sequence[int]) -> list[tuple[Box, str]]:
    """The boxes that this server can serve, and where they are."""
    found = []
    for box in boxes(shape, extent):
        with contextlib.suppress(KeyError):
            found.append((box, server.path(box)))
    return found


def _measure(server: Server, act: Callable[[int], None], seconds: float) -> Cost:
    act(0)
    count, theirs, own, begin = 0, server.family.cpu_seconds(), time.process_time(), time.perf_counter()
    while time.perf_counter() - begin < seconds or count < PLACES:
        act(count)
        count += 1
    wall = time.perf_counter() - begin
    cpu, client = server.family.cpu_seconds() - theirs, time.process_time() - own
    return Cost(1e3 * wall / count, 1e3 * cpu / count, 1e3 * client / count)


def _cell(request: str, server: str, first: str, rounds: list[dict[str, Cost]]) -> Cell:
    costs = [each[server] for each in rounds]
    return Cell(
        request=request,
        server=server,
        wall_ms=median(cost.wall for cost in costs),
        server_ms=median(cost.server for cost in costs),
        client_ms=median(cost.client for cost in costs),
        ratio=median(each[server].server / each[first].server for each in rounds) if first in rounds[0] else 0.0,
    )


def _line(cells: list[Cell]) -> str:
    return f"{cells[0].request:>12}  " + "  ".join(f"{c.server} {c.server_ms:.2f} ms ({c.ratio:.2f})" for c in cells)
