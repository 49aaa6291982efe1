"""How many bytes of cutouts a process may have in memory at a time: what is over waits, and is then refused.

Admission is first come, first served, so that large requests get their turn. A part of the budget is kept for small
requests alone, which therefore need not stand in line behind a large one that waits. Few may wait: each that does
keeps one of the server's threads from answering somebody else. What is asked for is an estimate, and no more than the
whole is ever asked for, so that every single request that the limits let in does get in.
"""

from __future__ import annotations

import time
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Condition

from flask import Response

from bosslet.errors import Busy

PATIENCE_SECONDS = 3.0
"""How long a request waits for memory: longer than most cutouts take."""
RESERVED, SMALL = 8, 32
"""What part of the budget is for small requests alone, and what part of it is the most that one of these may take."""
RETRY_AFTER = timedelta(seconds=2)


@dataclass(slots=True)
class _Lane:
    """A part of the budget."""

    size: int
    used: int = 0

    def has(self, nbytes: int) -> bool:
        return self.used + nbytes <= self.size


@dataclass(slots=True, weakref_slot=True)
class Hold:
    """What one request holds of the budget."""

    budget: Budget
    lane: _Lane
    nbytes: int
    lent: bool = False
    """Whether it outlives the block that it was taken in."""

    def until_sent(self, response: Response, nbytes: int) -> Response:
        """Keep only the bytes of the response, and those until it was sent, or dropped on the way."""
        self.keep(nbytes)
        response.call_on_close(self.release)
        weakref.finalize(response, self.release)  # one that was never sent is never closed
        return response

    def keep(self, nbytes: int) -> None:
        """Hold so much beyond the block, until it is released."""
        self._shrink_to(min(nbytes, self.nbytes))
        self.lent = True

    def release(self) -> None:
        """Give everything back; a second time does nothing."""
        self._shrink_to(0)

    def _shrink_to(self, nbytes: int) -> None:
        with self.budget.changed:
            self.lane.used -= self.nbytes - nbytes
            self.nbytes = nbytes
            self.budget.changed.notify_all()


@dataclass(slots=True)
class Budget:
    """Bytes that requests of this process share."""

    total: int
    most_waiting: int = 2
    """How many may wait at a time; one more is refused at once."""
    patience: float = PATIENCE_SECONDS
    changed: Condition = field(default_factory=Condition)
    _common: _Lane = field(init=False)
    _small: _Lane = field(init=False)
    _line: deque[object] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._small = _Lane(self.total // RESERVED)
        self._common = _Lane(self.total - self._small.size)

    @contextmanager
    def hold(self, nbytes: int, *, patiently: bool = True) -> Iterator[Hold]:
        """Hold this many bytes in the block, after a wait if need be and ``patiently``.

        Raises:
            Busy: there was no room for too long, or others wait already.
        """
        nbytes = min(nbytes, self._common.size)
        hold = Hold(self, self._admit(nbytes, patiently=patiently), nbytes)
        try:
            yield hold
        finally:
            if not hold.lent:
                hold.release()

    def _admit(self, nbytes: int, *, patiently: bool) -> _Lane:
        with self.changed:
            lane = self._free_lane(nbytes, None)
            if lane is None:
                if not patiently:
                    raise _busy(nbytes)
                lane = self._wait(nbytes)
            lane.used += nbytes
            return lane

    def _wait(self, nbytes: int) -> _Lane:
        if len(self._line) >= self.most_waiting:
            raise _busy(nbytes)
        place, deadline = object(), time.monotonic() + self.patience
        self._line.append(place)
        try:
            while self.changed.wait(max(0.0, deadline - time.monotonic())):
                if lane := self._free_lane(nbytes, place):
                    return lane
            raise _busy(nbytes)
        finally:
            self._line.remove(place)
            self.changed.notify_all()

    def _free_lane(self, nbytes: int, place: object | None) -> _Lane | None:
        """Where there is room, for somebody at this place in the line, or outside of it."""
        first = self._line[0] if self._line else None
        if first is place and self._common.has(nbytes):
            return self._common
        if nbytes <= self.total // SMALL and self._small.has(nbytes):
            return self._small
        return None


def _busy(nbytes: int) -> Busy:
    return Busy(f"no memory for {nbytes} bytes more of cutouts at this moment; ask again", RETRY_AFTER)
