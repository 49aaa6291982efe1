"""How many bytes were moved in this calendar month, by whom and through what.

A counter starts anew with the first bytes of a month that is later than its own, whichever year; one that was last
added to in an earlier month stands at zero. A month is given as its first day.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Connection, bindparam, case, insert, select, update

from bosslet.catalog.database import Section
from bosslet.catalog.records import Direction, Usage
from bosslet.catalog.schema import UsageRow


class Usages(Section):
    """The counters."""

    def of(self, counters: Iterable[str], direction: Direction, month: date) -> dict[str, int]:
        """The bytes of those counters that have any in this month."""
        wanted = {"counters": list(counters), "direction": str(direction), "month": month}
        with self._database.read() as connection:
            return {row.counter: row.nbytes for row in connection.execute(_OF, wanted)}

    def all(self, month: date) -> list[Usage]:
        """Every counter that was ever added to, as it stands in this month; in the order of their names."""
        rows = select(UsageRow.counter, UsageRow.direction, UsageRow.since, UsageRow.nbytes)
        with self._database.read() as connection:
            return [
                Usage(row.counter, Direction(row.direction), row.nbytes if row.since >= month else 0)
                for row in connection.execute(rows.order_by(UsageRow.counter, UsageRow.direction))
            ]

    def add(self, counters: Iterable[str], direction: Direction, nbytes: int, month: date) -> None:
        """Count bytes in all of these at once."""
        names = list(counters)
        values = {"counters": names, "wanted": str(direction), "month": month, "more": nbytes}
        with self._database.write() as connection:
            if connection.execute(_ADD, values).rowcount < len(names):
                _insert_missing(connection, names, direction, nbytes, month)


_OF = select(UsageRow.counter, UsageRow.nbytes).where(
    UsageRow.counter.in_(bindparam("counters", expanding=True)),
    UsageRow.direction == bindparam("direction"),
    UsageRow.since >= bindparam("month"),
)
_STALE = UsageRow.since < bindparam("month")
_ADD = (
    update(UsageRow)
    .where(
        UsageRow.counter.in_(bindparam("counters", expanding=True)),
        UsageRow.direction == bindparam("wanted"),
    )
    .values(
        nbytes=case((_STALE, bindparam("more")), else_=UsageRow.nbytes + bindparam("more")),
        since=case((_STALE, bindparam("month")), else_=UsageRow.since),
    )
)


def _insert_missing(
    connection: Connection, counters: list[str], direction: Direction, nbytes: int, month: date
) -> None:
    present = select(UsageRow.counter).where(UsageRow.counter.in_(counters), UsageRow.direction == str(direction))
    missing = set(counters).difference(connection.scalars(present))
    rows = [{"counter": name, "direction": str(direction), "since": month, "nbytes": nbytes} for name in missing]
    connection.execute(insert(UsageRow), rows)
