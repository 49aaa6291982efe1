"""What groups hold: given, replaced and taken away by those who may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bosslet.catalog.records import ADMINISTRATOR, Role
from tests.dialects.boss.client import Boss, assert_error

COLLECTION = {"collection": "col"}
EXPERIMENT = {**COLLECTION, "experiment": "exp"}
CHANNEL = {**EXPERIMENT, "channel": "em"}
PLACES = [COLLECTION, EXPERIMENT, CHANNEL]
ON_EVERYTHING = ["read", "add", "update", "delete", "assign_group", "remove_group"]
ON_CHANNELS = [*ON_EVERYTHING, "add_volumetric_data", "read_volumetric_data", "delete_volumetric_data"]


@pytest.fixture
def owner(as_user: Any) -> Boss:
    """A resource manager who has made ``col/exp/em`` and group ``lab``."""
    boss: Boss = as_user("olga", Role.RESOURCE_MANAGER)
    boss.make_channel()
    boss.post("groups/lab")
    return boss


def held(boss: Boss, place: dict[str, str], group: str = "lab") -> list[str]:
    """What a group holds on a resource."""
    sets = boss.get("permissions", query_string={"group": group, **place}).get_json()["permission-sets"]
    assert len(sets) <= 1
    return sets[0]["permissions"] if sets else []


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("url", ["permissions", "permissions/", "/latest/permissions/"])
def test_permissions_come_and_go(owner: Boss, place: dict[str, str], url: str) -> None:
    assert held(owner, place) == []
    answer = owner.post(url, {"group": "lab", "permissions": ["update", "read"], **place})
    assert (answer.status_code, answer.data) == (201, b"")
    assert held(owner, place) == ["read", "update"]
    assert owner.post(url, {"group": "lab", "permissions": ["add", "read"], **place}).status_code == 201
    assert held(owner, place) == ["read", "add", "update"]
    answer = owner.call("PATCH", url, json={"group": "lab", "permissions": ["delete"], **place})
    assert (answer.status_code, answer.data) == (200, b"")
    assert held(owner, place) == ["delete"]
    for _ in range(2):
        answer = owner.delete(url, query_string={"group": "lab", **place})
        assert (answer.status_code, answer.data) == (204, b"")
        assert held(owner, place) == []


def test_one_resource_is_not_another(owner: Boss) -> None:
    for number, place in enumerate(PLACES):
        owner.post("permissions", {"group": "lab", "permissions": ON_EVERYTHING[number : number + 2], **place})
    assert [held(owner, place) for place in PLACES] == [["read", "add"], ["add", "update"], ["update", "delete"]]
    owner.delete("permissions", query_string={"group": "lab", **EXPERIMENT})
    assert [held(owner, place) for place in PLACES] == [["read", "add"], [], ["update", "delete"]]


def test_the_listing_without_filter_tells_the_truth_of_each_in_two_parts(owner: Boss) -> None:
    owner.post("permissions", {"group": "lab", "permissions": ["read", "delete_volumetric_data"], **CHANNEL})
    assert owner.get("permissions").get_json() == {
        "permission-sets": [
            {"group": "olga-primary", **COLLECTION, "permissions": ON_EVERYTHING},
            {"group": "olga-primary", **EXPERIMENT, "permissions": ON_EVERYTHING},
            {
                "group": "olga-primary",
                **CHANNEL,
                "permissions": ON_EVERYTHING,
                "volumetric_permissions": ON_CHANNELS[len(ON_EVERYTHING) :],
            },
            {
                "group": "lab",
                **CHANNEL,
                "permissions": ["read"],
                "volumetric_permissions": ["delete_volumetric_data"],
            },
        ]
    }


def test_filters(owner: Boss, as_user: Any) -> None:
    owner.post("permissions", {"group": "lab", "permissions": ["read"], **CHANNEL})
    of_lab = {"group": "lab", **CHANNEL, "permissions": ["read"]}
    of_olga = {"group": "olga-primary", **CHANNEL, "permissions": ON_CHANNELS}
    for reader in (owner, as_user("otto"), as_user()):
        assert reader.get("permissions?group=lab").get_json() == {"permission-sets": [of_lab]}
    answer = owner.get("permissions", query_string=CHANNEL)
    assert answer.get_json() == {"permission-sets": [of_olga, of_lab]}
    for reader in (as_user("otto"), as_user()):
        for query in ({}, CHANNEL):
            assert reader.get("permissions", query_string=query).get_json() == {"permission-sets": []}
    without_experiment = {"collection": "col", "channel": "em"}
    answer = owner.get("permissions", query_string=without_experiment)
    assert answer.get_json()["permission-sets"][0] == {
        "group": "olga-primary",
        **COLLECTION,
        "permissions": ON_EVERYTHING,
    }
    assert_error(owner.get("permissions?group=nothing"), 404, 4001)
    assert_error(owner.get("permissions?collection=nothing"), 404, 4000)
    assert_error(owner.get("permissions?collection=col&experiment=nothing"), 404, 4000)


def test_an_empty_list_is_none(owner: Boss) -> None:
    assert owner.post("permissions", {"group": "lab", "permissions": [], **CHANNEL}).status_code == 201
    owner.post("permissions", {"group": "lab", "permissions": ["read"], **CHANNEL})
    assert owner.call("PATCH", "permissions", json={"group": "lab", "permissions": [], **CHANNEL}).status_code == 200
    assert held(owner, CHANNEL) == []


def test_forms_are_taken_as_well(owner: Boss) -> None:
    for permissions in (["read"], ["read", "update"]):
        answer = owner.call("POST", "permissions", data={"group": "lab", "permissions": permissions, **COLLECTION})
        assert answer.status_code == 201
        assert held(owner, COLLECTION) == permissions


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize(
    ("place", "permissions"),
    [
        (COLLECTION, ["read", "read_volumetric_data"]),
        (EXPERIMENT, ["add_volumetric_data"]),
        (CHANNEL, ["read", "write"]),
        (CHANNEL, ["read", ""]),
        (CHANNEL, ["read", 5]),
        (CHANNEL, ["read", None]),
        (CHANNEL, ["read", ["add"]]),
        (CHANNEL, "read"),
        (CHANNEL, 7),
        (CHANNEL, {"read": True}),
    ],
)
def test_a_wrong_permission_changes_nothing(
    owner: Boss, snapshot: Callable[[], Any], method: str, place: dict[str, str], permissions: Any
) -> None:
    owner.post("permissions", {"group": "lab", "permissions": ["update", "delete"], **place})
    before = snapshot()
    body = {"group": "lab", "permissions": permissions, **place}
    assert_error(owner.call(method, "permissions", json=body), 400, 1003)
    assert snapshot() == before
    assert held(owner, place) == ["update", "delete"]


@pytest.mark.parametrize("missing", ["group", "collection", "permissions"])
@pytest.mark.parametrize("absent", [True, False])
def test_what_a_change_needs(owner: Boss, snapshot: Callable[[], Any], missing: str, absent: bool) -> None:
    whole: dict[str, Any] = {"group": "lab", "permissions": ["read"], **CHANNEL}
    body = {key: value for key, value in whole.items() if key != missing} | ({} if absent else {missing: None})
    before = snapshot()
    assert_error(owner.post("permissions", body), 400, 1000)
    assert_error(owner.call("PATCH", "permissions", json=body), 400, 1004)
    if missing != "permissions":
        query = {key: value for key, value in body.items() if value is not None}
        assert_error(owner.delete("permissions", query_string=query), 400, 1000)
    assert snapshot() == before


def test_what_is_not_there(owner: Boss) -> None:
    unknown = [{"collection": "x"}, {**COLLECTION, "experiment": "x"}, {**EXPERIMENT, "channel": "x"}]
    for place, group, code in [(CHANNEL, "nothing", 4001), *((place, "lab", 4000) for place in unknown)]:
        body = {"group": group, "permissions": ["read"], **place}
        assert_error(owner.post("permissions", body), 404, code)
        assert_error(owner.call("PATCH", "permissions", json=body), 404, code)
        assert_error(owner.delete("permissions", query_string={"group": group, **place}), 404, code)


def test_everybody_can_only_be_let_read(owner: Boss, as_user: Any) -> None:
    public = as_user(token="public")
    for permissions in (["add"], ["read", "update"]):
        assert_error(owner.post("permissions", {"group": "public", "permissions": permissions, **CHANNEL}), 400, 1003)
    body = {"group": "public", "permissions": ["read", "read_volumetric_data"], **CHANNEL}
    assert owner.post("permissions", body).status_code == 201
    assert public.get("cutout/col/exp/em/0/0:5/0:6/0:7/").status_code == 200
    for permissions in ([], ["read", "read_volumetric_data"], ["add"]):
        answer = owner.call("PATCH", "permissions", json={"group": "public", "permissions": permissions, **CHANNEL})
        assert_error(answer, 400, 1003)
    assert held(owner, CHANNEL, "public") == ["read", "read_volumetric_data"]
    body = {"group": "public", "permissions": ["read"], **CHANNEL}
    assert owner.call("PATCH", "permissions", json=body).status_code == 200
    assert_error(public.get("cutout/col/exp/em/0/0:5/0:6/0:7/"), 403, 3001)


def changes(boss: Boss, group: str) -> list[Any]:
    """The answers to the three ways of changing what a group holds on the channel."""
    body = {"group": group, "permissions": ["read"], **CHANNEL}
    return [
        boss.post("permissions", body),
        boss.call("PATCH", "permissions", json=body),
        boss.delete("permissions", query_string={"group": group, **CHANNEL}),
    ]


def test_who_may_not_change_them(owner: Boss, as_user: Any, snapshot: Callable[[], Any]) -> None:
    stranger, plain = as_user("otto", Role.RESOURCE_MANAGER), as_user("paul")
    other = as_user("olaf", Role.RESOURCE_MANAGER)
    other.post("groups/others")
    owner.post("groups/lab/members/paul")
    before = snapshot()
    for answer in changes(stranger, "lab"):
        assert_error(answer, 403, 3001)
    for answer in changes(other, "others"):
        assert_error(answer, 403, 3001)
    for answer in changes(owner, "others"):
        assert_error(answer, 403, 3001)
    for answer in changes(plain, "lab"):
        assert_error(answer, 403, 3000)
    for answer in changes(as_user(), "lab"):
        assert_error(answer, 401)
    assert snapshot() == before


@pytest.mark.parametrize(
    ("granted", "expected"),
    [
        (["assign_group"], [201, 403, 403]),
        (["remove_group"], [403, 403, 204]),
        (["assign_group", "remove_group"], [201, 200, 204]),
        (ON_CHANNELS[:4], [403, 403, 403]),
    ],
)
def test_each_way_takes_its_permission(owner: Boss, as_user: Any, granted: list[str], expected: list[int]) -> None:
    other = as_user("olaf", Role.RESOURCE_MANAGER)
    owner.post("groups/helpers")
    owner.post("groups/helpers/members/olaf")
    owner.post("groups/lab/maintainers/olaf")
    owner.post("permissions", {"group": "helpers", "permissions": granted, **CHANNEL})
    assert [answer.status_code for answer in changes(other, "lab")] == expected


def test_the_administrator_may_always(owner: Boss, as_user: Any) -> None:
    admin = as_user(ADMINISTRATOR)
    assert [answer.status_code for answer in changes(admin, "lab")] == [201, 200, 204]
    assert [answer.status_code for answer in changes(admin, "olga-primary")] == [201, 200, 204]


def test_frames_cannot_be_named(boss: Boss) -> None:
    boss.make_channel()
    boss.post("groups/lab")
    assert_error(boss.post("permissions", {"group": "lab", "permissions": ["read"], "coord": "col_exp"}), 400, 1000)
    shown = [set(each) for each in boss.get("permissions").get_json()["permission-sets"]]
    assert {"group", "collection", "permissions"} in shown
    assert all("collection" in each for each in shown)
