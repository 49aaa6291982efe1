"""Users and groups by name, and who is in what: the statements that accounts, groups and permissions share."""

from __future__ import annotations

from sqlalchemy import Connection, delete, exists, insert, select

from bosslet.catalog.database import unique
from bosslet.catalog.names import valid_name
from bosslet.catalog.records import Group
from bosslet.catalog.schema import GroupRow, MaintainerRow, MemberRow, UserRow
from bosslet.errors import GroupExists, GroupNotFound, UserNotFound


def find_group(connection: Connection, name: str) -> Group:
    """Raises GroupNotFound."""
    row = connection.execute(select(GroupRow.id, GroupRow.name, GroupRow.creator).where(GroupRow.name == name)).first()
    if row is None:
        raise GroupNotFound(f"group {name}")
    return Group(*row)


def find_user_id(connection: Connection, name: str) -> int:
    """Raises UserNotFound."""
    user_id = connection.scalar(select(UserRow.id).where(UserRow.name == name))
    if user_id is None:
        raise UserNotFound(f"user {name}")
    return user_id


def insert_group(connection: Connection, name: str, creator: str | None) -> Group:
    """Raises InvalidName and GroupExists."""
    with unique(f"group {name}", GroupExists):
        new = insert(GroupRow).values(name=valid_name(name), creator=creator).returning(GroupRow.id)
        return Group(connection.execute(new).scalar_one(), name, creator)


def join(connection: Connection, group_id: int, user_id: int) -> None:
    """Make the user a member; a member stays one."""
    if not is_in(connection, group_id, user_id):
        connection.execute(insert(MemberRow).values(group_id=group_id, user_id=user_id))


def leave(connection: Connection, group_id: int, user_id: int) -> None:
    """Make the user no member; somebody else stays none."""
    connection.execute(delete(MemberRow).where(MemberRow.group_id == group_id, MemberRow.user_id == user_id))


def is_in(connection: Connection, group_id: int, user_id: int) -> bool:
    """Whether the user is a member."""
    member = exists().where(MemberRow.group_id == group_id, MemberRow.user_id == user_id)
    return bool(connection.scalar(select(member)))


def maintain(connection: Connection, group_id: int, maintainer_id: int) -> None:
    """Let the members of one group maintain another; those who do already go on."""
    if not maintains(connection, group_id, maintainer_id):
        connection.execute(insert(MaintainerRow).values(group_id=group_id, maintainer_id=maintainer_id))


def maintains(connection: Connection, group_id: int, maintainer_id: int) -> bool:
    """Whether the members of ``maintainer_id`` maintain the group."""
    row = exists().where(MaintainerRow.group_id == group_id, MaintainerRow.maintainer_id == maintainer_id)
    return bool(connection.scalar(select(row)))
