"""Sessions: keys beside the token, good for a while."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from bosslet.catalog.catalog import Catalog
from bosslet.catalog.records import User
from bosslet.errors import UserNotFound


def test_a_key_is_as_good_as_the_token_and_leaves_it_alone(catalog: Catalog, ann: User) -> None:
    token = catalog.users.new_token("ann")
    keys = {catalog.sessions.begin("ann") for _ in range(3)}
    assert len(keys) == 3
    assert min(map(len, keys)) == 64
    assert {catalog.users.user_of_token(each) for each in keys} == {ann}
    replaced = catalog.users.new_token("ann")
    assert catalog.users.user_of_token(token) is None
    assert {catalog.users.user_of_token(each) for each in (*keys, replaced)} == {ann}
    with pytest.raises(UserNotFound):
        catalog.sessions.begin("nobody")


def test_a_session_ends_by_itself_or_is_ended(catalog: Catalog, ann: User) -> None:
    late, short, long = (catalog.sessions.begin("ann", seconds) for seconds in (-1, 0, 60))
    assert [catalog.users.user_of_token(key) for key in (late, short, long)] == [None, None, ann]
    for _ in range(2):
        catalog.sessions.end(long)
        assert catalog.users.user_of_token(long) is None


def test_what_has_expired_is_forgotten_at_the_next_login(tmp_path: Path) -> None:
    catalog = Catalog.open(f"sqlite:///{tmp_path / 'c.db'}")
    catalog.prepare()
    for _ in range(3):
        catalog.sessions.begin("bossadmin", 0)
    key = catalog.sessions.begin("bossadmin")
    with catalog._database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sessions").scalar() == 1
    catalog.close()
    assert key.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_another_password_or_no_token_ends_every_session(catalog: Catalog, ann: User, bob: User) -> None:
    users, begin = catalog.users, catalog.sessions.begin
    others = begin("bob")
    for change in (partial(users.set_password, "ann", "another"), partial(users.revoke_token, "ann")):
        keys = begin("ann"), begin("ann")
        change()
        assert [users.user_of_token(key) for key in keys] == [None, None]
    assert users.user_of_token(others) == bob


def test_an_account_that_is_gone_or_not_enabled_has_no_session(catalog: Catalog, ann: User) -> None:
    key = catalog.sessions.begin("ann")
    catalog.users.set_enabled("ann", False)
    assert catalog.users.user_of_token(key) is None
    catalog.users.set_enabled("ann", True)
    assert catalog.users.user_of_token(key) == ann
    catalog.users.delete("ann")
    assert catalog.users.user_of_token(key) is None
    catalog.users.create("ann")
    assert catalog.users.user_of_token(key) is None
