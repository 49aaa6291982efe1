"""Every call of the system that a request makes is let fail, one after the other, and each of them also from then on.

The server keeps running all the time. What it answers must be an error in JSON or true, and what it holds afterwards
what was acknowledged; a block of a refused write is as it was, or as it was to become.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import requests
from numpy.typing import NDArray

from bosslet.geometry import Box, Grid, Point
from tests.live.client import Channel
from tests.live.server import Server, serving
from tests.torture.figures import Figure
from tests.torture.shim import FOREVER, KINDS, SHORT, Fault, Shim

BLOCK: Point = (16, 32, 48)
CHUNK: Point = (8, 16, 24)
EXTENT: Point = (30, 60, 90)
"""In eight blocks."""
BOX = Box((3, 5, 7), (14, 40, 61))
"""In four of them."""
ERRORS: dict[str, tuple[int, ...]] = {
    "open": (errno.EIO, errno.EMFILE, errno.EROFS),
    "read": (errno.EIO, SHORT),
    "write": (errno.EIO, errno.ENOSPC, SHORT),
    "mkdir": (errno.EIO, errno.ENOSPC),
}
"""Of the other kinds, only EIO."""
CHANGING = {"write", "sync", "rename", "mkdir", "truncate"}
"""Kinds without which one can still read."""
REFUSALS = {500, 503, 507}


@dataclass
class Victim:
    """A server with the shim in it, and all that is known of what it holds."""

    server: Server
    shim: Shim
    known: NDArray[np.uint16] = field(default_factory=lambda: np.zeros(EXTENT, np.uint16))
    points: int = 0
    refused: int = 0
    wrong: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.session = requests.Session()
        self.session.trust_env = False
        self.channel = self.new_channel()
        self.write(Box.of(EXTENT))

    def new_channel(self) -> Channel:
        """Empty, in an experiment of its own."""
        channel = Channel(self.server.url, f"c-{next(self.numbers)}/e/em", "uint16")
        channel.create(EXTENT)
        return channel

    def write(self, box: Box) -> None:
        """Write to a box, and see that it is acknowledged, and read back."""
        new = self.voxels(box)
        answer = self.send("POST", box, new)
        self.known[box.slices] = np.where(new, new, self.known[box.slices])
        if answer.status_code != 201 or not np.array_equal(self.channel.read(Box.of(EXTENT)), self.known):
            self.wrong.append(f"after the fault: {answer.status_code} {answer.text[:200]}")

    def voxels(self, box: Box) -> NDArray[np.uint16]:
        """All of one number, with zeros in between."""
        new: NDArray[np.uint16] = np.full(box.shape, next(self.numbers) % 65_000 + 1, np.uint16)
        new[::2, ::3, ::5] = 0
        return new

    def send(self, method: str, box: Box, voxels: NDArray[np.uint16] | None = None) -> requests.Response:
        """One request about a box of the channel."""
        url = self.channel.url_of(box)
        if method == "PUT":
            return self.session.put(url.replace("/cutout/", "/cutout/to_black/"), timeout=60)
        headers = {"Content-Type": "application/blosc", "Accept": "application/blosc"}
        body = None if voxels is None else self.channel.packed(voxels)
        return self.session.request(method, url, data=body, headers=headers, timeout=60)

    def complain(self, about: str) -> None:
        """Something was not as it has to be."""
        self.wrong.append(about)

    def settle(self, box: Box, new: NDArray[np.uint16], fault: Fault, answer: requests.Response) -> None:
        """Read everything after a change was answered, and take note of what it is now."""
        if answer.status_code != 201 and not _is_refusal(answer):
            self.complain(f"{fault}: {answer.status_code} {answer.text[:200]}")
        self.refused += answer.status_code != 201
        wanted = self.known.copy()
        wanted[box.slices] = new
        try:
            found = self.channel.read(Box.of(EXTENT))
        except AssertionError as error:
            self.complain(f"{fault}: cannot be read afterwards: {error}")
            return
        for part in Grid(BLOCK).parts(Box.of(EXTENT)):
            place = part.box.slices
            old_is_fine = answer.status_code != 201 and np.array_equal(found[place], self.known[place])
            if not old_is_fine and not np.array_equal(found[place], wanted[place]):
                self.complain(f"{fault}: {answer.status_code}, and {part.box} is wrong")
        self.known = found.copy()


def _merge(victim: Victim, fault: Fault) -> None:
    """Into blocks that exist."""
    new = victim.voxels(BOX)
    merged = np.where(new, new, victim.known[BOX.slices])
    with victim.shim.planned(fault):
        answer = victim.send("POST", BOX, new)
        if fault.times > 1 and fault.kind in CHANGING:
            _read_meanwhile(victim, fault)
    victim.settle(BOX, merged, fault, answer)


def _first_write(victim: Victim, fault: Fault) -> None:
    """Into an empty channel: folders, and the entries of the ledger."""
    victim.channel, victim.known = victim.new_channel(), np.zeros(EXTENT, np.uint16)
    new = victim.voxels(BOX)
    with victim.shim.planned(fault):
        answer = victim.send("POST", BOX, new)
    victim.settle(BOX, new, fault, answer)


def _erase(victim: Victim, fault: Fault) -> None:
    """One block wholly, others in part."""
    box = Box((0, 0, 0), (20, 32, 48))
    with victim.shim.planned(fault):
        answer = victim.send("PUT", box)
    if answer.status_code == 200:
        answer.status_code = 201
    victim.settle(box, np.zeros(box.shape, np.uint16), fault, answer)


def _read(victim: Victim, fault: Fault) -> None:
    with victim.shim.planned(fault):
        answer = victim.send("GET", BOX)
    if answer.status_code != 200:
        victim.refused += 1
        if not _is_refusal(answer):
            victim.complain(f"{fault}: {answer.status_code} {answer.text[:200]}")
    elif not np.array_equal(victim.channel.unpacked(answer.content, BOX), victim.known[BOX.slices]):
        victim.complain(f"{fault}: 200, and other voxels")


def _make_channel(victim: Victim, fault: Fault) -> None:
    """In the catalog and on disk, or in neither: afterwards the name is taken, or free."""
    name = f"new-{next(victim.numbers)}"
    url = f"{victim.channel.url}/collection/c-1/experiment/e/channel/{name}"
    with victim.shim.planned(fault):
        answer = victim.session.post(url, json={"type": "image", "datatype": "uint16"}, timeout=60)
    if answer.status_code != 201 and not _is_refusal(answer):
        victim.complain(f"{fault}: {answer.status_code} {answer.text[:200]}")
    victim.refused += answer.status_code != 201
    there = victim.session.get(url, timeout=60).status_code
    if there not in ((200,) if answer.status_code == 201 else (200, 404)):
        victim.complain(f"{fault}: {answer.status_code}, then {there}")
    if there == 404 and victim.session.post(url, json={"type": "image", "datatype": "uint16"}).status_code != 201:
        victim.complain(f"{fault}: the channel cannot be made afterwards")
    box = Box((1, 2, 3), (4, 6, 8))
    made = Channel(victim.server.url, f"c-1/e/{name}", "uint16")
    if made.write(box, np.full(box.shape, 7)) != 201 or not (made.read(box) == 7).all():
        victim.complain(f"{fault}: the channel cannot be used afterwards")


Request = Callable[[Victim, Fault], None]
REQUESTS: dict[str, Request] = {
    "merge": _merge,
    "first write": _first_write,
    "erase": _erase,
    "read": _read,
    "make a channel": _make_channel,
}


def faults(folder: Path, step: int, seed: int, *, every_way: bool = True) -> list[Figure]:
    """``step`` is 1 for every point, 10 for every tenth; not ``every_way``: each only once, and with EIO."""
    uploads = folder / "uploads"
    shim, settings = Shim(folder, uploads), {"block_size": _text(BLOCK), "chunk_size": _text(CHUNK), "cache_bytes": 0}
    options: dict[str, Any] = {"log_level": "error", **settings}
    with serving(uploads, "--workers", "2", "--threads", "4", variables=shim.variables, **options) as server:
        victim = Victim(server, shim)
        descriptors, workers = _descriptors(server), {worker.pid for worker in server.workers()}
        for request in REQUESTS.values():
            for kind in KINDS:
                for fault in _ways(kind) if every_way else [Fault(kind, errno.EIO)]:
                    _every_point(victim, request, fault, range(seed % step, FOREVER, step))
        kept = _descriptors(server) - descriptors
        died = len(workers - {worker.pid for worker in server.workers()})
        server.kill()
    wrong = tuple(victim.wrong)
    left = [path for path in uploads.rglob("*.__lock") if path.is_file()]
    return [
        Figure("points at which a call of the system failed", victim.points),
        Figure("requests refused by it with 500, 503 or 507", victim.refused),
        Figure("answers or voxels that were wrong during it or after it", len(victim.wrong), 0, details=wrong),
        Figure("workers that died", died, most=0),
        Figure("files that stayed open", max(0, kept), most=40),
        Figure("temporary files that were left, to be used by the next write", len(left), most=victim.refused),
    ]


def _ways(kind: str) -> Iterator[Fault]:
    """How calls of a kind may fail, at the first of them."""
    for error in ERRORS.get(kind, (errno.EIO,)):
        yield Fault(kind, error)
        if error != SHORT:
            yield Fault(kind, error, times=FOREVER)


def _every_point(victim: Victim, request: Request, fault: Fault, places: range) -> None:
    """At all these places, until there are no more calls of the kind."""
    for after in places:
        request(victim, replace(fault, after=after))
        if not victim.shim.fired:
            return
        victim.points += 1
        if request in (_merge, _erase):
            victim.write(BOX)


def _read_meanwhile(victim: Victim, fault: Fault) -> None:
    """While nothing can be written, what lies outside of the box can be read."""
    box = Box((20, 0, 0), EXTENT)
    if not np.array_equal(victim.channel.read(box), victim.known[box.slices]):
        victim.complain(f"{fault}: read something else meanwhile")


def _is_refusal(answer: requests.Response) -> bool:
    if answer.status_code not in REFUSALS or answer.headers["Content-Type"] != "application/json":
        return False
    return {"status", "code", "message"} <= set(answer.json())


def _descriptors(server: Server) -> int:
    return sum(worker.num_fds() for worker in server.workers())


def _text(sides: Point) -> str:
    return ",".join(map(str, sides))
