"""Every combination of who asks, what they hold, what is public, and what is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from bosslet import access
from bosslet.catalog.catalog import Catalog
from bosslet.catalog.records import (
    ADMINISTRATOR,
    ANONYMOUS,
    PERMISSIONS,
    Kind,
    Permission,
    Resource,
    Role,
    User,
)
from bosslet.errors import MissingPermission, MissingRole

READ, READ_VOXELS = Permission.READ, Permission.READ_VOLUMETRIC_DATA


@pytest.fixture(scope="module")
def catalog() -> Iterator[Catalog]:
    catalog = Catalog.open("sqlite://")
    catalog.prepare()
    for name in ("owner", "stranger"):
        catalog.users.create(name)
    yield catalog
    catalog.close()


def resources(catalog: Catalog, *, public: bool) -> dict[Kind, Resource]:
    """One resource of each kind, public or not, that ``owner`` made."""
    name, owner = f"public-{public}", catalog.users.get("owner")
    make = catalog.resources
    shape = (1, 2, 3)
    frame = make.create_frame(name, owner, start=(0, 0, 0), stop=shape, voxel_size=(1, 1, 1), voxel_unit="nanometers")
    collection = make.create_collection(name, owner, public=public)
    experiment = make.create_experiment(collection, name, owner, frame=frame, public=public)
    channel = make.create_channel(
        experiment,
        name,
        owner,
        type="image",
        datatype="uint8",
        block_shape=shape,
        chunk_shape=shape,
        path=name,
        public=public,
    )
    return {each.kind: each for each in (frame, collection, experiment, channel)}


def expected(user: User, permission: Permission, resource: Resource, public_helps: bool) -> bool:
    """The rules of section 2.2, written down another way."""
    if user.name in {ADMINISTRATOR, "owner"}:
        return True
    return public_helps and resource.public and permission in {READ, READ_VOXELS}


def test_the_matrix(catalog: Catalog) -> None:
    users = [ANONYMOUS, *(catalog.users.get(name) for name in catalog.users.names())]
    assert [user.name for user in users] == ["", ADMINISTRATOR, "public-access", "owner", "stranger"]
    asked = 0
    for public in (False, True):
        for kind, resource in resources(catalog, public=public).items():
            for user, permission, public_helps in product(users, PERMISSIONS[kind], (True, False)):
                allowed = access.may(catalog, user, permission, resource, public_helps=public_helps)
                assert allowed == expected(user, permission, resource, public_helps), (user, permission, resource)
                asked += 1
    assert asked == 540


@pytest.mark.parametrize("permission", list(Permission))
def test_one_granted_permission_is_that_one_only(catalog: Catalog, permission: Permission) -> None:
    owner, stranger = catalog.users.get("owner"), catalog.users.get("stranger")
    make = catalog.resources
    name = f"only-{permission}"
    frame = make.create_frame(
        name, owner, start=(0, 0, 0), stop=(1, 2, 3), voxel_size=(1, 1, 1), voxel_unit="nanometers"
    )
    parent = make.create_experiment(make.create_collection(name, owner), name, owner, frame=frame)
    channel = make.create_channel(
        parent, name, owner, type="image", datatype="uint8", block_shape=(1, 2, 3), chunk_shape=(1, 2, 3), path=name
    )
    catalog.permissions.grant("stranger-primary", channel, [permission])
    for asked in Permission:
        assert access.may(catalog, stranger, asked, channel) == (asked == permission)
        assert not access.may(catalog, stranger, asked, parent)


def test_a_refusal_says_who_lacks_what(catalog: Catalog) -> None:
    collection = catalog.resources.create_collection("secret", catalog.users.get("owner"))
    access.require(catalog, catalog.users.get("owner"), READ, collection)
    with pytest.raises(MissingPermission, match=r"^user stranger lacks permission read on collection secret$"):
        access.require(catalog, catalog.users.get("stranger"), READ, collection)
    with pytest.raises(MissingPermission, match=r"^anonymous lacks permission update on collection secret$"):
        access.require(catalog, ANONYMOUS, Permission.UPDATE, collection)


def test_a_revoked_permission_counts_at_once(catalog: Catalog) -> None:
    stranger = catalog.users.get("stranger")
    collection = catalog.resources.create_collection("lent", catalog.users.get("owner"))
    catalog.permissions.grant("stranger-primary", collection, ["update"])
    access.require(catalog, stranger, Permission.UPDATE, collection)
    catalog.permissions.revoke("stranger-primary", collection)
    with pytest.raises(MissingPermission):
        access.require(catalog, stranger, Permission.UPDATE, collection)


@pytest.mark.parametrize(
    ("user", "passes"),
    [
        (ANONYMOUS, set()),
        (User(1, "u"), set()),
        (User(1, "u", frozenset({Role.USER_MANAGER})), {Role.USER_MANAGER}),
        (User(1, "u", frozenset({Role.RESOURCE_MANAGER})), {Role.RESOURCE_MANAGER}),
        (User(1, "u", frozenset({Role.ADMIN})), set(Role)),
        (User(1, "u", superuser=True), set(Role)),
    ],
)
def test_roles(user: User, passes: set[Role]) -> None:
    for role in Role:
        if role in passes:
            access.require_role(user, role)
        else:
            with pytest.raises(MissingRole, match=f"lacks role {role}"):
                access.require_role(user, role)
