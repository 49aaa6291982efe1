"""A disk that takes nothing more: refused with 507, nothing lost, reads go on, and it passes without a restart.

The workers that run are given a limit for the size of files, or of open files, which takes no root and no small disk.
``make torture PART=faults`` lets every single call of the system fail.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest
import requests

from bosslet.geometry import Box, Point
from tests.live.client import Channel
from tests.live.server import Server, serving

pytestmark = pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of other processes are Linux's")

EXTENT: Point = (40, 70, 100)
BOX = Box((5, 7, 11), (37, 66, 91))


@contextmanager
def limited(server: Server, kind: int, most: int) -> Iterator[None]:
    """All workers of a server, with a lower limit for a while."""
    before = [(worker.pid, resource.prlimit(worker.pid, kind)) for worker in server.workers()]
    for pid, (_, hard) in before:
        resource.prlimit(pid, kind, (most, hard))
    try:
        yield
    finally:
        for pid, limits in before:
            resource.prlimit(pid, kind, limits)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[tuple[Server, Channel]]:
    """A server with a channel that is full of ones, in several blocks."""
    options = ("--workers", "1", "--threads", "4")
    settings = {"log_level": "error", "block_size": "16,32,48", "chunk_size": "8,16,24", "cache_bytes": 0}
    with serving(tmp_path / "uploads", *options, **settings) as server:
        channel = Channel(server.url, "faults/e/em")
        channel.create(EXTENT)
        assert channel.write(BOX, np.ones(BOX.shape)) == 201
        yield server, channel
        server.kill()  # it rightly complained


def noise() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(3).integers(1, 255, BOX.shape, np.uint8)


def refusal(channel: Channel) -> requests.Response:
    headers = {"Content-Type": "application/blosc"}
    return channel.session.post(channel.url_of(BOX), data=channel.packed(noise()), headers=headers)


def test_without_room_a_write_is_refused_and_nothing_else_happens(small: tuple[Server, Channel]) -> None:
    server, channel = small
    with limited(server, resource.RLIMIT_FSIZE, 8000):
        for _ in range(20):
            answer = refusal(channel)
            assert answer.status_code == 507, answer.text
            assert {"status", "code", "message"} <= set(answer.json())
            assert (channel.read(BOX) == 1).all()
        made = channel.session.post(f"{channel.url}/collection/new", json={})
        # To SQLite, a file that may not grow is not a disk that is full.
        assert made.status_code in (201, 500, 507)
        assert isinstance(made.json(), dict)
    blocks = len(list(server.uploads.glob("faults/e/em/0/c/*/*/*/*")))
    assert len(list(server.uploads.rglob("*.__lock"))) <= blocks
    assert channel.write(BOX, noise()) == 201
    np.testing.assert_array_equal(channel.read(BOX), noise())


def test_without_room_a_first_write_leaves_nothing(small: tuple[Server, Channel]) -> None:
    server, _ = small
    empty = Channel(server.url, "empty/e/em")
    empty.create(EXTENT)
    with limited(server, resource.RLIMIT_FSIZE, 8000):
        assert refusal(empty).status_code == 507
        assert not empty.read(BOX).any()
    assert empty.write(BOX, noise()) == 201
    np.testing.assert_array_equal(empty.read(BOX), noise())


def test_without_open_files_requests_are_refused_and_then_go_on(small: tuple[Server, Channel]) -> None:
    server, channel = small
    (worker,) = server.workers()
    with limited(server, resource.RLIMIT_NOFILE, psutil.Process(worker.pid).num_fds() + 1):
        answer = refusal(channel)
        assert answer.status_code in (500, 503, 507), answer.text
    assert channel.write(BOX, noise()) == 201
    np.testing.assert_array_equal(channel.read(BOX), noise())
    assert server.workers() == [worker]
