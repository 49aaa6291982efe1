"""Tokens: who may do what, and what is answered to those who may not."""

from __future__ import annotations

from typing import Any

import pytest

from bosslet.catalog.records import ADMINISTRATOR, Role
from tests.dialects.boss.client import FRAME, Boss, assert_error
from tests.dialects.boss.test_cutout import BOX, SHAPE, made

CHANNEL = "collection/col/experiment/exp/channel/em"
CUTOUT = f"cutout/col/exp/em/0/{BOX}/"


@pytest.fixture
def owner(as_user: Any) -> Boss:
    """A user with role resource-manager, who has made a channel with voxels in it."""
    boss = as_user("olga", Role.RESOURCE_MANAGER)
    boss.make_channel()
    assert boss.send(CUTOUT, made(SHAPE, "uint8")).status_code == 201
    return boss


def assert_unauthenticated(answer: Any) -> None:
    """What bossDB answers to somebody that it does not know."""
    assert_error(answer, 401)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_resource_manager_makes_and_changes_what_is_hers(owner: Boss) -> None:
    assert owner.get(CHANNEL).get_json()["creator"] == "olga"
    assert owner.get("collection/").get_json() == {"collections": ["col"]}
    assert owner.get(CUTOUT).status_code == 200
    assert owner.put(CHANNEL, {"description": "mine"}).status_code == 200
    assert owner.delete(CHANNEL).status_code == 204


def test_the_administrator_may_do_everything(owner: Boss, as_user: Any) -> None:
    admin = as_user(ADMINISTRATOR)
    assert admin.get(CHANNEL).status_code == 200
    assert admin.send(CUTOUT, made(SHAPE, "uint8")).status_code == 201
    assert admin.delete(CHANNEL).status_code == 204


def test_another_user_sees_and_changes_nothing(owner: Boss, as_user: Any, snapshot: Any) -> None:
    other = as_user("otto", Role.RESOURCE_MANAGER)
    before = snapshot()
    assert other.get("collection/").get_json() == {"collections": []}
    for path in ("collection/col", "collection/col/experiment/exp", CHANNEL, CUTOUT):
        assert_error(other.get(path), 403, 3001)
    for path in ("collection/col", "collection/col/experiment/exp", CHANNEL, "coord/col_exp"):
        assert_error(other.put(path, {"description": "his"}), 403, 3001)
        assert_error(other.delete(path), 403, 3001)
    assert_error(other.send(CUTOUT, made(SHAPE, "uint8")), 403, 3001)
    assert_error(other.call("PUT", CUTOUT.replace("cutout", "cutout/to_black")), 403, 3001)
    assert_error(other.post("collection/col/experiment/e2", {"coord_frame": "col_exp"}), 403, 3001)
    assert_error(other.post(f"{CHANNEL}2", {"type": "image", "datatype": "uint8"}), 403, 3001)
    assert snapshot() == before
    assert other.get("coord/col_exp").status_code == 200


def test_without_the_role_nothing_is_made_or_deleted(owner: Boss, as_user: Any) -> None:
    plain = as_user("paula")
    assert_error(plain.post("collection/mine"), 403, 3000)
    assert_error(plain.post("coord/mine", FRAME), 403, 3000)
    assert_error(plain.delete(CHANNEL), 403, 3000)


def test_the_public_token_reads_what_is_public_and_writes_nothing(owner: Boss, as_user: Any, snapshot: Any) -> None:
    public = as_user(token="public")
    assert_error(public.get(CUTOUT), 403, 3001)
    owner.put(CHANNEL, {"public": True})
    before = snapshot()
    assert public.get(CUTOUT).status_code == 200
    assert public.get(CHANNEL).status_code == 200
    assert_error(public.get("collection/col"), 403, 3001)
    assert_error(public.send(CUTOUT, made(SHAPE, "uint8")), 403, 3001)
    assert_error(public.call("PUT", CUTOUT.replace("cutout", "cutout/to_black")), 403, 3001)
    assert_error(public.put(CHANNEL, {"public": False}), 403, 3001)
    assert_error(public.delete(CHANNEL), 403, 3000)
    assert_error(public.post("collection/mine"), 403, 3000)
    assert snapshot() == before


