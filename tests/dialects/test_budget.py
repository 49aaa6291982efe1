"""The budget is kept, everybody gets a turn, and nothing is lost of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock

import pytest
from flask import Response

from bosslet.dialects.budget import Budget
from bosslet.errors import Busy

TOTAL = 3200
COMMON, SMALL = 2800, 100
"""What is not kept for small requests, and the largest of these."""
SOON = 5.0


def budget(**options: float) -> Budget:
    return Budget(TOTAL, **{"patience": SOON, **options})  # type: ignore[arg-type]


def assert_whole(budget: Budget) -> None:
    """Everything was given back."""
    with budget.hold(COMMON), budget.hold(SMALL):
        pass


class Holder:
    """Holds bytes in a thread until it is told to end."""

    def __init__(self, pool: ThreadPoolExecutor, budget: Budget, nbytes: int) -> None:
        self.inside, self.end = Event(), Event()
        self.future = pool.submit(self._run, budget, nbytes)

    def _run(self, budget: Budget, nbytes: int) -> None:
        with budget.hold(nbytes):
            self.inside.set()
            assert self.end.wait(SOON)

    def leave(self) -> None:
        self.end.set()
        self.future.result(SOON)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_a_lone_request_gets_in_however_much_it_asks_for() -> None:
    tested = budget()
    for nbytes in (0, 1, SMALL, COMMON, TOTAL, 10**15):
        with tested.hold(nbytes):
            pass
    assert_whole(tested)


def test_one_too_many_waits_and_gets_its_turn() -> None:
    tested = budget()
    with ThreadPoolExecutor() as pool:
        first, second = Holder(pool, tested, 2000), Holder(pool, tested, 2000)
        until(lambda: first.inside.is_set() or second.inside.is_set())
        running, waiting = (first, second) if first.inside.is_set() else (second, first)
        assert not waiting.inside.wait(0.05)
        running.leave()
        assert waiting.inside.wait(SOON)
        waiting.leave()
    assert_whole(tested)


def test_one_that_waited_in_vain_is_refused_and_says_when_to_come_back() -> None:
    tested = budget(patience=0.05)
    with tested.hold(2000):
        began = time.monotonic()
        with pytest.raises(Busy, match="2000 bytes") as refusal, tested.hold(2000):
            pass
    assert 0.05 <= time.monotonic() - began < SOON
    assert refusal.value.wait.total_seconds() > 0
    assert_whole(tested)


def test_few_may_wait() -> None:
    tested = budget(most_waiting=1)
    with ThreadPoolExecutor() as pool, tested.hold(2000):
        waiting = Holder(pool, tested, 1000)
        until(lambda: len(tested._line) == 1)
        began = time.monotonic()
        with pytest.raises(Busy), tested.hold(1000):
            pass
        assert time.monotonic() - began < 1
        waiting.end.set()
    assert_whole(tested)


def test_small_ones_pass_a_large_one_that_waits() -> None:
    tested = budget()
    with ThreadPoolExecutor() as pool:
        with tested.hold(COMMON):
            waiting = Holder(pool, tested, COMMON)
            until(lambda: len(tested._line) == 1)
            for _ in range(100):
                with tested.hold(SMALL):
                    assert not waiting.inside.is_set()
        assert waiting.inside.wait(SOON)
        waiting.leave()
    assert_whole(tested)


def test_a_large_one_gets_in_while_small_ones_keep_coming() -> None:
    tested, stop = budget(most_waiting=8), Event()

    def trickle() -> None:
        while not stop.is_set():
            with tested.hold(SMALL):
                time.sleep(0.001)

    with ThreadPoolExecutor(8) as pool:
        # More than the reserve holds, so that some are always in the common part.
        small = [pool.submit(trickle) for _ in range(6)]
        time.sleep(0.02)
        for _ in range(20):
            with tested.hold(COMMON):
                pass
        stop.set()
        for future in small:
            future.result(SOON)
    assert_whole(tested)


def test_it_is_never_overdrawn() -> None:
    tested, lock, held = budget(most_waiting=8), Lock(), [0]

    def client(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(100):
            nbytes = chance.choice([1, SMALL, 700, 1500, COMMON])
            with tested.hold(nbytes):
                with lock:
                    held[0] += nbytes
                    assert held[0] <= TOTAL
                time.sleep(0)
                with lock:
                    held[0] -= nbytes

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(client, seed) for seed in range(8)]:
            future.result(60)
    assert_whole(tested)


def test_a_response_holds_its_bytes_until_it_was_sent() -> None:
    tested = budget(patience=0.01)
    with tested.hold(COMMON) as hold:
        response = hold.until_sent(Response(b"x" * 800), 800)
    with tested.hold(COMMON - 800):
        pass
    with pytest.raises(Busy), tested.hold(COMMON - 799):
        pass
    response.close()
    response.close()
    assert_whole(tested)


def test_a_response_that_is_dropped_holds_nothing() -> None:
    tested = budget()
    with tested.hold(COMMON) as hold:
        hold.until_sent(Response(b"x"), 800)
    assert_whole(tested)


def test_what_fails_gives_back() -> None:
    tested = budget()
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), tested.hold(COMMON):
            raise ZeroDivisionError
    assert_whole(tested)
