"""What is acknowledged is there: after the death of every process, and after TERM. Longer: ``make torture``."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.cells import EXTENT, Writers, write_until
from tests.live.client import Channel
from tests.live.server import Server, serving


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
