"""Login by password, as intern's own tests do it, and what the key is good for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from bosslet.catalog.records import ADMINISTRATOR, Role
from bosslet.catalog.sessions import LIFETIME_SECONDS
from tests.dialects.boss.client import Boss

TOKEN = "/auth/realms/BOSS/protocol/openid-connect/token"
REVOKE = "/auth/realms/BOSS/protocol/openid-connect/revoke"
PASSWORD = "  myPassW0rd & ü "


@pytest.fixture
def keeper(as_user: Any) -> Boss:
    """A user manager who has made ``john``."""
    boss: Boss = as_user("kim", Role.USER_MANAGER)
    assert boss.post("sso/user/john", {"password": PASSWORD}).status_code == 201
    return boss


def log_in(boss: Boss, **fields: Any) -> Any:
    """The answer to a login; a field of None is left out."""
    form = {"grant_type": "password", "client_id": "endpoint", "username": "john", "password": PASSWORD, **fields}
    return boss.call("POST", TOKEN, data={name: value for name, value in form.items() if value is not None})


def key_of(boss: Boss) -> str:
    """The key of a new session of ``john``."""
    answer = log_in(boss)
    assert answer.status_code == 200, answer.text
    key: str = answer.get_json()["access_token"]
    return key


def test_a_new_account_can_log_in(keeper: Boss, as_user: Any) -> None:
    answer = log_in(as_user())
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    content = answer.get_json()
    key = content.pop("access_token")
    assert content == {"token_type": "Bearer", "expires_in": LIFETIME_SECONDS}
    for scheme in ("Bearer", "Token"):
        john = as_user(token=key, scheme=scheme)
        assert john.get("collection/").status_code == 200
        assert john.get("groups/").get_json() == {"groups": ["public", "john-primary"]}


def test_the_key_is_new_each_time_and_leaves_the_token_alone(keeper: Boss, as_user: Any) -> None:
    by_token = as_user("john")
    keys = [key_of(keeper) for _ in range(2)]
    assert keys[0] != keys[1]
    for john in (by_token, *(as_user(token=key) for key in keys)):
        assert "john-primary" in john.get("groups/").get_json()["groups"]


@pytest.mark.parametrize("grant", [None, "password"])
@pytest.mark.parametrize("client", [None, "anything"])
def test_what_may_be_left_out(keeper: Boss, grant: str | None, client: str | None) -> None:
    assert log_in(keeper, grant_type=grant, client_id=client).status_code == 200


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"password": "wrong"}, 401, "invalid_grant"),
        ({"password": PASSWORD.strip()}, 401, "invalid_grant"),
        ({"username": "nobody"}, 401, "invalid_grant"),
        ({"username": "kim"}, 401, "invalid_grant"),
        ({"username": "public-access", "password": "public"}, 401, "invalid_grant"),
        ({"username": ADMINISTRATOR}, 401, "invalid_grant"),
        ({"username": None}, 400, "invalid_request"),
        ({"password": None}, 400, "invalid_request"),
        ({"password": ""}, 400, "invalid_request"),
        ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
    ],
)
def test_refusals(keeper: Boss, snapshot: Callable[[], Any], fields: dict[str, Any], status: int, error: str) -> None:
    before = snapshot()
    answer = log_in(keeper, **fields)
    assert (answer.status_code, answer.mimetype) == (status, "application/json")
    assert set(answer.get_json()) == {"error", "error_description"}
    assert answer.get_json()["error"] == error
    assert snapshot() == before


def test_only_small_forms_are_read(keeper: Boss) -> None:
    assert keeper.post(TOKEN, {"username": "john", "password": PASSWORD}).get_json()["error"] == "invalid_request"
    answer = log_in(keeper, password="x" * 70_000)
    assert (answer.status_code, answer.mimetype) == (413, "application/json")
    assert keeper.get(TOKEN).status_code == 405


def test_an_unknown_name_takes_as_long_as_a_wrong_password(keeper: Boss) -> None:
    def fastest(**fields: str) -> float:
        times = []
        for _ in range(3):
            start = time.perf_counter()
            assert log_in(keeper, **fields).status_code == 401
            times.append(time.perf_counter() - start)
        return min(times)

    known = fastest(password="wrong")
    # An answer without a hash would come about twenty times as fast.
    assert fastest(username="nobody") > known / 3
    assert fastest(username="kim") > known / 3


def test_a_session_is_ended(keeper: Boss, as_user: Any) -> None:
    first, second = key_of(keeper), key_of(keeper)
    for _ in range(2):
        answer = keeper.call("POST", REVOKE, data={"token": first})
        assert (answer.status_code, answer.get_json()) == (200, {})
    assert as_user(token=first).get("collection/").status_code == 401
    assert as_user(token=second).get("collection/").status_code == 200
    assert keeper.call("POST", REVOKE).get_json()["error"] == "invalid_request"


def test_a_session_ends_with_its_time_or_its_account(keeper: Boss, as_user: Any, datastore: Any) -> None:
    late = datastore.catalog.sessions.begin("john", 0)
    assert as_user(token=late).get("collection/").status_code == 401
    key = key_of(keeper)
    assert as_user(ADMINISTRATOR).delete("sso/user/john").status_code == 204
    assert as_user(token=key).get("collection/").status_code == 401
    assert log_in(keeper).status_code == 401


def test_revoking_is_not_for_tokens(keeper: Boss) -> None:
    token = keeper.headers["Authorization"].split()[1]
    assert keeper.call("POST", REVOKE, data={"token": token}).status_code == 200
    assert keeper.get("sso/user/john").status_code == 200


def test_where_everybody_is_the_administrator_login_works_as_well(boss: Boss) -> None:
    assert boss.post("sso/user/john", {"password": PASSWORD}).status_code == 201
    answer = boss.get("sso/user/john", headers={"Authorization": f"Bearer {key_of(boss)}"})
    assert answer.get_json()["username"] == "john"
    assert boss.post("groups/lab").status_code == 201
    assert boss.get("groups/lab").get_json()["owner"] == ADMINISTRATOR
