"""What was found before is never taken for what is there now."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bosslet.catalog.catalog import Catalog
from bosslet.catalog.database import Database
from bosslet.catalog.records import Channel, Permission, User
from bosslet.errors import NotFound, StorageError
from tests.catalog.conftest import MakeChannel

CHANNEL = ("col", "exp", "ch")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'catalog.db'}"


@pytest.fixture
def catalog(url: str) -> Iterator[Catalog]:
    catalog = Catalog.open(url)
    catalog.prepare()
    yield catalog
    catalog.close()


@pytest.fixture
def other(url: str, catalog: Catalog) -> Iterator[Catalog]:
    """The same catalog, as another worker has it."""
    other = Catalog.open(url)
    yield other
    other.close()


def test_a_change_by_anybody_is_seen_at_once(catalog: Catalog, other: Catalog, channel: Channel) -> None:
    for number in range(20):
        writer = (catalog, other)[number % 2]
        writer.resources.update_channel(channel, description=str(number))
        for reader in (catalog, other, catalog, other):
            assert reader.resources.channel(*CHANNEL).description == str(number)


def test_a_token_and_a_permission_that_are_taken_away_are_gone_at_once(
    catalog: Catalog, other: Catalog, channel: Channel, bob: User
) -> None:
    token = catalog.users.new_token("bob")
    catalog.permissions.grant("bob-primary", channel, [Permission.READ])
    for _ in range(2):
        assert other.users.user_of_token(token) == bob
        assert other.permissions_of(bob, channel) == {Permission.READ}
    catalog.permissions.replace("bob-primary", channel, [])
    catalog.users.revoke_token("bob")
    assert other.users.user_of_token(token) is None
    assert other.permissions_of(bob, channel) == frozenset()


def test_what_is_not_there_is_looked_for_each_time(other: Catalog, make_channel: MakeChannel) -> None:
    for _ in range(2):
        with pytest.raises(NotFound):
            other.resources.channel(*CHANNEL)
    channel = make_channel("ch")
    assert other.resources.channel(*CHANNEL) == channel


def test_an_answer_that_was_overtaken_by_a_change_is_not_kept(url: str, catalog: Catalog) -> None:
    database = Database(url)

    def ask() -> str:
        catalog.users.create("ada")  # after the version was looked at, and too late for this answer
        return "nobody"

    assert database.recall("who", ask) == "nobody"
    assert database.recall("who", lambda: "ada") == "ada"
    assert database.recall("who", lambda: "asked again") == "ada"
    database.close()


def test_threads_never_see_what_was_before_a_change_that_they_know_of(
    catalog: Catalog, other: Catalog, channel: Channel
) -> None:
    catalog.resources.update_channel(channel, description="0")
    over, written = threading.Event(), 0
    stale: list[tuple[int, int]] = []

    def watch() -> None:
        while not over.is_set():
            known = written
            if (found := int(other.resources.channel(*CHANNEL).description)) < known:
                stale.append((known, found))

    threads = [threading.Thread(target=watch) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(1, 101):
        catalog.resources.update_channel(channel, description=str(number))
        written = number
    over.set()
    for thread in threads:
        thread.join()
    assert stale == []


def test_a_catalog_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "catalog.db"
    file.write_bytes(b"this is no database" * 100)
    database = Database(f"sqlite:///{file}")
    with pytest.raises(StorageError):
        database.recall("what", lambda: None)
