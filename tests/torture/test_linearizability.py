"""The checker says what trying all orders says."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.torture.linearizability import START, Operation, violations


def write(value: int, start: int, end: int) -> Operation:
    return Operation(True, value, start, end)


def read(value: int, start: int, end: int) -> Operation:
    return Operation(False, value, start, end)


GOOD = {
    "nothing": [],
    "a read of nothing": [read(START, 1, 2)],
    "a write, then a read": [write(1, 1, 2), read(1, 3, 4)],
    "a read beside a write, before or after": [write(1, 1, 9), read(START, 2, 3), read(1, 4, 5)],
    "two writes at once, in either order": [write(1, 1, 9), write(2, 2, 8), read(1, 10, 11)],
}
BAD = {
    "a lost update": [write(1, 1, 2), read(START, 3, 4)],
    "an older value": [write(1, 1, 2), write(2, 3, 4), read(1, 5, 6)],
    "there and back": [write(1, 1, 9), read(1, 2, 3), read(START, 4, 5)],
    "two orders of two writes": [write(1, 1, 9), write(2, 1, 9), read(1, 10, 11), read(2, 12, 13), read(1, 14, 15)],
    "out of thin air": [read(7, 1, 2)],
    "too early": [read(1, 1, 2), write(1, 3, 4)],
}


@pytest.mark.parametrize("history", GOOD.values(), ids=GOOD.keys())
def test_what_can_have_happened_is_no_violation(history: list[Operation]) -> None:
    assert violations(history) == []


@pytest.mark.parametrize("history", BAD.values(), ids=BAD.keys())
def test_what_cannot_have_happened_is_one(history: list[Operation]) -> None:
    assert violations(history)


def possible(history: list[Operation]) -> bool:
    """By trying all orders."""
    for order in permutations(history):
        value, late = START, False
        for number, operation in enumerate(order):
            late = late or any(other.end < operation.start for other in order[number + 1 :])
            late = late or (not operation.write and operation.value != value)
            value = operation.value
        if not late:
            return True
    return not history


@st.composite
def histories(draw: st.DrawFn) -> list[Operation]:
    """Of a few operations; all times differ."""
    kinds = draw(st.lists(st.booleans(), max_size=6))
    times = draw(st.permutations(range(1, 2 * len(kinds) + 1)))
    written = iter(range(1, 9))
    values = [next(written) if kind else draw(st.integers(0, sum(kinds))) for kind in kinds]
    pairs = zip(times[::2], times[1::2], strict=True)
    return [
        Operation(kind, value, min(pair), max(pair)) for kind, value, pair in zip(kinds, values, pairs, strict=True)
    ]


@given(histories())
def test_it_agrees_with_trying_all_orders(history: list[Operation]) -> None:
    assert (violations(history) == []) == possible(history)
