"""Which group may do what to which resource.

Nothing is inherited: a group that may read a collection has said nothing about the experiments in it. Whether a request
may pass is not decided here but in ``bosslet.access``, which also knows of superusers and of ``public``.
"""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Iterable
from itertools import groupby

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, false, func, insert, select, true
from sqlalchemy.orm import InstrumentedAttribute

from bosslet.catalog.database import Section
from bosslet.catalog.membership import find_group
from bosslet.catalog.records import (
    ADMIN_GROUP,
    PERMISSIONS,
    PRIMARY_SUFFIX,
    PUBLIC_GROUP,
    Address,
    Kind,
    Permission,
    PermissionSet,
    Resource,
    User,
)
from bosslet.catalog.schema import (
    ChannelRow,
    CollectionRow,
    ExperimentRow,
    GrantRow,
    GroupRow,
    MemberRow,
)
from bosslet.errors import InvalidField

_PUBLIC_GRANTS = frozenset({Permission.READ, Permission.READ_VOLUMETRIC_DATA})


class Permissions(Section):
    """What groups hold; who may change that is ``bosslet.access``'s to say."""

    def of(self, user: User, resource: Resource) -> frozenset[Permission]:
        """What the user's groups hold together; nothing for the anonymous."""
        if user.anonymous:
            return frozenset()

        def ask() -> frozenset[Permission]:
            with self._database.read() as connection:
                rows = connection.scalars(_OF_USER, {"user_id": user.id, "resource_id": resource.id})
                return frozenset(Permission(row) for row in rows)

        return self._database.recall(("permissions", user.id, resource.id), ask)

    def holders(self, permission: Permission, resource: Resource) -> list[str]:
        """The groups that hold this permission on a resource, in order of their creation."""
        held = GrantRow.resource_id == resource.id, GrantRow.permission == str(permission)
        names = select(GroupRow.name).join(GrantRow, GrantRow.group_id == GroupRow.id).where(*held)
        with self._database.read() as connection:
            return list(connection.scalars(names.order_by(GroupRow.id)))

    def grant(self, group: str, resource: Resource, permissions: Names[str]) -> None:
        """Add to what the group holds on the resource.

        Raises:
            InvalidField: a permission that the kind does not have, or that everybody may not have; nothing was added.
            GroupNotFound: no such group.
        """
        wanted = valid_permissions(resource.kind, permissions)
        if group == PUBLIC_GROUP and not wanted <= _PUBLIC_GRANTS:
            raise InvalidField(f"group {PUBLIC_GROUP} can only be given read and read_volumetric_data")
        with self._database.write() as connection:
            group_id = find_group(connection, group).id
            held = connection.scalars(_held(group_id, resource)).all()
            _insert(connection, group_id, resource.id, [p for p in Permission if p in wanted and p not in held])

    def replace(self, group: str, resource: Resource, permissions: Names[str]) -> None:
        """Make what the group holds on the resource exactly this; on failure nothing changes.

        Raises:
            InvalidField: as for ``grant``; for the group of everybody, anything but ``read`` alone.
            GroupNotFound: no such group.
        """
        wanted = valid_permissions(resource.kind, permissions)
        if group == PUBLIC_GROUP and wanted != {Permission.READ}:
            raise InvalidField(f"the permissions of group {PUBLIC_GROUP} can only be replaced by read alone")
        with self._database.write() as connection:
            group_id = find_group(connection, group).id
            _drop(connection, group_id, resource)
            _insert(connection, group_id, resource.id, [p for p in Permission if p in wanted])

    def revoke(self, group: str, resource: Resource) -> None:
        """Take everything on the resource from the group, which need not have held any of it; raises GroupNotFound."""
        with self._database.write() as connection:
            _drop(connection, find_group(connection, group).id, resource)

    def sets(self, user: User, *, group: str | None = None, resource: Resource | None = None) -> list[PermissionSet]:
        """What one group holds, or without ``group`` each of the user's; on one resource, or without it on all.

        Frames are left out: bossDB has no way to name them here. In order of group and resource.

        Raises:
            GroupNotFound: no such group.
        """
        with self._database.read() as connection:
            if group is not None:
                whose = GrantRow.group_id == find_group(connection, group).id
            else:
                whose = GrantRow.group_id.in_(select(MemberRow.group_id).where(MemberRow.user_id == user.id))
            what = true() if resource is None else GrantRow.resource_id == resource.id
            return held_by(connection, whose, what)


