"""Groups, their members and their maintainers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bosslet.catalog.catalog import Catalog
from bosslet.catalog.records import ADMINISTRATOR, ANONYMOUS, PUBLIC_ACCOUNT, Address, Channel, User
from bosslet.errors import (
    GroupExists,
    GroupNotFound,
    InvalidName,
    MissingPermission,
    Protected,
    UserNotFound,
)


def test_the_creator_is_in_it_and_maintains_it_with_the_administrators(catalog: Catalog, ann: User, bob: User) -> None:
    group = catalog.groups.create("lab", ann)
    assert group == catalog.groups.get("lab")
    assert (group.name, group.creator) == ("lab", "ann")
    assert catalog.groups.members("lab") == ["ann"]
    assert catalog.groups.maintainers("lab") == [ADMINISTRATOR, "ann"]
    assert catalog.groups.is_maintainer("lab", ADMINISTRATOR)
    assert not catalog.groups.is_maintainer("lab", "bob")


def test_maintaining_is_not_belonging(catalog: Catalog, ann: User, bob: User) -> None:
    groups = catalog.groups
    groups.create("lab", ann)
    groups.add_maintainer("lab", "bob")
    groups.add_maintainer("lab", "bob")
    assert groups.maintainers("lab") == [ADMINISTRATOR, "ann", "bob"]
    assert not groups.is_member("lab", "bob")
    assert groups.names_of(bob) == ["public", "bob-primary", "lab"]
    assert groups.names_of(bob, member=False) == ["lab"]
    assert groups.names_of(bob, maintainer=False) == ["public", "bob-primary"]
    assert groups.names_of(bob, member=False, maintainer=False) == []
    assert groups.names_of(ANONYMOUS) == []
    collection = catalog.resources.create_collection("col", ann)
    catalog.permissions.grant("lab", collection, ["read"])
    assert catalog.permissions_of(bob, collection) == frozenset()


def test_members_come_and_go(catalog: Catalog, ann: User, bob: User) -> None:
    groups = catalog.groups
    groups.create("lab", ann)
    groups.add_member("lab", "bob")
    groups.add_member("lab", "bob")
    assert groups.members("lab") == ["ann", "bob"]
    groups.remove_member("lab", "ann")
    groups.remove_member("lab", "ann")
    assert groups.members("lab") == ["bob"]
    assert groups.is_member("lab", "bob")
    assert not groups.is_member("lab", "ann")
    assert groups.is_maintainer("lab", "ann")


def test_only_who_maintains_can_stop(catalog: Catalog, ann: User, bob: User) -> None:
    groups = catalog.groups
    groups.create("lab", ann)
    with pytest.raises(MissingPermission, match="bob does not maintain"):
        groups.remove_maintainer("lab", "bob")
    groups.remove_maintainer("lab", "ann")
    assert groups.maintainers("lab") == [ADMINISTRATOR]
    assert groups.members("lab") == ["ann"]


def test_an_administrator_maintains_every_group_by_being_one(catalog: Catalog, ann: User, bob: User) -> None:
    groups = catalog.groups
    groups.create("lab", ann)
    groups.add_member("admin", "bob")
    assert groups.maintainers("lab") == [ADMINISTRATOR, "ann", "bob"]
    with pytest.raises(MissingPermission):
        groups.remove_maintainer("lab", "bob")


def test_a_name_is_given_once_and_primary_groups_are_not_for_the_making(catalog: Catalog, ann: User, bob: User) -> None:
    groups = catalog.groups
    groups.create("lab", ann)
    for name in ("lab", "admin", "public"):
        with pytest.raises(GroupExists, match=f"group {name}"):
            groups.create(name, bob)
    for name in ("carol-primary", "bob-primary", "", "a b", "x" * 256):
        with pytest.raises(InvalidName):
            groups.create(name, bob)
    assert groups.members("lab") == ["ann"]
    catalog.users.create("carol")


def test_a_deleted_group_takes_its_permissions_with_it(catalog: Catalog, ann: User, bob: User) -> None:
    collection = catalog.resources.create_collection("col", ann)
    first = catalog.groups.create("lab", ann)
    catalog.groups.add_member("lab", "bob")
    catalog.permissions.grant("lab", collection, ["read"])
    catalog.groups.delete("lab")
    assert catalog.permissions_of(bob, collection) == frozenset()
    again = catalog.groups.create("lab", ann)
    assert again.id > first.id
    assert catalog.groups.members("lab") == ["ann"]
    assert catalog.groups.resources("lab") == []


def test_bosslet_stands_on_some_groups_and_one_user(catalog: Catalog, ann: User) -> None:
    groups = catalog.groups
    groups.create("lab", ann)
    refused: list[Callable[[], object]] = [
        lambda: groups.delete("admin"),
        lambda: groups.delete("public"),
        lambda: groups.delete("ann-primary"),
        lambda: groups.remove_member("admin", ADMINISTRATOR),
        lambda: groups.remove_maintainer("lab", ADMINISTRATOR),
        lambda: groups.add_maintainer("lab", PUBLIC_ACCOUNT),
        lambda: groups.create("everybodys", catalog.users.get(PUBLIC_ACCOUNT)),
    ]
    for call in refused:
        with pytest.raises(Protected):
            call()
    assert groups.members("admin") == [ADMINISTRATOR]
    with pytest.raises(GroupNotFound):
        groups.get("everybodys")


def test_unknown_groups_and_users_are_told_apart(catalog: Catalog, ann: User) -> None:
    groups = catalog.groups
    groups.create("lab", ann)
    for call in (
        groups.is_member,
        groups.add_member,
        groups.remove_member,
        groups.is_maintainer,
        groups.add_maintainer,
        groups.remove_maintainer,
    ):
        with pytest.raises(GroupNotFound, match="group Lab"):
            call("Lab", "ann")
        with pytest.raises(UserNotFound, match="user nobody"):
            call("lab", "nobody")
    for ask in (groups.get, groups.delete, groups.members, groups.maintainers, groups.resources):
        with pytest.raises(GroupNotFound):
            ask("Lab")


def test_the_resources_of_a_group_are_all_on_which_it_holds_anything(
    catalog: Catalog, ann: User, channel: Channel
) -> None:
    catalog.groups.create("lab", ann)
    catalog.permissions.grant("lab", channel, ["read", "add"])
    catalog.permissions.grant("lab", channel.experiment.collection, ["delete"])
    catalog.permissions.grant("lab", channel.experiment.frame, ["read"])
    assert catalog.groups.resources("lab") == [Address("col"), Address("col", "exp", "ch")]
    assert catalog.groups.resources("admin") == [
        Address("col"),
        Address("col", "exp"),
        Address("col", "exp", "ch"),
    ]
