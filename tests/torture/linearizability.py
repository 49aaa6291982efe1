"""Whether what many clients saw of one register can have happened one after the other.

Each write puts a value that no other puts, so that every read tells from which write it came. Then the question has a
quick answer (Gibbons and Korach, Testing Shared Memories, SIAM J. Comput. 26, 1997). The operations on one value span a
*zone*, from the first end of one of them to the last start. Where the end comes first, the register must have held the
value from then till then, and no two values can at a time; where the start comes first, there must be a moment between
the two at which it held no other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

START = 0
"""The value of a register that nobody wrote."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What one client asked of a register, from when to when on a clock that all of them share."""

    write: bool
    value: int
    start: int
    end: int


def violations(history: Iterable[Operation]) -> list[str]:
    """What cannot have happened, for one register; nothing if all of it can have."""
    by_value: dict[int, list[Operation]] = defaultdict(list)
    by_value[START].append(Operation(True, START, -2, -1))
    for operation in history:
        by_value[operation.value].append(operation)
    found = [complaint for value, all_of_it in by_value.items() for complaint in _from_nowhere(value, all_of_it)]
    return found or list(_contradictions(by_value))


def _from_nowhere(value: int, operations: list[Operation]) -> Iterator[str]:
    """Reads of what nobody wrote, or not yet."""
    writes = [operation for operation in operations if operation.write]
    if len(writes) != 1:
        yield f"{value} was read, and written {len(writes)} times"
    elif any(operation.end < writes[0].start for operation in operations):
        yield f"{value} was read before it was written"


def _contradictions(by_value: dict[int, list[Operation]]) -> Iterator[str]:
    zones = [(min(op.end for op in ops), max(op.start for op in ops), value) for value, ops in by_value.items()]
    held = sorted(zone for zone in zones if zone[0] < zone[1])
    for (_, until, value), (since, _, other) in pairwise(held):
        if since < until:
            yield f"{value} and {other} at the same time: one of the two was lost, and came back"
    for end, start, value in (zone for zone in zones if zone[0] >= zone[1]):
        if any(since < start and end < until for since, until, _ in held):
            yield f"{value} while another one was there all the time"
