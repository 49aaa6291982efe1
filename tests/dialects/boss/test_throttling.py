"""Limits over HTTP: which requests count, the answer to those above a limit, and ``/metric/``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from bosslet import config
from bosslet.app import create_app
from bosslet.catalog.records import ADMINISTRATOR, Role
from bosslet.datastore import Datastore
from tests.dialects.boss.client import Boss, assert_error
from tests.dialects.boss.test_cutout import BOX, SHAPE, made

Limited = Callable[..., Boss]
CUTOUT = f"cutout/col/exp/em/0/{BOX}/"
NBYTES = 2 * SHAPE[0] * SHAPE[1] * SHAPE[2]
"""Of the box in a channel of uint16."""
MONTH = 31 * 24 * 3600


@pytest.fixture
def limited(datastore: Datastore) -> Limited:
    """Clients of a server with limits, where everybody is the administrator."""

    def client(**limits: int) -> Boss:
        settings = config.load(auth="open", **{f"throttle_{name}_bytes": value for name, value in limits.items()})
        return Boss(create_app(datastore, settings).test_client())

    return client


def usage(boss: Boss) -> dict[tuple[str, str], int]:
    return {(item["metric"], item["mtype"]): item["value"] for item in boss.get("/metric/usage").get_json()}


def assert_throttled(answer: TestResponse) -> None:
    assert_error(answer, 429, 3004)
    assert 0 < int(answer.headers["Retry-After"]) <= MONTH


def test_cutouts_count_the_bytes_before_compression(limited: Limited) -> None:
    boss = limited(system=10**9)
    boss.make_channel(datatype="uint16")
    assert usage(boss) == {}
    assert boss.send(CUTOUT, made(SHAPE, "uint16")).status_code == 201
    assert boss.get(CUTOUT).status_code == 200
    assert boss.get(CUTOUT).status_code == 200
    expected = {"user:bossadmin", "api:cutout", "system"}
    assert usage(boss) == {
        (counter, direction): NBYTES * times
        for counter in expected
        for direction, times in (("egress", 2), ("ingress", 1))
    }


@pytest.mark.parametrize(
    ("api", "path", "nbytes"),
    [
        ("image", "image/col/exp/em/xy/0/0:30/0:20/5", 2 * 30 * 20),
        ("image", "image/col/exp/em/xz/0/0:30/7/0:20", 2 * 30 * 20),
        ("tile", "tile/col/exp/em/yz/16/0/3/1/1/", 2 * 16 * 16),
    ],
)
def test_pictures_count_and_are_refused(limited: Limited, api: str, path: str, nbytes: int) -> None:
    boss = limited(api=nbytes)
    boss.make_channel(datatype="uint16")
    for _ in range(2):
        assert boss.get(path).status_code == 200
    assert usage(boss)[f"api:{api}", "egress"] == 2 * nbytes
    for accept in ("*/*", "image/png", "image/jpeg"):
        assert_throttled(boss.get(path, headers={"Accept": accept}))
    assert boss.get(CUTOUT).status_code == 200


def test_resources_and_refused_requests_do_not_count(limited: Limited) -> None:
    boss = limited(system=10**9)
    boss.make_channel(datatype="uint16")
    boss.get("collection/")
    assert_error(boss.get("cutout/col/exp/em/0/0:400/0:10/0:10/"), 400, 1001)
    assert boss.call("PUT", CUTOUT.replace("cutout", "cutout/to_black")).status_code == 200
    assert usage(boss) == {}


@pytest.mark.parametrize("limit", ["user", "api", "system"])
def test_above_a_limit_the_next_is_refused_in_each_direction_by_itself(
    limited: Limited, snapshot: Any, limit: str
) -> None:
    boss = limited(**{limit: 2 * NBYTES})
    boss.make_channel(datatype="uint16")
    for _ in range(3):
        assert boss.get(CUTOUT, headers={"Accept": "image/jpeg"}).status_code in {200, 400}
    for accept in ("*/*", "application/blosc", "application/npygz"):
        assert_throttled(boss.get(CUTOUT, headers={"Accept": accept}))
    for _ in range(3):
        assert boss.send(CUTOUT, made(SHAPE, "uint16")).status_code == 201
    before = snapshot()
    assert_throttled(boss.send(CUTOUT, made(SHAPE, "uint16")))
    assert snapshot() == before
    assert boss.get("collection/").status_code == 200


def test_a_user_who_is_throttled_is_the_only_one(datastore: Datastore) -> None:
    settings = config.load(auth="token", throttle_user_bytes=1)
    client = create_app(datastore, settings).test_client()
    datastore.catalog.users.create("olga", roles=[Role.RESOURCE_MANAGER])
    olga = Boss(client, {"Authorization": f"Token {datastore.catalog.users.new_token('olga')}"})
    olga.make_channel(datatype="uint16", public=True)
    assert olga.get(CUTOUT).status_code == 200
    assert_throttled(olga.get(CUTOUT))
    for other in (Boss(client), Boss(client, {"Authorization": "Token public"})):
        assert other.get(CUTOUT).status_code == 200
        assert_throttled(other.get(CUTOUT))


def test_another_origin_may_read_the_refusal(limited: Limited) -> None:
    boss = limited(system=1)
    boss.make_channel(datatype="uint16")
    for _ in range(2):
        answer = boss.get(CUTOUT, headers={"Origin": "https://neuroglancer.example"})
    assert_throttled(answer)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_without_limits_the_catalog_is_not_written(boss: Boss, snapshot: Any) -> None:
    boss.make_channel(datatype="uint16")
    boss.send(CUTOUT, made(SHAPE, "uint16"))
    before = snapshot()
    assert boss.get(CUTOUT).status_code == 200
    assert snapshot() == before
    assert usage(boss) == {}


def test_metric_says_what_the_limits_are(limited: Limited) -> None:
    boss = limited(user=10, api=2**40)
    types = boss.get("/metric/metrics").get_json()
    limits = {"def_user_limit": 10, "def_api_limit": 2**40, "def_system_limit": -1}
    assert types == [{"mtype": mtype, "units": "bytes", **limits} for mtype in ("egress", "ingress")]
    thresholds = {(item["metric"], item["mtype"]): item["limit"] for item in boss.get("/metric/thresholds/").get_json()}
    assert thresholds["user:bossadmin", "egress"] == 10
    assert thresholds["api:tile", "ingress"] == 2**40
    assert thresholds["system", "egress"] == -1


@pytest.mark.parametrize("slash", ["", "/"])
def test_metric_of_one_counter(limited: Limited, slash: str) -> None:
    boss = limited(user=10)
    boss.make_channel(datatype="uint16")
    boss.get(CUTOUT)
    for path in (f"/metric/usage{slash}", "/metric/"):
        out, into = boss.get(f"{path}?metric=user:bossadmin").get_json()
        assert (out["mtype"], out["value"], out["limit"], out["units"]) == ("egress", NBYTES, 10, "bytes")
        assert (into["mtype"], into["value"]) == ("ingress", 0)
        assert out["since"].endswith("-01")
    assert_error(boss.get("/metric/?metric=api:nothing"), 400, 1003)
    assert boss.get("/metric").status_code == 301


@pytest.mark.parametrize("path", ["/metric/", "/metric/usage", "/metric/metrics", "/metric/thresholds"])
def test_metric_cannot_be_changed(boss: Boss, path: str) -> None:
    assert_error(boss.put(path, []), 405)


def test_only_bossadmin_sees_the_numbers_of_others(as_user: Any) -> None:
    admin, plain, public, anonymous = as_user(ADMINISTRATOR), as_user("paula"), as_user(token="public"), as_user()
    others = ["/metric/metrics", "/metric/thresholds", "/metric/?metric=system", "/metric/usage?metric=user:bossadmin"]
    for path in others:
        assert admin.get(path).status_code == 200
        for client in (plain, public, anonymous):
            assert_error(client.get(path), 403, 3001)
    assert {item["metric"] for item in plain.get("/metric/usage").get_json()} == {"user:paula"}
    assert plain.get("/metric/?metric=user:paula").status_code == 200
    assert_error(anonymous.get("/metric/usage"), 403, 3001)
    assert_error(anonymous.put("/metric/metrics", []), 405)
    assert_error(as_user(token="wrong").get("/metric/usage"), 401)
