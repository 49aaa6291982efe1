"""Metadata: keys and values in the query, on exactly one collection, experiment or channel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bosslet.catalog.records import Role
from tests.dialects.boss.client import Boss, assert_error

PLACES = ["col", "col/exp", "col/exp/em"]


@pytest.fixture
def owner(as_user: Any) -> Boss:
    boss: Boss = as_user("olga", Role.RESOURCE_MANAGER)
    boss.make_channel()
    return boss


def keys(boss: Boss, place: str) -> list[str]:
    """The keys on a resource."""
    listed: list[str] = boss.get(f"meta/{place}").get_json()["keys"]
    return listed


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("prefix", ["/v1", "/latest"])
def test_a_key_lives(owner: Boss, place: str, slash: str, prefix: str) -> None:
    url = f"{prefix}/meta/{place}{slash}"
    answer = owner.post(f"{url}?key=red&value=green")
    assert (answer.status_code, answer.data) == (201, b"")
    assert owner.get(url).get_json() == {"keys": ["red"]}
    assert owner.get(f"{url}?key=red").get_json() == {"key": "red", "value": "green"}
    answer = owner.put(f"{url}?key=red&value=blue")
    assert (answer.status_code, answer.data) == (200, b"")
    assert owner.get(f"{url}?key=red").get_json()["value"] == "blue"
    answer = owner.delete(f"{url}?key=red")
    assert (answer.status_code, answer.data) == (204, b"")
    assert owner.get(url).get_json() == {"keys": []}


def test_each_resource_has_its_own(owner: Boss) -> None:
    for number, place in enumerate(PLACES):
        assert owner.post(f"meta/{place}?key=level&value={number}").status_code == 201
    assert [owner.get(f"meta/{place}?key=level").get_json()["value"] for place in PLACES] == ["0", "1", "2"]
    owner.delete("meta/col/exp?key=level")
    assert [keys(owner, place) for place in PLACES] == [["level"], [], ["level"]]


def test_keys_are_sorted_and_case_counts(owner: Boss) -> None:
    for key in ("b", "a", "B", "é", "aa"):
        owner.post("meta/col", query_string={"key": key, "value": key.upper()})
    assert keys(owner, "col") == ["B", "a", "aa", "b", "é"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(key=st.text(min_size=1, max_size=40), value=st.text(max_size=40))
def test_any_text_is_kept_as_it_came(owner: Boss, key: str, value: str) -> None:
    assert owner.post("meta/col", query_string={"key": key, "value": value}).status_code == 201
    assert owner.get("meta/col", query_string={"key": key}).get_json() == {"key": key, "value": value}
    assert owner.delete("meta/col", query_string={"key": key}).status_code == 204


def test_bodies_are_ignored(owner: Boss) -> None:
    assert_error(owner.post("meta/col", {"key": "k", "value": "v"}), 400, 1003)
    assert owner.call("POST", "meta/col?key=k&value=", data="{", content_type="text/yaml").status_code == 201
    assert owner.get("meta/col?key=k").get_json()["value"] == ""


@pytest.mark.parametrize("place", PLACES)
def test_what_is_missing_unknown_or_there_already(owner: Boss, place: str, snapshot: Callable[[], Any]) -> None:
    owner.post(f"meta/{place}?key=k&value=v")
    before = snapshot()
    for method, query in (
        ("POST", ""),
        ("POST", "?key=x"),
        ("POST", "?value=x"),
        ("POST", "?key=&value=x"),
        ("POST", "?key=k&value=other"),
        ("POST", "?value=x&key=" + "k" * 1025),
        ("PUT", "?key=k"),
        ("PUT", "?value=x"),
        ("PUT", "?key=x&value=x"),
        ("PUT", "?key=&value=x"),
        ("DELETE", ""),
        ("DELETE", "?key=x"),
        ("DELETE", "?key="),
        ("GET", "?key=x"),
        ("GET", "?key="),
    ):
        assert_error(owner.call(method, f"meta/{place}{query}"), 400, 1003)
    assert snapshot() == before


def test_the_order_of_checks(owner: Boss, as_user: Any) -> None:
    other = as_user("otto")
    assert_error(other.post("meta/nothing?key=k"), 400, 1003)
    for path in ("meta/nothing", "meta/col/nothing", "meta/col/exp/nothing", "meta/nothing/exp/em"):
        assert_error(other.post(f"{path}?key=k&value=v"), 404, 4000)
        assert_error(other.get(f"{path}?key=k"), 404, 4000)
    assert_error(other.get("meta/col?key=unknown"), 403, 3001)
    owner.delete("collection/col/experiment/exp/channel/em")
    assert_error(other.get("meta/col/exp/em"), 404, 4005)
    assert_error(owner.post("meta/col/exp/em?key=k&value=v"), 404, 4005)
    assert_error(owner.delete("meta/col/exp/em"), 400, 1003)


@pytest.mark.parametrize("marked", range(3))
def test_what_lies_in_something_marked_is_gone_as_well(owner: Boss, datastore: Any, marked: int) -> None:
    resources = datastore.catalog.resources
    inner = [
        "collection/col/experiment/exp/channel/em",
        "collection/col/experiment/exp",
        "collection/col",
    ]
    for path in inner[: 3 - marked]:
        assert owner.delete(path).status_code == 204
    for level, place in enumerate(PLACES):
        answer = owner.get(f"meta/{place}")
        if level >= marked:
            assert_error(answer, 404, 4005)
        else:
            assert answer.status_code == 200
    assert resources.collection("col").marked == (marked == 0)


def test_being_public_does_not_open_metadata(owner: Boss, as_user: Any) -> None:
    for path in ("collection/col", "collection/col/experiment/exp", "collection/col/experiment/exp/channel/em"):
        owner.put(path, {"public": True})
    for reader in (as_user(), as_user(token="public"), as_user("otto")):
        for place in PLACES:
            assert_error(reader.get(f"meta/{place}"), 403, 3001)
    assert owner.call("HEAD", "meta/col").status_code == 200
    assert_error(as_user().post("meta/col?key=k&value=v"), 401)


def test_a_frame_has_no_metadata_and_there_is_no_list(boss: Boss) -> None:
    boss.make_channel()
    for path in ("meta/", "meta", "meta/col/exp/em/0"):
        assert boss.get(path).status_code == 404
    assert boss.call("PATCH", "meta/col").status_code == 405
