"""Accounts and roles, in the words of bossDB's identity provider."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bosslet.catalog.records import ADMINISTRATOR, Role
from tests.dialects.boss.client import Boss, assert_error

JOHN = {"first_name": "Jöhn", "last_name": "Doe", "email": "john@example.org", "password": "myPassW0rd"}


@pytest.fixture
def keeper(as_user: Any) -> Boss:
    """A user manager, who is no administrator."""
    boss: Boss = as_user("kim", Role.USER_MANAGER)
    return boss


def test_a_user_lives(keeper: Boss, as_user: Any) -> None:
    answer = keeper.post("sso/user/john", JOHN)
    assert (answer.status_code, answer.data) == (201, b"")
    shown = keeper.get("sso/user/john/").get_json()
    assert list(shown) == ["id", "username", "firstName", "lastName", "email", "enabled", "realmRoles"]
    assert isinstance(shown.pop("id"), str)
    assert shown == {
        "username": "john",
        "firstName": "Jöhn",
        "lastName": "Doe",
        "email": "john@example.org",
        "enabled": True,
        "realmRoles": [],
    }
    assert_error(keeper.delete("sso/user/john"), 403, 3000)
    answer = as_user(ADMINISTRATOR).delete("sso/user/john")
    assert (answer.status_code, answer.data) == (204, b"")
    assert_error(keeper.get("sso/user/john"), 404, 7001)


def test_everything_about_a_user_may_be_left_out(keeper: Boss) -> None:
    assert keeper.call("POST", "sso/user/john").status_code == 201
    assert keeper.get("sso/user/john").get_json()["firstName"] == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": ""},
        {"password": None},
        {"password": 12345678},
        {"password": "x" * 1025},
        {"first_name": ["John"]},
        {"email": "x" * 5000},
    ],
)
def test_a_wrong_field_makes_no_user(keeper: Boss, wrong: dict[str, Any]) -> None:
    answer = keeper.post("sso/user/john", JOHN | wrong)
    assert_error(answer, 400, 1003)
    assert str(JOHN["password"]) not in answer.text
    assert_error(keeper.get("sso/user/john"), 404, 7001)


@pytest.mark.parametrize("name", ["a.b", "ä", "a" * 248, "a%20b"])
def test_names_that_a_user_cannot_have(keeper: Boss, name: str) -> None:
    assert_error(keeper.post(f"sso/user/{name}", JOHN), 400, 1003)


def test_the_errors_carry_the_providers_own_keys(keeper: Boss, as_user: Any) -> None:
    keeper.post("sso/user/john", JOHN)
    answer = keeper.post("sso/user/john", JOHN)
    assert_error(answer, 409, 7001)
    assert set(answer.get_json()) == {"status", "code", "message", "errorMessage"}
    admin = as_user(ADMINISTRATOR)
    for method, path in (
        ("GET", "sso/user/nobody"),
        ("DELETE", "sso/user/nobody"),
        ("GET", "sso/user-role/nobody/"),
        ("GET", "sso/user-role/nobody/admin"),
        ("POST", "sso/user-role/nobody/resource-manager"),
        ("DELETE", "sso/user-role/nobody/user-manager"),
    ):
        answer = admin.call(method, path)
        assert_error(answer, 404, 7001)
        assert set(answer.get_json()) == {"status", "code", "message", "error"}
    assert_error(admin.delete(f"sso/user/{ADMINISTRATOR}"), 403, 7001)
    assert admin.get(f"sso/user/{ADMINISTRATOR}").get_json()["realmRoles"] == ["admin"]


def test_who_may_look_at_and_make_users(keeper: Boss, as_user: Any, snapshot: Callable[[], Any]) -> None:
    plain, manager, anonymous = as_user("paul"), as_user("rita", Role.RESOURCE_MANAGER), as_user()
    before = snapshot()
    for reader in (plain, manager, keeper):
        assert reader.get("sso/user/kim").get_json()["realmRoles"] == ["user-manager"]
    assert_error(anonymous.get("sso/user/kim"), 401)
    for other in (plain, manager):
        assert_error(other.post("sso/user/john", JOHN), 403, 3000)
        assert_error(other.delete("sso/user/paul"), 403, 3000)
        assert_error(other.get("sso/user-role/paul/"), 403, 3000)
        assert_error(other.get("sso/user-role/paul/admin"), 403, 3000)
        assert_error(other.post("sso/user-role/paul/resource-manager"), 403, 3000)
        assert_error(other.delete("sso/user-role/paul/nonsense"), 403, 3000)
    assert_error(anonymous.post("sso/user/john", JOHN), 401)
    assert_error(anonymous.get("sso/user-role/paul/"), 403, 3000)
    assert snapshot() == before


def test_roles_come_and_go_and_count_at_once(keeper: Boss, as_user: Any) -> None:
    paul = as_user("paul")
    assert keeper.get("sso/user-role/paul/").get_json() == []
    assert_error(paul.post("collection/mine"), 403, 3000)
    for _ in range(2):
        answer = keeper.post("sso/user-role/paul/resource-manager")
        assert (answer.status_code, answer.data) == (201, b"")
    assert keeper.get("sso/user-role/paul/").get_json() == ["resource-manager"]
    assert keeper.get("sso/user-role/paul/resource-manager/").get_json() is True
    assert keeper.get("sso/user-role/paul/admin").get_json() is False
    assert paul.post("collection/mine").status_code == 201
    for _ in range(2):
        answer = keeper.delete("sso/user-role/paul/resource-manager")
        assert (answer.status_code, answer.data) == (204, b"")
    assert_error(paul.post("collection/yours"), 403, 3000)


def test_which_roles_may_be_given(keeper: Boss, as_user: Any, snapshot: Callable[[], Any]) -> None:
    as_user("paul")
    admin = as_user(ADMINISTRATOR)
    before = snapshot()
    for method in ("POST", "DELETE"):
        for boss in (keeper, admin):
            assert_error(boss.call(method, "sso/user-role/paul/admin"), 403, 7002)
            assert_error(boss.call(method, "sso/user-role/paul/superuser"), 403, 7002)
        assert_error(keeper.call(method, "sso/user-role/paul/user-manager"), 403, 3000)
    assert_error(keeper.get("sso/user-role/paul/superuser"), 403, 7002)
    assert snapshot() == before
    assert admin.post("sso/user-role/paul/user-manager").status_code == 201
    assert admin.get("sso/user-role/paul/").get_json() == ["user-manager"]
    assert admin.delete("sso/user-role/paul/user-manager").status_code == 204


def test_slashes_and_methods(boss: Boss) -> None:
    boss.post("sso/user/john")
    for method in ("GET", "POST"):
        answer = boss.call(method, "sso/user-role/john")
        assert (answer.status_code, answer.headers["Location"]) == (301, "/v1/sso/user-role/john/")
    assert boss.get("/latest/sso/user-role/john", follow_redirects=True).get_json() == []
    assert boss.get("sso/user/john/").status_code == 200
    assert boss.get("sso/user/").status_code == 404
    assert boss.put("sso/user/john").status_code == 405
    assert boss.post("sso/user-role/john/").status_code == 405
