"""Accounts, tokens, passwords and roles, and what exists from the first start."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bosslet.catalog.catalog import Catalog
from bosslet.catalog.records import ADMINISTRATOR, PUBLIC_ACCOUNT, Group, Role, User, UserDetails
from bosslet.errors import GroupNotFound, InvalidName, Protected, UserExists, UserNotFound


def test_what_exists_from_the_first_start(catalog: Catalog) -> None:
    admin, public = catalog.users.get(ADMINISTRATOR), catalog.users.get(PUBLIC_ACCOUNT)
    assert (admin.superuser, admin.roles) == (True, {Role.ADMIN})
    assert (public.superuser, public.roles) == (False, frozenset())
    assert catalog.groups.names_of(admin, maintainer=False) == ["admin", "public", "bossadmin-primary"]
    assert catalog.groups.names_of(public) == ["public"]
    assert catalog.users.user_of_token("public") == public
    assert catalog.groups.get("admin") == Group(1, "admin", None)
    assert not catalog.users.check_password(ADMINISTRATOR, "")


def test_a_new_account_has_a_group_of_its_own_and_is_public(catalog: Catalog) -> None:
    user = catalog.users.create("Ann_1", roles=iter([Role.USER_MANAGER]))
    assert user == catalog.users.get("Ann_1") == User(user.id, "Ann_1", frozenset({Role.USER_MANAGER}))
    assert catalog.groups.names_of(user) == ["public", "Ann_1-primary"]
    assert catalog.groups.get("Ann_1-primary").creator == "Ann_1"
    assert catalog.users.names() == [ADMINISTRATOR, PUBLIC_ACCOUNT, "Ann_1"]


def test_details_are_kept(catalog: Catalog) -> None:
    user = catalog.users.create("ann", first_name="Änn", last_name="Lee", email="a@b.c")
    assert user.id is not None
    assert catalog.users.details("ann") == UserDetails(user.id, "ann", "Änn", "Lee", "a@b.c", True)
    for ask in (catalog.users.details, catalog.users.get, catalog.users.roles):
        with pytest.raises(UserNotFound, match="user Ann"):
            ask("Ann")


def test_a_name_is_given_once(catalog: Catalog, ann: User) -> None:
    with pytest.raises(UserExists, match="user ann"):
        catalog.users.create("ann", roles=[Role.ADMIN])
    assert catalog.users.get("ann") == ann
    for name in ("", "a b", "ä", "x" * 248):
        with pytest.raises(InvalidName):
            catalog.users.create(name)
    catalog.users.create("x" * 247)


def test_a_token_is_random_replaces_the_earlier_one_and_can_be_revoked(catalog: Catalog, ann: User) -> None:
    first = catalog.users.new_token("ann")
    assert re.fullmatch("[0-9a-f]{40}", first)
    assert catalog.users.user_of_token(first) == ann
    second = catalog.users.new_token("ann")
    assert catalog.users.user_of_token(first) is None
    assert catalog.users.user_of_token(second) == ann
    catalog.users.revoke_token("ann")
    assert catalog.users.user_of_token(second) is None
    with pytest.raises(UserNotFound):
        catalog.users.new_token("nobody")


def test_neither_token_nor_password_is_in_the_file(tmp_path: Path) -> None:
    catalog = Catalog.open(f"sqlite:///{tmp_path / 'c.db'}")
    catalog.prepare()
    catalog.users.create("ann", password="correct horse")
    token = catalog.users.new_token("ann")
    catalog.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"$argon2id$" in stored
    assert token.encode() not in stored
    assert b"correct horse" not in stored


def test_the_token_of_everybody_stays_what_clients_send(catalog: Catalog) -> None:
    assert catalog.users.new_token(PUBLIC_ACCOUNT) == "public"
    catalog.users.revoke_token(PUBLIC_ACCOUNT)
    catalog.prepare()
    assert catalog.users.user_of_token("public") is None
    catalog.users.new_token(PUBLIC_ACCOUNT)
    assert catalog.users.user_of_token("public") == catalog.users.get(PUBLIC_ACCOUNT)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=())))
def test_any_string_may_be_tried_as_a_token(catalog: Catalog, token: str) -> None:
    user = catalog.users.user_of_token(token)
    assert (user is not None) == (token == "public")


def test_a_password_is_checked(catalog: Catalog) -> None:
    users = catalog.users
    users.create("ann", password="pässword")
    users.create("bob")
    assert users.check_password("ann", "pässword")
    assert not users.check_password("ann", "password")
    assert not users.check_password("bob", "")
    assert not users.check_password("nobody", "pässword")
    users.set_password("bob", "\ud800")
    assert users.check_password("bob", "\ud800")


def test_an_account_that_is_not_enabled_gets_in_nowhere(catalog: Catalog) -> None:
    users = catalog.users
    users.create("ann", password="p")
    token = users.new_token("ann")
    users.set_enabled("ann", False)
    assert users.user_of_token(token) is None
    assert not users.check_password("ann", "p")
    assert not users.details("ann").enabled
    users.set_enabled("ann", True)
    assert users.user_of_token(token) == users.get("ann")


def test_roles_come_and_go_at_once(catalog: Catalog, bob: User) -> None:
    users = catalog.users
    token = users.new_token("bob")
    users.add_role("bob", Role.RESOURCE_MANAGER)
    users.add_role("bob", Role.RESOURCE_MANAGER)
    users.add_role("bob", Role.ADMIN)
    assert users.roles("bob") == {Role.RESOURCE_MANAGER, Role.ADMIN}
    users.remove_role("bob", Role.ADMIN)
    users.remove_role("bob", Role.ADMIN)
    found = users.user_of_token(token)
    assert found is not None
    assert found.roles == {Role.RESOURCE_MANAGER}
    for change in (users.add_role, users.remove_role):
        with pytest.raises(UserNotFound):
            change("nobody", Role.ADMIN)


def test_what_an_account_made_outlives_it(catalog: Catalog, ann: User) -> None:
    catalog.resources.create_collection("col", ann)
    catalog.groups.create("lab", ann)
    token = catalog.users.new_token("ann")
    catalog.users.delete("ann")
    assert catalog.resources.collection("col").creator == "ann"
    assert catalog.groups.get("lab").creator is None
    assert catalog.groups.members("lab") == []
    assert catalog.users.user_of_token(token) is None
    with pytest.raises(GroupNotFound):
        catalog.groups.get("ann-primary")
    with pytest.raises(UserNotFound):
        catalog.users.delete("ann")


def test_a_later_account_of_the_same_name_inherits_nothing(catalog: Catalog, ann: User) -> None:
    collection = catalog.resources.create_collection("col", ann)
    catalog.groups.create("lab", ann)
    catalog.users.delete("ann")
    again = catalog.users.create("ann")
    assert again.id != ann.id
    assert catalog.permissions_of(again, collection) == frozenset()
    assert catalog.groups.names_of(again) == ["public", "ann-primary"]
    assert catalog.users.roles("ann") == frozenset()


def test_the_administrator_stays(catalog: Catalog) -> None:
    with pytest.raises(Protected):
        catalog.users.delete(ADMINISTRATOR)


def test_an_error_of_the_database_does_not_tell_what_was_written(catalog: Catalog) -> None:
    secret = "c0ffee" * 6
    with pytest.raises(UserExists) as refusal:
        catalog.users.create(ADMINISTRATOR, email=secret, password=secret)
    cause = refusal.value.__cause__
    assert "UNIQUE" in str(cause)
    assert secret not in str(cause)
    assert "argon2" not in str(cause)
