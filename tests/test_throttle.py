"""When a limit holds, for whom, and until when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bosslet.catalog.catalog import Catalog
from bosslet.catalog.records import ANONYMOUS, Direction, User
from bosslet.errors import Throttled
from bosslet.throttle import Quotas, Throttle, until_next_month

IN, OUT = Direction.INGRESS, Direction.EGRESS
ANN, BOB = User(7, "ann"), User(8, "bob")


class Clock:
    """A time that only a test moves."""

    now = datetime(2026, 12, 15, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def catalog() -> Iterator[Catalog]:
    catalog = Catalog.open("sqlite://")
    catalog.prepare()
    yield catalog
    catalog.close()


def test_the_request_that_goes_past_the_limit_is_served_and_the_next_is_not(catalog: Catalog) -> None:
    throttle = Throttle(catalog, Quotas(user=100))
    throttle.charge(ANN, "cutout", OUT, 100)
    throttle.charge(ANN, "cutout", OUT, 1)
    for api in ("cutout", "tile"):
        with pytest.raises(Throttled, match="user:ann"):
            throttle.charge(ANN, api, OUT, 1)
    throttle.charge(BOB, "cutout", OUT, 1)
    throttle.charge(ANN, "cutout", IN, 1)


def test_what_was_refused_is_not_counted(catalog: Catalog) -> None:
    throttle = Throttle(catalog, Quotas(api=10))
    throttle.charge(ANN, "cutout", OUT, 11)
    before = catalog.usage.all(datetime.now(UTC).date().replace(day=1))
    with pytest.raises(Throttled, match="api:cutout"):
        throttle.charge(BOB, "cutout", OUT, 5)
    assert catalog.usage.all(datetime.now(UTC).date().replace(day=1)) == before
    throttle.charge(BOB, "image", OUT, 5)


def test_the_system_is_all_users_and_services(catalog: Catalog) -> None:
    throttle = Throttle(catalog, Quotas(system=10))
    throttle.charge(ANN, "image", OUT, 6)
    throttle.charge(BOB, "tile", OUT, 6)
    for user in (ANN, BOB, ANONYMOUS):
        with pytest.raises(Throttled, match="system"):
            throttle.charge(user, "cutout", OUT, 1)


def test_all_who_are_anonymous_share_a_limit(catalog: Catalog) -> None:
    throttle = Throttle(catalog, Quotas(user=1))
    throttle.charge(ANONYMOUS, "cutout", OUT, 2)
    with pytest.raises(Throttled):
        throttle.charge(ANONYMOUS, "cutout", OUT, 1)


def test_the_next_month_is_free_again_across_a_change_of_year(catalog: Catalog) -> None:
    clock = Clock()
    throttle = Throttle(catalog, Quotas(user=1), clock)
    throttle.charge(ANN, "cutout", OUT, 2)
    with pytest.raises(Throttled) as refused:
        throttle.charge(ANN, "cutout", OUT, 1)
    assert refused.value.wait == timedelta(days=16, hours=12)
    clock.now += refused.value.wait - timedelta(seconds=1)
    with pytest.raises(Throttled):
        throttle.charge(ANN, "cutout", OUT, 1)
    clock.now += timedelta(seconds=1)
    assert clock.now == datetime(2027, 1, 1, tzinfo=UTC)
    throttle.charge(ANN, "cutout", OUT, 1)


def test_without_limits_nothing_is_counted(catalog: Catalog) -> None:
    Throttle(catalog, Quotas()).charge(ANN, "cutout", OUT, 100)
    assert catalog.usage.all(datetime.now(UTC).date().replace(day=1)) == []


@pytest.mark.parametrize("month", range(1, 13))
@pytest.mark.parametrize("year", [2027, 2028])
def test_the_wait_ends_on_the_first(year: int, month: int) -> None:
    for now in (datetime(year, month, 1, tzinfo=UTC), datetime(year, month, 28, 23, 59, 59, 999_999, tzinfo=UTC)):
        end = now + until_next_month(now)
        assert (end.day, end.hour, end.minute, end.microsecond) == (1, 0, 0, 0)
        assert (end.year, end.month) == (year + month // 12, month % 12 + 1)