def test_somebody_anonymous_reads_what_is_public(owner: Boss, as_user: Any, snapshot: Any) -> None:
    anonymous = as_user()
    assert anonymous.get("collection/").get_json() == {"collections": []}
    assert_error(anonymous.get(CUTOUT), 403, 3001)
    assert_error(anonymous.get(CHANNEL), 403, 3001)
    assert anonymous.get("coord/col_exp").status_code == 200
    assert anonymous.get("coord/").get_json() == {"coords": ["col_exp"]}
    assert anonymous.get("coord/?owner=true").get_json() == {"coords": []}
    owner.put(CHANNEL, {"public": True})
    owner.put("collection/col", {"public": True})
    before = snapshot()
    assert anonymous.get("collection/").get_json() == {"collections": ["col"]}
    assert anonymous.get(CUTOUT).status_code == 200
    for method, path in (("POST", CUTOUT), ("PUT", CHANNEL), ("DELETE", CHANNEL), ("POST", "collection/x")):
        assert_unauthenticated(anonymous.call(method, path, headers={"Accept": "application/blosc"}))
    assert snapshot() == before


def test_a_public_parent_lists_all_children_of_its_own_object(owner: Boss, as_user: Any) -> None:
    public = as_user(token="public")
    owner.make_channel("open", public=True)
    experiment = "collection/col/experiment/exp"
    assert public.get(f"{experiment}/channel/").get_json() == {"channels": ["open"]}
    owner.put(experiment, {"public": True})
    assert public.get(experiment).get_json()["channels"] == ["em", "open"]
    assert public.get(f"{experiment}/channel/").get_json() == {"channels": ["open"]}


@pytest.mark.parametrize("header", ["Token", "Token ", "Token a b", "token 0000", "Bearer nobody", "Token publi"])
def test_a_key_that_nobody_holds_is_refused_whatever_is_asked(owner: Boss, as_user: Any, header: str) -> None:
    client = as_user()
    for method, path in (
        ("GET", "collection/"),
        ("GET", CUTOUT),
        ("POST", CUTOUT),
        ("GET", "coord/"),
        ("DELETE", CHANNEL),
    ):
        for accept in ("*/*", "application/blosc"):
            assert_unauthenticated(client.call(method, path, headers={"Authorization": header, "Accept": accept}))


@pytest.mark.parametrize("scheme", ["Token", "TOKEN", "token", "Bearer", "bearer"])
def test_both_schemes_in_any_case(owner: Boss, as_user: Any, scheme: str) -> None:
    assert as_user("olga", scheme=scheme).get(CUTOUT).status_code == 200


def test_an_unknown_scheme_is_anonymous(owner: Boss, as_user: Any) -> None:
    headers = {"Authorization": "Basic b2xnYTpvbGdh"}
    assert as_user().get("collection/", headers=headers).status_code == 200
    assert_unauthenticated(as_user().post("collection/x", headers=headers))


def test_a_new_token_replaces_the_old_one(as_user: Any) -> None:
    old = as_user("olga", Role.RESOURCE_MANAGER)
    assert old.post("collection/one").status_code == 201
    new = as_user("olga")
    assert_unauthenticated(old.get("collection/"))
    assert new.get("collection/").get_json() == {"collections": ["one"]}


def test_open_mode_ignores_tokens(boss: Boss) -> None:
    for header in ("Token public", "Token wrong", "Bearer x y"):
        answer = boss.post("collection/c", headers={"Authorization": header})
        assert answer.status_code in {201, 400}
        assert boss.get("collection/c").get_json()["creator"] == ADMINISTRATOR
