"""How much may be moved in a calendar month: by one user, through one service, and in all.

Each limit holds for what is sent to clients and for what they send, each by itself. The request that goes past a limit
is still served and the next one refused, or a limit that is smaller than one cutout would allow none. Months are those
of UTC. Without any limit nothing is counted, so that nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bosslet.catalog.catalog import Catalog
from bosslet.catalog.records import Direction, User
from bosslet.errors import Throttled

APIS = ("cutout", "image", "ingest", "tile")
"""The services that are counted, in bossDB's words; its ingest jobs are not made here, so that theirs stays at zero."""
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Quotas:
    """Bytes a month, before compression, in each direction; None is no limit."""

    user: int | None = None
    api: int | None = None
    system: int | None = None

    @property
    def unlimited(self) -> bool:
        """Whether there is nothing to count for."""
        return self.user is self.api is self.system is None

    def of(self, counter: str) -> int | None:
        """The limit of a counter, by the kind that its name begins with."""
        return {"user": self.user, "api": self.api}.get(counter.partition(":")[0], self.system)


UNLIMITED = Quotas()


class Throttle:
    """Counts what requests move, and refuses those of whom has moved too much."""

    def __init__(
        self, catalog: Catalog, quotas: Quotas, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._usage = catalog.usage
        self._quotas = quotas
        self._now = now

    def charge(self, user: User, api: str, direction: Direction, nbytes: int) -> None:
        """Count the bytes of a request that is about to be served.

        Raises:
            Throttled: a counter was above its limit already; nothing was counted.
        """
        if self._quotas.unlimited:
            return
        now = self._now()
        month = now.date().replace(day=1)
        counters = [user_counter(user), f"api:{api}", SYSTEM]
        for counter, used in self._usage.of(counters, direction, month).items():
            limit = self._quotas.of(counter)
            if limit is not None and used > limit:
                raise Throttled(_complaint(counter, limit, direction), until_next_month(now))
        self._usage.add(counters, direction, nbytes, month)


def user_counter(user: User) -> str:
    """The name of a user's counter; all who are anonymous share ``user:``."""
    return f"user:{user.name}"


def until_next_month(now: datetime) -> timedelta:
    """How long a counter that is above its limit stays there."""
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1) - now


def _complaint(counter: str, limit: int, direction: Direction) -> str:
    return f"{counter} has moved more than the {limit} bytes of {direction} that it may in a month; wait for the next"
