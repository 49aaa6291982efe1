"""Growth: what must not get slower as a store fills, asked by few clients and by many.

The large store has a channel of 100,000 blocks, or 10,000 channels. Its blocks are copies of one that bosslet wrote,
entered into the ledger as bosslet does it: to write each durably would take hours, and leave the same files.
"""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import volumes
from benchmarks.client import Client
from benchmarks.servers.bosslet import Bosslet, cutout_path, serve
from bosslet.codecs import blosc
from bosslet.geometry import Box
from bosslet.volume.ledger import FOLDER, Ledger

SIDE, BLOCK = 64, 256
GRIDS = {1: (1, 1, 1), 64: (4, 4, 4), 100_000: (50, 50, 40)}
"""How many blocks, and how they lie."""
STORES = {
    "1 block": (1, 10),
    "64 blocks": (64, 10),
    "100,000 blocks": (100_000, 10),
    "10,000 channels": (1, 10_000),
}
"""Blocks in the channel that is asked, and channels in the catalog."""
CLIENTS = (1, 4, 16, 64)
PLACES = 32
ROUNDS = 3
ACTS = ("read", "write")


@dataclass(frozen=True, slots=True)
class Cell:
    """Of one request for 64³ voxels."""

    store: str
    act: str
    clients: int
    server_ms: float
    """CPU."""
    per_second: float


def measure(folder: Path, seconds: float) -> list[dict[str, Any]]:
    """All stores in turns, so that each is asked under the same conditions."""
    body = blosc.encode(volumes.image((SIDE, SIDE, SIDE)))
    stores: dict[str, Bosslet] = {}
    try:
        for name, (blocks, channels) in STORES.items():
            stores[name] = _made(folder / name.replace(",", "").replace(" ", "-"), blocks, channels, body)
        cells = []
        for act, clients in product(ACTS, CLIENTS):
            rounds = [{n: _round(stores[n], n, act, clients, body, seconds) for n in stores} for _ in range(ROUNDS)]
            cells += [_cell(name, act, clients, [each[name] for each in rounds]) for name in stores]
            told = "  ".join(f"{cell.store} {cell.server_ms:.2f} ms" for cell in cells[-len(stores) :])
            print(f"{act} {clients:>2} clients: {told}", flush=True)
        return [asdict(cell) for cell in cells]
    finally:
        for store in stores.values():
            store.family.end()


def _made(uploads: Path, blocks: int, channels: int, body: bytes) -> Bosslet:
    """A server of a store of that size, whose blocks all hold the same voxels in their first corner."""
    grid = GRIDS[blocks]
    bosslet = serve(uploads)
    z, y, x = (BLOCK * side for side in grid)
    bosslet.make_experiment((z, y, x))
    bosslet.make_channel("image", "uint8")
    with Client(bosslet.port, {"Content-Type": "application/blosc"}) as client:
        client.send("POST", cutout_path(_corner(0, grid)), body)
    bosslet.family.end()
    _multiply_block(uploads, grid)
    _multiply_channel(uploads / "bosslet.db", channels)
    return serve(uploads)


def _corner(number: int, grid: tuple[int, int, int]) -> Box:
    start = tuple(BLOCK * int(index) for index in np.unravel_index(number, grid))
    return Box((start[0], start[1], start[2]), (start[0] + SIDE, start[1] + SIDE, start[2] + SIDE))


def _multiply_block(uploads: Path, grid: tuple[int, int, int]) -> None:
    (first,) = uploads.glob("**/c/0/0/0/0")
    level, content = first.parents[4], first.read_bytes()
    places = list(product(*map(range, grid)))
    for z, y in product(*map(range, grid[:2])):
        (level / f"c/0/{z}/{y}").mkdir(parents=True, exist_ok=True)
    for z, y, x in places[1:]:
        (level / f"c/0/{z}/{y}/{x}").write_bytes(content)
    with closing(Ledger(uploads / FOLDER)) as ledger:
        path = str(level.relative_to(uploads))
        known = ledger.entry(path, (0, 0, 0, 0))
        if known is None:
            raise RuntimeError(f"the ledger does not know {path}")
        ledger.changed(path, {(0, *place): (True, known.generation) for place in places})


def _multiply_channel(catalog: Path, channels: int) -> None:
    with closing(sqlite3.connect(catalog)) as connection, connection:
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute("SELECT * FROM channels").fetchone())
        query = f"INSERT INTO channels ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})"
        for number in range(1, channels):
            made = connection.execute("INSERT INTO resources (kind) VALUES ('channel')").lastrowid
            another = {"id": made, "name": f"another-{number}", "path": f"{row['path']}-{number}"}
            connection.execute(query, row | another)


def _round(bosslet: Bosslet, store: str, act: str, clients: int, body: bytes, seconds: float) -> tuple[float, float]:
    """Server CPU in ms per request, and requests per second."""
    grid = GRIDS[STORES[store][0]]
    random = np.random.default_rng(0)
    paths = [cutout_path(_corner(number, grid)) for number in random.integers(0, np.prod(grid), PLACES)]
    deadline = time.perf_counter() + seconds * 1.5
    with ThreadPoolExecutor(clients) as pool:
        before, begin = bosslet.family.cpu_seconds(), time.perf_counter()
        done = [pool.submit(_ask, bosslet.port, paths[n % 7 :], act, body, deadline) for n in range(clients)]
        count = sum(each.result() for each in done)
    return 1e3 * (bosslet.family.cpu_seconds() - before) / count, count / (time.perf_counter() - begin)


def _ask(port: int, paths: list[str], act: str, body: bytes, deadline: float) -> int:
    """How many requests were answered by then: one at least."""
    count, own = 0, {"Accept": "application/blosc"} if act == "read" else {"Content-Type": "application/blosc"}
    with Client(port, own) as client:
        while not count or time.perf_counter() < deadline:
            path = paths[count % len(paths)]
            client.send("GET" if act == "read" else "POST", path, None if act == "read" else body)
            count += 1
    return count


def _cell(store: str, act: str, clients: int, rounds: list[tuple[float, float]]) -> Cell:
    return Cell(store, act, clients, median(cpu for cpu, _ in rounds), median(rate for _, rate in rounds))
