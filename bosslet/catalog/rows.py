"""What all kinds of resource have in common: being made, changed, marked for deletion and listed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, insert, select, update

from bosslet.catalog.database import unique
from bosslet.catalog.names import valid_name
from bosslet.catalog.permissions import grant_creator
from bosslet.catalog.records import Kind, User
from bosslet.catalog.schema import ChannelRow, CollectionRow, ExperimentRow, FrameRow, ResourceRow
from bosslet.errors import InUse

RowT = TypeVar("RowT", FrameRow, CollectionRow, ExperimentRow, ChannelRow)

KINDS = {
    FrameRow: Kind.FRAME,
    CollectionRow: Kind.COLLECTION,
    ExperimentRow: Kind.EXPERIMENT,
    ChannelRow: Kind.CHANNEL,
}


def insert_resource(
    connection: Connection, row: type[RowT], name: str, creator: User, values: Mapping[str, object]
) -> int:
    """The id of a new resource, which belongs to its creator and to the administrators.

    Raises:
        InvalidName, NameTaken
    """
    valid_name(name)
    kind = KINDS[row]
    resource_id = connection.execute(insert(ResourceRow).values(kind=str(kind)).returning(ResourceRow.id)).scalar_one()
    with unique(f"{kind} {name}"):
        connection.execute(insert(row).values(id=resource_id, name=name, creator=creator.name, **values))
    grant_creator(connection, kind, resource_id, creator.name)
    return resource_id


def change_resource(connection: Connection, row: type[RowT], resource_id: int, changes: Mapping[str, object]) -> None:
    """Set columns; raises InvalidName and NameTaken for a ``name`` that it cannot have."""
    if "name" in changes:
        valid_name(changes["name"])
    if changes:
        with unique(f"{KINDS[row]} {changes.get('name')}"):
            connection.execute(update(row).where(row.id == resource_id).values(**changes))


def mark_resource(connection: Connection, row: type[RowT], resource_id: int) -> None:
    """Mark for deletion; what is marked stays so."""
    connection.execute(update(row).where(row.id == resource_id).values(marked=True))


def names_where(connection: Connection, row: type[RowT], *conditions: ColumnElement[bool]) -> list[str]:
    """The names of those that are not marked, in order of creation."""
    return list(connection.scalars(select(row.name).where(row.marked.is_(False), *conditions).order_by(row.id)))


def refuse_in_use(connection: Connection, what: str, row: type[RowT], *conditions: ColumnElement[bool]) -> None:
    """Raises InUse if an unmarked ``row`` meets the conditions, naming the first."""
    if users := names_where(connection, row, *conditions):
        raise InUse(f"{what} is used by {len(users)}: {KINDS[row]} {users[0]} first")
