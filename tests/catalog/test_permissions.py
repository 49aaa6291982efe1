"""What groups hold, and what users hold through them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bosslet.catalog.catalog import Catalog
from bosslet.catalog.records import (
    ANONYMOUS,
    PERMISSIONS,
    Address,
    Channel,
    Kind,
    Permission,
    PermissionSet,
    Resource,
    User,
)
from bosslet.errors import GroupNotFound, InvalidField

READ, ADD, UPDATE = Permission.READ, Permission.ADD, Permission.UPDATE


def held(catalog: Catalog, group: str, resource: Resource) -> tuple[Permission, ...]:
    sets = catalog.permissions.sets(ANONYMOUS, group=group, resource=resource)
    assert len(sets) <= 1
    return sets[0].permissions if sets else ()


@pytest.fixture
def lab(catalog: Catalog, ann: User) -> str:
    return catalog.groups.create("lab", ann).name


def test_granting_adds_and_replacing_replaces(catalog: Catalog, lab: str, channel: Channel) -> None:
    permissions = catalog.permissions
    permissions.grant(lab, channel, ["update", "read"])
    permissions.grant(lab, channel, ["read", "add", "add"])
    assert held(catalog, lab, channel) == (READ, ADD, UPDATE)
    permissions.grant(lab, channel, [])
    permissions.replace(lab, channel, ["add", "delete_volumetric_data"])
    assert held(catalog, lab, channel) == (ADD, Permission.DELETE_VOLUMETRIC_DATA)
    permissions.replace(lab, channel, [])
    assert held(catalog, lab, channel) == ()
    permissions.revoke(lab, channel)


def test_nothing_is_inherited(catalog: Catalog, lab: str, channel: Channel, bob: User) -> None:
    catalog.groups.add_member(lab, "bob")
    catalog.permissions.grant(lab, channel.experiment.collection, ["read"])
    assert catalog.permissions_of(bob, channel.experiment.collection) == {READ}
    assert catalog.permissions_of(bob, channel.experiment) == frozenset()
    assert catalog.permissions_of(bob, channel) == frozenset()


@pytest.mark.parametrize("wrong", ["write", "READ", "read ", "", "read_volumetric_data", None, 1, ["read"], {}])
@pytest.mark.parametrize("change", ["grant", "replace"])
def test_a_wrong_name_changes_nothing(catalog: Catalog, lab: str, channel: Channel, change: str, wrong: object) -> None:
    collection = channel.experiment.collection
    catalog.permissions.grant(lab, collection, ["update"])
    with pytest.raises(InvalidField, match=r"a collection has read, add, update, delete, assign_group, remove_group$"):
        getattr(catalog.permissions, change)(lab, collection, ["read", wrong])
    assert held(catalog, lab, collection) == (UPDATE,)


def test_volumetric_permissions_exist_on_channels_only() -> None:
    assert PERMISSIONS[Kind.CHANNEL] == tuple(Permission)
    for kind in (Kind.COLLECTION, Kind.EXPERIMENT, Kind.FRAME):
        assert not [permission for permission in PERMISSIONS[kind] if "volumetric" in permission]


def test_everybody_can_only_be_let_in_to_read(catalog: Catalog, channel: Channel) -> None:
    permissions = catalog.permissions
    permissions.grant("public", channel, ["read", "read_volumetric_data"])
    for refused in (["add"], ["read", "delete"]):
        with pytest.raises(InvalidField, match="group public"):
            permissions.grant("public", channel, refused)
    for refused in (["read", "read_volumetric_data"], [], ["add"]):
        with pytest.raises(InvalidField, match="group public"):
            permissions.replace("public", channel, refused)
    assert held(catalog, "public", channel) == (READ, Permission.READ_VOLUMETRIC_DATA)
    permissions.replace("public", channel, ["read"])
    assert held(catalog, "public", channel) == (READ,)


def test_the_sets_of_a_user_a_group_and_a_resource(catalog: Catalog, lab: str, bob: User, channel: Channel) -> None:
    experiment, collection = channel.experiment, channel.experiment.collection
    catalog.permissions.grant(lab, channel, ["add"])
    catalog.permissions.grant(lab, experiment, ["read"])
    catalog.permissions.grant("public", collection, ["read"])
    catalog.permissions.grant("public", experiment.frame, ["read"])
    of_lab = [
        PermissionSet("lab", Address("col", "exp"), (READ,)),
        PermissionSet("lab", Address("col", "exp", "ch"), (ADD,)),
    ]
    of_public = PermissionSet("public", Address("col"), (READ,))
    sets = catalog.permissions.sets
    assert sets(bob) == [of_public]
    assert sets(bob, group=lab) == of_lab
    assert sets(bob, group=lab, resource=channel) == of_lab[1:]
    assert sets(bob, resource=channel) == []
    catalog.groups.add_member(lab, "bob")
    assert sets(bob) == [of_public, *of_lab]
    assert sets(bob, resource=channel) == of_lab[1:]
    assert sets(bob, resource=experiment.frame) == []
    assert sets(ANONYMOUS) == []
    assert sets(ANONYMOUS, group=lab) == of_lab
    # A rename shows at once.
    catalog.resources.update_experiment(experiment, name="new")
    assert sets(ANONYMOUS, group=lab)[0].address == Address("col", "new")


def test_an_unknown_group_is_not_found(catalog: Catalog, ann: User, channel: Channel) -> None:
    permissions = catalog.permissions
    with pytest.raises(GroupNotFound):
        permissions.grant("nosuch", channel, ["read"])
    with pytest.raises(GroupNotFound):
        permissions.replace("nosuch", channel, ["read"])
    with pytest.raises(GroupNotFound):
        permissions.revoke("nosuch", channel)
    with pytest.raises(GroupNotFound):
        permissions.sets(ann, group="nosuch", resource=channel)


steps = st.lists(
    st.tuples(
        st.sampled_from(["grant", "replace", "revoke"]),
        st.sampled_from(["lab", "bob-primary"]),
        st.sampled_from(["collection", "channel"]),
        st.sets(st.sampled_from(PERMISSIONS[Kind.COLLECTION])),
    ),
    max_size=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(steps)
def test_a_user_holds_the_union_of_what_the_groups_hold(
    catalog: Catalog, lab: str, bob: User, channel: Channel, steps: list[tuple[str, str, str, set[Permission]]]
) -> None:
    resources: dict[str, Any] = {"collection": channel.experiment.collection, "channel": channel}
    catalog.groups.add_member(lab, "bob")
    expected: dict[tuple[str, str], set[Permission]] = {}
    for name, resource in resources.items():
        for group in (lab, "bob-primary"):
            catalog.permissions.revoke(group, resource)
            expected[group, name] = set()
    for change, group, name, wanted in steps:
        arguments = () if change == "revoke" else (wanted,)
        getattr(catalog.permissions, change)(group, resources[name], *arguments)
        before = expected[group, name] if change == "grant" else set()
        expected[group, name] = before | wanted if change != "revoke" else set()
    for name, resource in resources.items():
        for group in (lab, "bob-primary"):
            assert held(catalog, group, resource) == tuple(p for p in Permission if p in expected[group, name])
        assert catalog.permissions_of(bob, resource) == expected[lab, name] | expected["bob-primary", name]
        assert catalog.permissions_of(ANONYMOUS, resource) == frozenset()
