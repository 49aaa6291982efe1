"""Groups, their members and their maintainers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bosslet.catalog.records import ADMINISTRATOR, Role
from tests.dialects.boss.client import Boss, assert_error

PEOPLE = ["members", "maintainers"]


@pytest.fixture
def owner(as_user: Any) -> Boss:
    """A resource manager who has made group ``lab``; ``paul`` exists."""
    boss: Boss = as_user("olga", Role.RESOURCE_MANAGER)
    as_user("paul")
    answer = boss.post("groups/lab")
    assert (answer.status_code, answer.data) == (201, b"")
    return boss


def test_whoever_makes_a_group_is_in_it_and_maintains_it(owner: Boss) -> None:
    assert owner.get("groups/").get_json() == {"groups": ["public", "olga-primary", "lab"]}
    assert owner.get("groups/?filter=member").get_json() == {"groups": ["public", "olga-primary", "lab"]}
    assert owner.get("groups/?filter=maintainer").get_json() == {"groups": ["lab"]}
    assert owner.get("groups/lab").get_json() == {"name": "lab", "owner": "olga", "resources": []}
    assert owner.get("groups/lab/members").get_json() == {"members": ["olga"]}
    assert owner.get("groups/lab/maintainers").get_json() == {"maintainers": [ADMINISTRATOR, "olga"]}


def test_a_group_shows_what_it_holds_anything_on(owner: Boss) -> None:
    owner.make_channel()
    for names in ({}, {"experiment": "exp"}, {"experiment": "exp", "channel": "em"}):
        body = {"group": "lab", "collection": "col", "permissions": ["read", "add"], **names}
        assert owner.post("permissions", body).status_code == 201
    assert owner.get("groups/lab/").get_json()["resources"] == [
        {"collection": "col"},
        {"collection": "col", "experiment": "exp"},
        {"collection": "col", "experiment": "exp", "channel": "em"},
    ]


def test_groups_are_deleted_by_whoever_made_them_or_an_administrator(owner: Boss, as_user: Any) -> None:
    other, admin = as_user("otto", Role.RESOURCE_MANAGER), as_user(ADMINISTRATOR)
    owner.post("groups/lab/maintainers/otto")
    assert_error(other.delete("groups/lab"), 403, 3000)
    assert_error(as_user("paul").delete("groups/lab"), 403, 3000)
    answer = owner.delete("groups/lab")
    assert (answer.status_code, answer.data) == (204, b"")
    assert_error(owner.get("groups/lab"), 404, 4001)
    assert_error(owner.delete("groups/lab"), 404, 4001)
    assert other.post("groups/lab").status_code == 201
    assert_error(owner.delete("groups/lab"), 403, 3000)
    assert admin.delete("groups/lab/").status_code == 204


def test_slashes_and_methods(boss: Boss) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = boss.call(method, "groups?filter=member")
        assert (answer.status_code, answer.headers["Location"]) == (301, "/v1/groups/?filter=member")
    assert boss.post("groups/").status_code == 405
    boss.post("/latest/groups/lab/")
    for path in ("groups/lab", "groups/lab/", "groups/lab/members/", "groups/lab/maintainers"):
        assert boss.get(path).status_code == 200
    assert boss.put("groups/lab").status_code == 405


@pytest.mark.parametrize("name", ["a.b", "a" * 256, "ä", "paul-primary"])
def test_names_that_a_group_cannot_have(boss: Boss, name: str) -> None:
    assert_error(boss.post(f"groups/{name}"), 400, 1003)


def test_refusals(owner: Boss, as_user: Any, snapshot: Callable[[], Any]) -> None:
    paul, other, public, anonymous = (
        as_user("paul"),
        as_user("otto", Role.RESOURCE_MANAGER),
        as_user(token="public"),
        (as_user()),
    )
    before = snapshot()
    assert_error(owner.post("groups/lab"), 404, 6001)
    assert_error(owner.get("groups/?filter=owner"), 400, 1004)
    assert_error(owner.get("groups/?filter="), 400, 1004)
    assert_error(paul.post("groups/mine"), 403, 3000)
    assert_error(anonymous.post("groups/mine"), 401)
    for reader in (paul, other, public, anonymous):
        assert_error(reader.get("groups/lab"), 403, 3001)
        assert_error(reader.get("groups/nothing"), 404, 4001)
    for name in ("admin", "public"):
        assert_error(owner.delete(f"groups/{name}"), 400, 1006)
    assert_error(owner.delete("groups/olga-primary"), 400, 1006)
    assert anonymous.get("groups/").get_json() == {"groups": []}
    assert public.get("groups/").get_json() == {"groups": ["public"]}
    assert snapshot() == before


@pytest.mark.parametrize("people", PEOPLE)
def test_people_come_and_go(owner: Boss, people: str) -> None:
    path = f"groups/lab/{people}/paul"
    assert owner.get(path).get_json() == {"result": False}
    for _ in range(2):
        answer = owner.post(f"{path}/")
        assert (answer.status_code, answer.data) == (204, b"")
    assert owner.get(f"{path}/").get_json() == {"result": True}
    assert owner.get(f"groups/lab/{people}/").get_json()[people][-1] == "paul"
    answer = owner.delete(path)
    assert (answer.status_code, answer.data) == (204, b"")
    assert owner.get(path).get_json() == {"result": False}


def test_taking_away_what_is_not_there(owner: Boss) -> None:
    assert owner.delete("groups/lab/members/paul").status_code == 204
    assert_error(owner.delete("groups/lab/maintainers/paul"), 403, 3001)


@pytest.mark.parametrize("people", PEOPLE)
def test_who_may_look_and_who_may_change(owner: Boss, as_user: Any, snapshot: Callable[[], Any], people: str) -> None:
    member, maintainer = as_user("mia", Role.RESOURCE_MANAGER), as_user("max", Role.RESOURCE_MANAGER)
    stranger, plain, admin = as_user("otto", Role.RESOURCE_MANAGER), as_user("paul"), as_user(ADMINISTRATOR)
    owner.post("groups/lab/members/mia")
    owner.post("groups/lab/maintainers/max")
    owner.post("groups/lab/members/paul")
    for reader in (member, maintainer, admin):
        assert reader.get(f"groups/lab/{people}").status_code == 200
        assert reader.get("groups/lab").status_code == 200
    for reader, code in ((stranger, 3001), (plain, 3000)):
        assert_error(reader.get(f"groups/lab/{people}"), 403, code)
        assert_error(reader.get(f"groups/lab/{people}/paul"), 403, code)
    before = snapshot()
    for method in ("POST", "DELETE"):
        assert_error(member.call(method, f"groups/lab/{people}/olga"), 403, 3001)
        assert_error(stranger.call(method, f"groups/lab/{people}/olga"), 403, 3001)
        assert_error(plain.call(method, f"groups/lab/{people}/olga"), 403, 3000)
        assert_error(as_user().call(method, f"groups/lab/{people}/olga"), 401)
    assert snapshot() == before
    assert maintainer.post(f"groups/lab/{people}/paul").status_code == 204
    assert admin.delete(f"groups/lab/{people}/paul").status_code == 204


@pytest.mark.parametrize("people", PEOPLE)
def test_what_cannot_be_changed_or_is_not_there(owner: Boss, people: str, snapshot: Callable[[], Any]) -> None:
    before = snapshot()
    for group in ("admin", "public"):
        for method in ("POST", "DELETE"):
            assert_error(owner.call(method, f"groups/{group}/{people}/nobody"), 400, 1006)
    assert_error(owner.delete(f"groups/lab/{people}/{ADMINISTRATOR}"), 400, 1006)
    for method in ("GET", "POST", "DELETE"):
        assert_error(owner.call(method, f"groups/nothing/{people}/nobody"), 404, 4001)
        assert_error(owner.call(method, f"groups/lab/{people}/nobody"), 404, 4002)
    status, code = (404, 4002) if people == "members" else (400, 1000)
    for method in ("POST", "DELETE"):
        assert_error(owner.call(method, f"groups/lab/{people}/"), status, code)
    assert snapshot() == before


def test_maintaining_is_not_belonging(owner: Boss, as_user: Any) -> None:
    path = owner.make_channel()
    names = {"collection": "col", "experiment": "exp", "channel": "em"}
    owner.post("permissions", {"group": "lab", "permissions": ["read", "read_volumetric_data"], **names})
    paul = as_user("paul")
    owner.post("groups/lab/maintainers/paul")
    assert_error(paul.get(f"{path}/0:5/0:6/0:7/"), 403, 3001)
    owner.post("groups/lab/members/paul")
    assert paul.get(f"{path}/0:5/0:6/0:7/").status_code == 200
    owner.delete("groups/lab/members/paul")
    assert_error(paul.get(f"{path}/0:5/0:6/0:7/"), 403, 3001)
    assert paul.get("groups/lab").status_code == 200


def test_what_a_group_held_goes_with_it(owner: Boss, as_user: Any) -> None:
    owner.make_channel()
    paul = as_user("paul")
    owner.post("groups/lab/members/paul")
    owner.post("permissions", {"group": "lab", "permissions": ["read"], "collection": "col"})
    assert paul.get("collection/col").status_code == 200
    owner.delete("groups/lab")
    assert_error(paul.get("collection/col"), 403, 3001)
    owner.post("groups/lab")
    owner.post("groups/lab/members/paul")
    assert_error(paul.get("collection/col"), 403, 3001)
