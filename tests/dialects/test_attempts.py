"""Somebody who is wrong too often waits; whoever has the right key does not."""

from __future__ import annotations

from threading import Thread
from typing import Any

import pytest

from bosslet.dialects import attempts
from bosslet.dialects.attempts import BURST, MOST_ADDRESSES, SECONDS_EACH, Attempts
from bosslet.errors import TooManyAttempts
from tests.dialects.boss.client import Boss, assert_error

LOGIN = "/auth/realms/BOSS/protocol/openid-connect/token"


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(attempts, "time", clock)
    return clock


def fail(tested: Attempts, address: str = "10.0.0.1") -> bool:
    """Whether the failure was refused."""
    try:
        tested.failed(address)
    except TooManyAttempts:
        return True
    return False


def test_some_failures_are_taken_lightly_and_no_more(clock: Clock) -> None:
    tested = Attempts()
    assert [fail(tested) for _ in range(BURST + 3)] == [False] * BURST + [True] * 3
    with pytest.raises(TooManyAttempts) as refusal:
        tested.check("10.0.0.1")
    assert 0 < refusal.value.wait.total_seconds() <= SECONDS_EACH
    tested.check("10.0.0.2")
    assert not fail(tested, "10.0.0.2")
    clock.now += SECONDS_EACH + 0.01
    tested.check("10.0.0.1")
    assert [fail(tested), fail(tested)] == [False, True]
    clock.now += BURST * SECONDS_EACH
    assert [fail(tested) for _ in range(BURST + 1)] == [False] * BURST + [True]


def test_an_address_of_ipv6_is_its_network() -> None:
    tested = Attempts()
    for number in range(BURST):
        assert not fail(tested, f"2001:db8::{number:x}")
    assert fail(tested, "2001:db8::ffff:1")
    assert not fail(tested, "2001:db8:0:1::1")


def test_only_so_many_are_remembered() -> None:
    tested = Attempts()
    for _ in range(BURST):
        fail(tested, "first")
    for number in range(3 * MOST_ADDRESSES):
        fail(tested, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(tested._clear) == MOST_ADDRESSES
    tested.check("first")
    tested.check(None)


def test_threads_are_counted_together() -> None:
    tested, refused = Attempts(), []
    threads = [Thread(target=lambda: refused.extend(fail(tested) for _ in range(20))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused.count(False) == BURST


def test_a_wrong_key_too_many_is_429_and_a_right_one_is_let_in(as_user: Any, clock: Clock) -> None:
    wrong, right, stranger = as_user(token="0" * 40), as_user("ann"), as_user()
    for _ in range(BURST):
        assert_error(wrong.get("collection/"), 401)
    refusal = wrong.get("collection/")
    assert_error(refusal, 429)
    assert int(refusal.headers["Retry-After"]) >= 1
    assert_error(wrong.get("/metrics", headers={"X-Forwarded-For": "a"}), 429)
    for client in (right, stranger):
        assert client.get("collection/").status_code == 200
    assert wrong.call("GET", "collection/", environ_overrides={"REMOTE_ADDR": "10.9.9.9"}).status_code == 401
    clock.now += SECONDS_EACH + 0.01
    assert_error(wrong.get("collection/"), 401)


def test_after_too_many_passwords_none_is_looked_at(as_user: Any, datastore: Any, clock: Clock) -> None:
    stranger: Boss = as_user()
    datastore.catalog.users.create("ann", password="right-password")

    def log_in(password: str) -> int:
        return stranger.call("POST", LOGIN, data={"username": "ann", "password": password}).status_code

    for _ in range(BURST):
        assert log_in("wrong") == 401
    assert (log_in("wrong"), log_in("right-password")) == (429, 429)
    assert as_user("bob").get("collection/").status_code == 200
    clock.now += SECONDS_EACH + 0.01
    assert log_in("right-password") == 200
