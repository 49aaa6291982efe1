"""The accounts and groups that must exist before anything else, as in bossDB."""

from __future__ import annotations

from sqlalchemy import Connection, select

from bosslet.catalog.membership import insert_group, join
from bosslet.catalog.records import (
    ADMIN_GROUP,
    ADMINISTRATOR,
    PUBLIC_ACCOUNT,
    PUBLIC_GROUP,
    PUBLIC_TOKEN,
    Role,
)
from bosslet.catalog.schema import GroupRow, UserRow
from bosslet.catalog.users import digest, insert_primary_group, insert_role, insert_user


def bootstrap(connection: Connection) -> None:
    """Make those that are missing; what exists is left as it was changed since."""
    admin_id, _ = _group_id(connection, ADMIN_GROUP), _group_id(connection, PUBLIC_GROUP)
    users = set(connection.scalars(select(UserRow.name).where(UserRow.name.in_([ADMINISTRATOR, PUBLIC_ACCOUNT]))))
    if ADMINISTRATOR not in users:
        user_id = insert_user(connection, ADMINISTRATOR, superuser=True)
        insert_primary_group(connection, ADMINISTRATOR, user_id)
        insert_role(connection, user_id, Role.ADMIN)
        join(connection, admin_id, user_id)
    if PUBLIC_ACCOUNT not in users:
        # No primary group: nothing may come to belong to an account that everybody shares.
        insert_user(connection, PUBLIC_ACCOUNT, token_digest=digest(PUBLIC_TOKEN))


def _group_id(connection: Connection, name: str) -> int:
    known = connection.scalar(select(GroupRow.id).where(GroupRow.name == name))
    return known if known is not None else insert_group(connection, name, None).id
