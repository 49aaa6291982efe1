"""Whatever is sent, it is refused in time, in JSON, and leaves no trace: not in the data, the memory or the log."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from numpy.typing import NDArray

from bosslet.geometry import Box
from tests.live import hostile, hostile_bodies
from tests.live.client import Channel
from tests.live.hostile import EXTENT, Case
from tests.live.server import Server, serving
from tests.live.sockets import Answer, exchange

CLIENTS = 4
LEAST_CASES = 300
MOST_GROWTH = 600 * 2**20
WARM_UP = 2**21
LISTS = (
    "collection/",
    "coord/",
    "groups/",
    "collection/canary",
    "collection/canary/experiment/e",
    "collection/canary/experiment/",
)


@dataclass(frozen=True, slots=True)
class Canary:
    """A server with something in it that has to stay as it is."""

    server: Server
    em: Channel
    labels: Channel
    voxels: NDArray[Any]
    workers: set[int]
    memory: int
    seen: tuple[object, ...]

    @classmethod
    def in_(cls, server: Server) -> Canary:
        em, labels = Channel(server.url, "canary/e/em"), Channel(server.url, "canary/e/labels", "uint64")
        em.create(EXTENT)
        labels._make("collection/canary/experiment/e/channel/labels", {"type": "annotation", "datatype": "uint64"})
        voxels = np.arange(1, np.prod(EXTENT) + 1).reshape(EXTENT)
        for channel in (em, labels):
            assert channel.write(Box.of(EXTENT), voxels % 251 + 1) == 201
        workers = {worker.pid for worker in server.workers()}
        return cls(server, em, labels, voxels, workers, _memory(server), _state(server))

    def check(self) -> None:
        """Everything is as it was, and there is nothing new."""
        for channel in (self.em, self.labels):
            np.testing.assert_array_equal(channel.read(Box.of(EXTENT)), (self.voxels % 251 + 1).astype(channel.dtype))
        assert _state(self.server) == self.seen
        assert {worker.pid for worker in self.server.workers()} == self.workers
        assert _memory(self.server) - self.memory < MOST_GROWTH
        assert self.server.log.read_text() == ""


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canary]:
    with serving(tmp_path_factory.mktemp("hostile") / "uploads", "--workers", "2", "--threads", "4") as server:
        yield Canary.in_(server)


def refused(host: str, case: Case) -> str | None:
    """None, or what is wrong with the answer."""
    name, request = case
    answer = exchange(host, request)
    if answer.status is None or not 400 <= answer.status < 500:
        return f"{name}: {answer.raw[:300]!r}"
    return None if _is_json(answer) else f"{name}: {answer.headers} {answer.body[:200]!r}"


def attack(host: str, cases: list[Case]) -> None:
    """Send all of them, a few at a time."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        complaints = list(pool.map(lambda case: refused(host, case), cases))
    found = [complaint for complaint in complaints if complaint]
    assert not found, "\n".join(found)


KINDS = {
    "heads": hostile.heads,
    "chunks": hostile.chunks,
    "cut off": hostile.cut_off,
    "numbers": hostile.numbers,
    "names": hostile.names,
    "documents": hostile_bodies.documents,
}


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_refused_and_nothing_has_changed(canary: Canary, kind: str) -> None:
    attack(canary.server.host, list(KINDS[kind]()))
    canary.check()


def test_a_body_that_is_no_voxels_is_refused_and_runs_nothing(canary: Canary, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    attack(canary.server.host, list(hostile_bodies.voxels(marker)))
    assert not marker.exists()
    canary.check()


def test_there_are_enough_of_them(tmp_path: Path) -> None:
    count = sum(len(list(make())) for make in KINDS.values()) + len(list(hostile_bodies.voxels(tmp_path)))
    assert count >= LEAST_CASES


def test_wrong_credentials_are_refused(tmp_path: Path) -> None:
    with serving(tmp_path / "uploads", "--workers", "1", auth="token") as server:
        attack(server.host, list(hostile.credentials()))


def _is_json(answer: Answer) -> bool:
    kind = answer.headers.get("content-type", "")
    if answer.status == 404 and kind.startswith("text/html"):
        return b"<" in answer.body  # where bossDB has a page
    return kind == "application/json" and isinstance(answer.json, dict)


def _state(server: Server) -> tuple[object, ...]:
    """What there is, by what the server says and by what is on its disk."""
    session = requests.Session()
    session.trust_env = False
    said = tuple(session.get(f"{server.url}/v1/{path}", timeout=20).text for path in LISTS)
    skipped = ("bosslet.db", ".locks", ".blocks")  # the ledger is sealed once in a while
    files = sorted(path for path in server.uploads.rglob("*") if path.is_file())
    kept = [path for path in files if not str(path.relative_to(server.uploads)).startswith(skipped)]
    return (*said, {str(path): path.read_bytes() for path in kept})


def _memory(server: Server) -> int:
    return sum(worker.memory_info().rss for worker in server.workers())
