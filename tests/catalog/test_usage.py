"""Counters of bytes: what they add up to, and when they start anew."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from bosslet.catalog.catalog import Catalog
from bosslet.catalog.records import Direction, Usage

IN, OUT = Direction.INGRESS, Direction.EGRESS
MARCH = date(2026, 3, 1)


def test_bytes_add_up_by_counter_and_direction(catalog: Catalog) -> None:
    catalog.usage.add(["user:ann", "system"], OUT, 100, MARCH)
    catalog.usage.add(["user:bob", "system"], OUT, 20, MARCH)
    catalog.usage.add(["user:bob", "system"], IN, 3, MARCH)
    assert catalog.usage.of(["user:ann", "system", "api:tile"], OUT, MARCH) == {"user:ann": 100, "system": 120}
    assert catalog.usage.all(MARCH) == [
        Usage("system", OUT, 120),
        Usage("system", IN, 3),
        Usage("user:ann", OUT, 100),
        Usage("user:bob", OUT, 20),
        Usage("user:bob", IN, 3),
    ]


@pytest.mark.parametrize("later", [date(2026, 4, 1), date(2027, 3, 1), date(2027, 1, 1)])
def test_a_later_month_starts_at_zero_whichever_year(catalog: Catalog, later: date) -> None:
    catalog.usage.add(["system"], OUT, 100, MARCH)
    assert catalog.usage.of(["system"], OUT, later) == {}
    assert catalog.usage.all(later) == [Usage("system", OUT, 0)]
    catalog.usage.add(["system", "user:ann"], OUT, 7, later)
    assert catalog.usage.of(["system", "user:ann"], OUT, later) == {"system": 7, "user:ann": 7}


def test_a_clock_that_goes_back_loses_nothing(catalog: Catalog) -> None:
    catalog.usage.add(["system"], OUT, 100, date(2026, 4, 1))
    catalog.usage.add(["system"], OUT, 1, MARCH)
    assert catalog.usage.of(["system"], OUT, date(2026, 4, 1)) == {"system": 101}


def test_more_than_32_bits(catalog: Catalog) -> None:
    for _ in range(2):
        catalog.usage.add(["system"], OUT, 2**60, MARCH)
    assert catalog.usage.of(["system"], OUT, MARCH) == {"system": 2**61}


def test_nothing_is_lost_among_threads(tmp_path: Path) -> None:
    catalog = Catalog.open(f"sqlite:///{tmp_path / 'catalog.db'}")
    catalog.prepare()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: catalog.usage.add(["system", f"user:{number % 2}"], OUT, 1, MARCH), range(40)))
    assert catalog.usage.of(["system", "user:0", "user:1"], OUT, MARCH) == {"system": 40, "user:0": 20, "user:1": 20}
    catalog.close()
