"""Chunks come the short way as they would the long one, and go the long way with whatever else might matter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bosslet import config
from bosslet.app import create_app
from bosslet.datastore import Datastore
from tests.dialects.boss.client import Boss
from tests.dialects.ways import Ways

EM, CELLS = "/precomputed/col/exp/em", "/precomputed/col/exp/cells"
CHUNK, SMALL = "0/64-128_0-64_0-64", "0/256-300_192-200_64-100"
"""The last one is what the frame leaves of a chunk."""


@pytest.fixture
def stored(boss: Boss) -> Boss:
    """Noise in a part of an image, and few labels."""
    random = np.random.default_rng(5)
    em = random.integers(0, 256, (60, 90, 110), np.uint8)
    assert boss.send(f"{boss.make_channel('em')}/10:120/10:100/10:70/", em).status_code == 201
    cells = random.integers(0, 3, (60, 90, 110), np.uint64)
    labels = boss.make_channel("cells", type="annotation", datatype="uint64")
    assert boss.send(f"{labels}/10:120/10:100/10:70/", cells).status_code == 201
    return boss


@pytest.fixture
def ways(stored: Boss) -> Ways:
    return Ways(stored.client.application)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Accept-Encoding": "gzip, deflate, br"},
        {"Accept-Encoding": "gzip;q=0, zstd"},
        {"Accept-Encoding": 'no such, "thing";q=x'},
        {"Accept": "*/*", "Sec-Fetch-Site": "same-origin", "X-Request-Id": "mine"},
        {"Authorization": "Token x"},
    ],
)
def test_both_ways_lead_to_the_same_answer(ways: Ways, headers: dict[str, str]) -> None:
    for channel in (EM, f"{EM}/raw", f"{EM}/jpeg", CELLS, f"{CELLS}/raw"):
        for chunk in (CHUNK, SMALL):
            assert ways.assert_both_answer_the_same(f"{channel}/{chunk}", headers).data


LONG: list[tuple[str, dict[str, Any]]] = [
    (f"{EM}/{CHUNK}", {"method": "HEAD"}),
    (f"{EM}/{CHUNK}", {"headers": {"If-None-Match": "*"}}),
    (f"{EM}/{CHUNK}", {"headers": {"If-Match": '"x"'}}),
    (f"{EM}/{CHUNK}", {"headers": {"Range": "bytes=0-9"}}),
    (f"{EM}/{CHUNK}", {"headers": {"Origin": "https://elsewhere.example"}}),
    (f"{EM}/{CHUNK}", {"headers": {"Sec-Fetch-Site": "cross-site"}}),
    (f"{EM}/{CHUNK}", {"headers": {"Cookie": "bosslet_session=x"}}),
    (f"{EM}/{CHUNK}", {"headers": {"Host": "elsewhere.example"}}),
    (f"{EM}/{CHUNK}", {"query_string": "encoding=jpeg"}),
    (f"{EM}/t0/{CHUNK}", {}),
    (f"{EM}/iso/{CHUNK}", {}),
    (f"{EM}/info", {}),
    (f"{EM}/compressed_segmentation/{CHUNK}", {}),
    (f"{EM}/0/1-65_0-64_0-64", {}),
    (f"{EM}/0/{'9' * 5000}-65_0-64_0-64", {}),
    (f"{EM}/9/{CHUNK[2:]}", {}),
    (f"/precomputed/col/exp/none/{CHUNK}", {}),
]


def test_whatever_else_is_asked_goes_the_long_way(ways: Ways) -> None:
    for path, options in LONG:
        answer, short = ways.ask(path, **options)
        assert not short, path
        assert answer.status == ways.ask_the_long_way(path, **options).status


def test_what_was_read_is_counted_once_under_the_same_route(ways: Ways) -> None:
    assert ways.ask(f"{EM}/{CHUNK}")[1]
    ways.ask_the_long_way(f"{EM}/{CHUNK}")
    text = ways.ask_the_long_way("/metrics").text
    lines = [line for line in text.splitlines() if line.startswith("bosslet_http_requests_total")]
    (line,) = [line for line in lines if "/precomputed/" in line]
    assert 'dialect="precomputed"' in line
    assert line.endswith(" 2.0")


def test_what_is_private_is_absent_for_who_may_not_read_it(stored: Boss, datastore: Datastore) -> None:
    ways = Ways(create_app(datastore, config.load(auth="token")))
    datastore.catalog.users.create("bob")
    keys = {name: datastore.catalog.users.new_token(name) for name in ("bob", "bossadmin")}
    path = f"{EM}/{CHUNK}"
    for key, status in ((keys["bossadmin"], 200), (keys["bob"], 404), ("f" * 40, 401), ("", 401)):
        answer, short = ways.ask(path, headers={"Authorization": f"Bearer {key}"})
        assert (answer.status_code, short) == (status, status == 200)
    assert ways.ask(path)[0].status_code == 404
    made_public = stored.put("/v1/collection/col/experiment/exp/channel/em", {"public": True})
    assert made_public.status_code == 200, made_public.text
    answer, short = ways.ask(path)
    assert (answer.status_code, short) == (200, True)


def test_what_is_written_is_in_the_next_answer(ways: Ways, stored: Boss) -> None:
    for path in (f"{EM}/{CHUNK}", f"{EM}/jpeg/{CHUNK}", f"{CELLS}/{CHUNK}"):
        before, _ = ways.ask(path)
        channel = path.split("/")[4]
        voxels = np.full((64, 64, 64), 9, np.uint8 if channel == "em" else np.uint64)
        written = stored.send(f"/v1/cutout/col/exp/{channel}/0/64:128/0:64/0:64/", voxels)
        assert written.status_code == 201
        after, short = ways.ask(path)
        assert short
        assert after.data != before.data or path == f"{EM}/jpeg/{CHUNK}"
        assert after.data == ways.ask_the_long_way(path).data


def test_memory_is_held_until_the_answer_is_sent(ways: Ways) -> None:
    budget = ways.ahead.limits.budget
    answer, short = ways.ask(f"{EM}/{CHUNK}", buffered=False)
    assert short
    assert budget._common.used + budget._small.used >= len(answer.data)
    answer.close()
    assert budget._common.used + budget._small.used == 0
