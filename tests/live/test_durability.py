"""What is acknowledged is there: after the death of every process, and after TERM. Longer: ``make torture``."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bosslet.geometry import Box
from tests.live.cells import EXTENT, Writers, write_until
from tests.live.client import Channel
from tests.live.server import Server, serving
from tests.live.verified import verified


@pytest.mark.parametrize(
    ("ending", "rounds"),
    [pytest.param(Server.kill, 3, id="KILL to every process"), pytest.param(Server.end, 1, id="TERM")],
)
def test_every_acknowledged_write_outlives_the_server(
    ending: Callable[[Server], None], rounds: int, tmp_path: Path
) -> None:
    uploads, moments, writers = tmp_path / "uploads", random.Random(20), Writers("durable/e/labels")
    for number in range(rounds + 1):
        with serving(uploads, "--workers", "2", "--threads", "4") as server:
            if number == 0:
                Channel(server.url, writers.channel, "uint64").create(EXTENT)
            assert writers.damage(server.url) == ([], [])
            if number < rounds:
                write_until(lambda server=server: ending(server), moments.randint(1, 40), writers, server.url)  # type: ignore[misc]
    assert writers.refused == []


def test_an_older_copy_that_is_put_back_after_the_server_has_ended_is_found(tmp_path: Path) -> None:
    name, box, uploads = "older/e/ch", Box((0, 0, 0), (3, 5, 7)), tmp_path / "uploads"
    block = uploads / name / "0/c/0/0/0/0"
    with serving(uploads, "--workers", "2") as server:
        channel = Channel(server.url, name)
        channel.create((32, 280, 300))
        for value in (1, 2):
            older = block.read_bytes() if block.exists() else b""
            assert channel.write(box, np.full(box.shape, value, np.uint8)) == 201
    assert verified(uploads, name) == []
    block.write_bytes(older)
    assert [finding["box"]["zyx_start"] for finding in verified(uploads, name)] == [[0, 0, 0]]
