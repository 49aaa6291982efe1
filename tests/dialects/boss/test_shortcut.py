"""The short way answers what the long one would, to the header, and leaves alone what it is not sure of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bosslet import config
from bosslet.app import create_app
from bosslet.datastore import Datastore
from tests.dialects.boss.client import Boss
from tests.dialects.ways import Ways

CUTOUT = "/v1/cutout/col/exp/em/0/3:133/5:120/7:70"
BLOSC = {"Accept": "application/blosc"}


@pytest.fixture
def stored(boss: Boss) -> Boss:
    """A channel with noise in a part of it."""
    voxels = np.random.default_rng(5).integers(0, 256, (60, 90, 110), np.uint8)
    assert boss.send(f"{boss.make_channel()}/10:120/10:100/10:70/", voxels).status_code == 201
    return boss


@pytest.fixture
def ways(stored: Boss) -> Ways:
    return Ways(stored.client.application)


@pytest.mark.parametrize("path", [CUTOUT, f"{CUTOUT}/", CUTOUT.replace("v1", "latest"), CUTOUT.replace("em/0", "em/2")])
@pytest.mark.parametrize(
    "headers",
    [
        BLOSC,
        {**BLOSC, "X-Request-Id": "mine"},
        {**BLOSC, "Authorization": "Token x"},
        {**BLOSC, "Sec-Fetch-Site": "none"},
    ],
)
def test_both_ways_lead_to_the_same_answer(ways: Ways, path: str, headers: dict[str, str]) -> None:
    ways.assert_both_answer_the_same(path, headers)


@pytest.mark.parametrize(
    ("path", "options"),
    [
        (CUTOUT, {"method": "HEAD"}),
        (CUTOUT, {"method": "POST", "data": b"x"}),
        (CUTOUT, {"headers": {"Accept": "*/*"}}),
        (CUTOUT, {"headers": {"Accept": "application/npygz"}}),
        (CUTOUT, {"headers": {"Accept": "text/html"}}),
        (CUTOUT, {"headers": {**BLOSC, "Origin": "https://elsewhere.example"}}),
        (CUTOUT, {"headers": {**BLOSC, "Sec-Fetch-Site": "cross-site"}}),
        (CUTOUT, {"headers": {**BLOSC, "Cookie": "bosslet_session=x"}}),
        (CUTOUT, {"headers": {**BLOSC, "Host": "elsewhere.example"}}),
        (CUTOUT, {"headers": BLOSC, "data": b"a body"}),
        (CUTOUT, {"headers": BLOSC, "query_string": "iso=true"}),
        (f"{CUTOUT}/0:1", {"headers": BLOSC}),
        (CUTOUT.replace("em", "none"), {"headers": BLOSC}),
        (CUTOUT.replace("3:133", "133:3"), {"headers": BLOSC}),
        (CUTOUT.replace("3:133", "3:301"), {"headers": BLOSC}),
        (CUTOUT.replace("3:133", f"3:{'9' * 5000}"), {"headers": BLOSC}),
        (CUTOUT.replace("em/0", "em/9"), {"headers": BLOSC}),
        ("/v1/collection/col", {"headers": {"Accept": "application/json"}}),
    ],
)
def test_whatever_else_is_asked_goes_the_long_way(ways: Ways, path: str, options: dict[str, Any]) -> None:
    answer, short = ways.ask(path, **options)
    assert not short
    assert answer.status == ways.ask_the_long_way(path, **options).status


def test_what_was_read_is_counted_once_under_the_same_route(ways: Ways) -> None:
    assert ways.ask(CUTOUT, headers=BLOSC)[1]
    ways.ask_the_long_way(CUTOUT, headers=BLOSC)
    text = ways.ask_the_long_way("/metrics").text
    lines = [line for line in text.splitlines() if line.startswith("bosslet_http_requests_total") and "GET" in line]
    (line,) = [line for line in lines if "/v1/cutout/" in line]
    assert 'dialect="boss"' in line
    assert line.endswith(" 2.0")


def test_tokens_and_permissions_count_as_ever(stored: Boss, datastore: Datastore) -> None:
    ways = Ways(create_app(datastore, config.load(auth="token")))
    datastore.catalog.users.create("bob")
    keys = {name: datastore.catalog.users.new_token(name) for name in ("bob", "bossadmin")}
    for key, status in ((keys["bossadmin"], 200), (keys["bob"], 403), ("f" * 40, 401), ("", 401)):
        headers = {**BLOSC, "Authorization": f"Token {key}"}
        answer, short = ways.ask(CUTOUT, headers=headers)
        assert (answer.status_code, short) == (status, status == 200)
    datastore.catalog.users.revoke_token("bossadmin")
    answer, _ = ways.ask(CUTOUT, headers={**BLOSC, "Authorization": f"Token {keys['bossadmin']}"})
    assert answer.status_code == 401


def test_memory_is_held_until_the_answer_is_sent(ways: Ways) -> None:
    budget = ways.ahead.limits.budget
    answer, short = ways.ask(CUTOUT, headers=BLOSC, buffered=False)
    assert short
    assert budget._common.used + budget._small.used >= len(answer.data)
    answer.close()
    assert budget._common.used + budget._small.used == 0
