"""Groups, the users in them, and those who may change that.

Maintaining is not belonging: a maintainer who is no member gets none of the group's permissions. It is other groups
that maintain a group; one person does so by way of the primary group. ``admin`` maintains every group that is created,
and so does ``bossadmin``, who is in it.
"""

from __future__ import annotations

from sqlalchemy import Connection, Select, bindparam, delete, or_, select

from bosslet.catalog.database import Section
from bosslet.catalog.membership import (
    find_group,
    find_user_id,
    insert_group,
    is_in,
    join,
    leave,
    maintain,
    maintains,
)
from bosslet.catalog.permissions import held_by
from bosslet.catalog.records import (
    ADMIN_GROUP,
    ADMINISTRATOR,
    PRIMARY_SUFFIX,
    PUBLIC_ACCOUNT,
    PUBLIC_GROUP,
    Address,
    Group,
    User,
)
from bosslet.catalog.schema import GrantRow, GroupRow, MaintainerRow, MemberRow, UserRow
from bosslet.errors import InvalidName, MissingPermission, Protected


class Groups(Section):
    """What can be asked of, and done to, groups; whether the caller may is asked elsewhere."""

    def create(self, name: str, creator: User) -> Group:
        """A group with its creator in it, maintained by the creator and the administrators.

        Raises:
            InvalidName: also for a name that the primary group of somebody may need.
            GroupExists
            Protected: the creator is the account of everybody.
        """
        if name.endswith(PRIMARY_SUFFIX):
            # Whoever sits in the group of a user to come would own all that this user makes.
            raise InvalidName(f"group {name}: names that end in {PRIMARY_SUFFIX} belong to users")
        with self._database.write() as connection:
            group = insert_group(connection, name, creator.name)
            join(connection, group.id, find_user_id(connection, creator.name))
            maintain(connection, group.id, _primary_group(connection, creator.name).id)
            maintain(connection, group.id, find_group(connection, ADMIN_GROUP).id)
        return group

    def get(self, name: str) -> Group:
        """Raises GroupNotFound."""
        with self._database.read() as connection:
            return find_group(connection, name)

    def delete(self, name: str) -> None:
        """Remove the group and all that it holds.

        Raises:
            GroupNotFound
            Protected: ``admin``, ``public``, or the primary group of a user.
        """
        if name in {ADMIN_GROUP, PUBLIC_GROUP} or name.endswith(PRIMARY_SUFFIX):
            raise Protected(f"group {name} cannot be deleted")
        with self._database.write() as connection:
            connection.execute(delete(GroupRow).where(GroupRow.id == find_group(connection, name).id))

    def names_of(self, user: User, *, member: bool = True, maintainer: bool = True) -> list[str]:
        """The groups that the user is in, those that the user maintains, or both; in order of creation."""
        asked = [condition for wanted, condition in ((member, _MEMBER), (maintainer, _MAINTAINER)) if wanted]
        if not asked or user.anonymous:
            return []
        names = select(GroupRow.name).where(or_(*asked)).order_by(GroupRow.id)
        with self._database.read() as connection:
            return list(connection.scalars(names, {"user_id": user.id}))

    def members(self, name: str) -> list[str]:
        """User names in order of creation; raises GroupNotFound."""
        with self._database.read() as connection:
            group = find_group(connection, name)
            return list(connection.scalars(_users(select(MemberRow.user_id).where(MemberRow.group_id == group.id))))

    def is_member(self, name: str, user: str) -> bool:
        """Raises GroupNotFound and UserNotFound."""
        with self._database.read() as connection:
            return is_in(connection, find_group(connection, name).id, find_user_id(connection, user))

    def add_member(self, name: str, user: str) -> None:
        """Put the user in the group, who may be there already; raises GroupNotFound and UserNotFound."""
        with self._database.write() as connection:
            join(connection, find_group(connection, name).id, find_user_id(connection, user))

    def remove_member(self, name: str, user: str) -> None:
        """Take the user out of the group, who need not be in it.

        Raises:
            GroupNotFound, UserNotFound
            Protected: ``bossadmin`` stays in every group.
        """
        _refuse_administrator(user)
        with self._database.write() as connection:
            leave(connection, find_group(connection, name).id, find_user_id(connection, user))

    def maintainers(self, name: str) -> list[str]:
        """User names in order of creation; raises GroupNotFound."""
        with self._database.read() as connection:
            group = find_group(connection, name)
            return list(connection.scalars(_maintainers(group.id)))

    def is_maintainer(self, name: str, user: str) -> bool:
        """Whether the user is in a group that maintains this one; raises GroupNotFound and UserNotFound."""
        with self._database.read() as connection:
            group, user_id = find_group(connection, name), find_user_id(connection, user)
            return connection.scalar(_maintainers(group.id).where(UserRow.id == user_id)) is not None

    def add_maintainer(self, name: str, user: str) -> None:
        """Let the user maintain the group, who may do so already.

        Raises:
            GroupNotFound, UserNotFound
            Protected: the account of everybody maintains nothing.
        """
        with self._database.write() as connection:
            maintain(connection, find_group(connection, name).id, _primary_group(connection, user).id)

    def remove_maintainer(self, name: str, user: str) -> None:
        """Let the user no longer maintain the group.

        Raises:
            GroupNotFound, UserNotFound
            Protected: ``bossadmin`` maintains every group, the account of everybody none.
            MissingPermission: the user does not maintain it, or only as an administrator.
        """
        _refuse_administrator(user)
        with self._database.write() as connection:
            group, primary = find_group(connection, name), _primary_group(connection, user)
            if not maintains(connection, group.id, primary.id):
                raise MissingPermission(f"user {user} does not maintain group {name}")
            rows = (MaintainerRow.group_id == group.id, MaintainerRow.maintainer_id == primary.id)
            connection.execute(delete(MaintainerRow).where(*rows))

    def resources(self, name: str) -> list[Address]:
        """The collections, experiments and channels on which the group holds any permission; raises GroupNotFound."""
        with self._database.read() as connection:
            group = find_group(connection, name)
            return [held.address for held in held_by(connection, GrantRow.group_id == group.id)]


_MEMBER = GroupRow.id.in_(select(MemberRow.group_id).where(MemberRow.user_id == bindparam("user_id")))
_MAINTAINER = GroupRow.id.in_(
    select(MaintainerRow.group_id)
    .join(MemberRow, MemberRow.group_id == MaintainerRow.maintainer_id)
    .where(MemberRow.user_id == bindparam("user_id"))
)


def _users(user_ids: Select[int]) -> Select[str]:
    return select(UserRow.name).where(UserRow.id.in_(user_ids)).order_by(UserRow.id)


def _maintainers(group_id: int) -> Select[str]:
    maintaining = select(MaintainerRow.maintainer_id).where(MaintainerRow.group_id == group_id)
    return _users(select(MemberRow.user_id).where(MemberRow.group_id.in_(maintaining)))


def _primary_group(connection: Connection, user: str) -> Group:
    find_user_id(connection, user)
    if user == PUBLIC_ACCOUNT:
        raise Protected(f"user {user} is everybody and maintains no group")
    return find_group(connection, user + PRIMARY_SUFFIX)


def _refuse_administrator(user: str) -> None:
    if user == ADMINISTRATOR:
        raise Protected(f"user {user} stays in every group and maintains it")
