"""Writes: what bosslet needs for one on the disk, beside the engine's own durable write of the same voxels.

Two floors: ``/array`` is the engine alone, with voxels that are in its memory already; ``/frame`` also receives and
unpacks what a client posts. All write the same boxes of one array that is full, in turns.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from statistics import median
from typing import Any

from benchmarks.reads import Cell, Cost
from benchmarks.servers import Server, Voxels
from benchmarks.servers.bosslet import cutout_path
from bosslet.codecs import blosc
from bosslet.geometry import Box

SHAPES: dict[str, tuple[int, int, int]] = {
    "256³": (256, 256, 256),
    "128³": (128, 128, 128),
    "64³": (64, 64, 64),
    "16×512×512": (16, 512, 512),
    "64×512×512": (64, 512, 512),
}
ROUNDS = 5
WRITES = 6
"""In each round; a sync takes longer than its CPU time is uncertain."""
FLOOR = "engine"

Act = Callable[[Box], None]


def compare(floor: Server, bosslet: Server, voxels: Voxels) -> list[dict[str, Any]]:
    """The cells of all shapes; the first column is the engine, and the others are compared with it."""
    acts = {
        FLOOR: (floor, _empty(floor, "array")),
        "engine and frame": (floor, _framed(floor, lambda box: floor_path("frame", box), voxels)),
        "bosslet": (bosslet, _framed(bosslet, cutout_path, voxels)),
    }
    cells: list[Cell] = []
    for request, shape in SHAPES.items():
        asked = _aligned(shape, voxels.shape)
        rounds = [{name: _measure(server, act, asked) for name, (server, act) in acts.items()} for _ in range(ROUNDS)]
        cells += [_cell(request, name, rounds) for name in acts]
        print(f"{request:>12}  " + "  ".join(f"{c.server} {c.server_ms:.1f} ms" for c in cells[-3:]), flush=True)
    return [asdict(cell) for cell in cells]


def floor_path(kind: str, box: Box) -> str:
    """Where the floor takes a box."""
    return f"/{kind}/" + "/".join(map(str, (*box.start, *box.stop)))


def _aligned(shape: tuple[int, int, int], extent: tuple[int, ...]) -> list[Box]:
    """Boxes of a shape that start at multiples of it: the first of a block, where it fits into one."""
    columns = [range(0, side - length + 1, max(length, 256)) for side, length in zip(extent, shape, strict=True)]
    corners = [(z, y, x) for z in columns[0] for y in columns[1] for x in columns[2]]
    return [Box((z, y, x), (z + shape[0], y + shape[1], x + shape[2])) for z, y, x in corners]


def _empty(server: Server, kind: str) -> Act:
    client = server.client()
    return lambda box: client.send("POST", floor_path(kind, box)) and None


def _framed(server: Server, path: Callable[[Box], str], voxels: Voxels) -> Act:
    client = server.client()

    def write(box: Box) -> None:
        body = blosc.encode(voxels[box.slices])
        client.send("POST", path(box), body, **{"Content-Type": "application/blosc"})

    return write


def _measure(server: Server, act: Act, asked: list[Box]) -> Cost:
    act(asked[0])
    theirs, own, begin = server.family.cpu_seconds(), time.process_time(), time.perf_counter()
    for number in range(WRITES):
        act(asked[number % len(asked)])
    wall = time.perf_counter() - begin
    cpu, client = server.family.cpu_seconds() - theirs, time.process_time() - own
    return Cost(1e3 * wall / WRITES, 1e3 * cpu / WRITES, 1e3 * client / WRITES)


def _cell(request: str, name: str, rounds: list[dict[str, Cost]]) -> Cell:
    costs = [each[name] for each in rounds]
    return Cell(
        request=request,
        server=name,
        wall_ms=median(cost.wall for cost in costs),
        server_ms=median(cost.server for cost in costs),
        client_ms=median(cost.client for cost in costs),
        ratio=median(each[name].server / max(each[FLOOR].server, 1e-5) for each in rounds),
    )
