"""Cutouts share the memory of their process: one too many waits, is refused without a trace, and may come again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bosslet import app, config
from bosslet.datastore import Datastore
from bosslet.dialects.budget import Budget
from tests.dialects.boss.client import Boss, assert_error

LARGE = np.full((20, 100, 200), 7, np.uint8)
BOX = "/0:200/0:100/0:20"


@pytest.fixture
def budget() -> Budget:
    """Too small for two of these at once."""
    return Budget(LARGE.nbytes * 4, patience=0.01)


@pytest.fixture
def boss(datastore: Datastore, budget: Budget, monkeypatch: pytest.MonkeyPatch) -> Boss:
    """A server with this budget."""
    settings = config.load(auth="open")
    limits = replace(app.limits_of(settings), budget=budget)
    monkeypatch.setattr(app, "limits_of", lambda _settings: limits)
    return Boss(app.create_app(datastore, settings).test_client())


def test_a_request_without_room_is_told_when_to_come_again(boss: Boss, budget: Budget, snapshot: Any) -> None:
    path = boss.make_channel()
    before = snapshot()
    with budget.hold(LARGE.nbytes * 3):
        for answer in (boss.send(path + BOX, LARGE), boss.get(path + BOX)):
            assert_error(answer, 503, 9001)
            assert int(answer.headers["Retry-After"]) >= 1
        assert boss.get(f"{path}/0:2/0:3/0:5").status_code == 200
        assert snapshot() == before
    assert boss.send(path + BOX, LARGE).status_code == 201
    np.testing.assert_array_equal(boss.voxels(path + BOX, LARGE.shape), LARGE)


def test_a_body_is_counted_before_it_is_read(boss: Boss, budget: Budget) -> None:
    path, codes = boss.make_channel(), {400: [], 503: [9001]}
    with budget.hold(10**12):
        for length, status in ((10, 400), (2**16, 503)):
            # There is no such body: to read it would be another error.
            claimed = {"CONTENT_LENGTH": str(length), "CONTENT_TYPE": "application/blosc"}
            assert_error(boss.call("POST", f"{path}/0:2/0:3/0:5", environ_overrides=claimed), status, *codes[status])


def test_whatever_becomes_of_a_request_its_memory_comes_back(boss: Boss, budget: Budget) -> None:
    path = boss.make_channel()
    for _ in range(20):
        boss.call("HEAD", path + BOX).close()
        boss.get(path + BOX).close()
        boss.send(path + BOX, LARGE).close()
        boss.send(path + BOX, LARGE[:, :, :-1]).close()
        boss.put(path.replace("cutout/", "cutout/to_black/") + BOX).close()
    with budget.hold(10**12), budget.hold(1):
        pass


def test_pictures_and_labels_stand_in_line_too(boss: Boss, budget: Budget, snapshot: Any) -> None:
    boss.send(boss.make_channel() + BOX, LARGE)
    boss.send(f"{boss.make_channel('seg', 'uint64')}/0:20/0:20/0:20", np.full((20, 20, 20), 5, np.uint64))
    paths = (
        "image/col/exp/em/xy/0/0:200/0:200/5",
        "tile/col/exp/em/xy/200/0/0/0/5",
        f"ids/col/exp/seg/0{BOX}",
        "boundingbox/col/exp/seg/0/5",
    )
    before = snapshot()
    with budget.hold(10**12):
        for path in paths:
            assert_error(boss.get(path), 503, 9001)
        assert snapshot() == before
    for path in paths:
        for _ in range(20):
            assert boss.get(path).status_code == 200
    with budget.hold(10**12) as everything:
        assert everything.nbytes == budget.total * 7 // 8