def valid_permissions(kind: Kind, names: Iterable[str]) -> frozenset[Permission]:
    """Raises InvalidField for a name that is no permission of this kind of resource."""
    allowed = {str(permission): permission for permission in PERMISSIONS[kind]}
    wanted = list(names)
    for name in wanted:
        if not isinstance(name, str) or name not in allowed:
            raise InvalidField(f"permission {name!r}: a {kind} has {', '.join(allowed)}")
    return frozenset(allowed[name] for name in wanted)


def grant_creator(connection: Connection, kind: Kind, resource_id: int, creator: str) -> None:
    """Give everything on a new resource to its creator's primary group and to the administrators."""
    names = (creator + PRIMARY_SUFFIX, ADMIN_GROUP)
    for group_id in connection.scalars(select(GroupRow.id).where(GroupRow.name.in_(names))).all():
        _insert(connection, group_id, resource_id, PERMISSIONS[kind])


def readable(resource_id: InstrumentedAttribute[int], user: User) -> ColumnElement[bool]:
    """The condition that the user may read a resource, ``public`` left aside."""
    if user.superuser:
        return true()
    if user.anonymous:
        return false()
    return (
        select(GrantRow.resource_id)
        .join(MemberRow, MemberRow.group_id == GrantRow.group_id)
        .where(
            MemberRow.user_id == user.id,
            GrantRow.resource_id == resource_id,
            GrantRow.permission == str(Permission.READ),
        )
        .exists()
    )


def held_by(connection: Connection, *conditions: ColumnElement[bool]) -> list[PermissionSet]:
    """The grants that meet the conditions, by group and resource, in order of creation."""
    rows = connection.execute(_ADDRESSED.where(*conditions)).all()
    grouped = groupby(rows, key=lambda row: (row.group, row.collection, row.experiment, row.channel))
    return [
        PermissionSet(group, Address(collection, experiment, channel), _ordered(row.permission for row in members))
        for (group, collection, experiment, channel), members in grouped
    ]


def _ordered(names: Iterable[str]) -> tuple[Permission, ...]:
    held = set(names)
    return tuple(permission for permission in Permission if permission in held)


def _held(group_id: int, resource: Resource) -> Select[str]:
    return select(GrantRow.permission).where(GrantRow.group_id == group_id, GrantRow.resource_id == resource.id)


def _drop(connection: Connection, group_id: int, resource: Resource) -> None:
    connection.execute(delete(GrantRow).where(GrantRow.group_id == group_id, GrantRow.resource_id == resource.id))


def _insert(connection: Connection, group_id: int, resource_id: int, permissions: Iterable[Permission]) -> None:
    rows = [{"group_id": group_id, "resource_id": resource_id, "permission": str(each)} for each in permissions]
    if rows:
        connection.execute(insert(GrantRow), rows)


_OF_USER = (
    select(GrantRow.permission)
    .join(MemberRow, MemberRow.group_id == GrantRow.group_id)
    .where(MemberRow.user_id == bindparam("user_id"), GrantRow.resource_id == bindparam("resource_id"))
)
_ADDRESSED = (
    select(
        GroupRow.name.label("group"),
        CollectionRow.name.label("collection"),
        ExperimentRow.name.label("experiment"),
        ChannelRow.name.label("channel"),
        GrantRow.permission,
    )
    .join(GroupRow, GroupRow.id == GrantRow.group_id)
    .outerjoin(ChannelRow, ChannelRow.id == GrantRow.resource_id)
    .outerjoin(ExperimentRow, ExperimentRow.id == func.coalesce(ChannelRow.experiment_id, GrantRow.resource_id))
    .join(CollectionRow, CollectionRow.id == func.coalesce(ExperimentRow.collection_id, GrantRow.resource_id))
    .order_by(GroupRow.id, GrantRow.resource_id)
)
