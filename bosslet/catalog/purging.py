"""What is marked for deletion: what there is of it, and how it goes for good.

Nothing goes that something else still stands on, and nobody but ``bosslet purge`` asks for it.
"""

from __future__ import annotations

from sqlalchemy import Connection, Select, delete, exists, select

from bosslet.catalog.database import Section
from bosslet.catalog.lookup import channels_where
from bosslet.catalog.records import Channel, Kind
from bosslet.catalog.rows import KINDS
from bosslet.catalog.schema import ChannelRow, CollectionRow, ExperimentRow, FrameRow, ResourceRow

Marked = tuple[Kind, str]
"""A resource that is no channel, with its name as a path."""

Row = type[ExperimentRow] | type[CollectionRow] | type[FrameRow]

_COLLECTION_OF = exists().where(ExperimentRow.collection_id == CollectionRow.id)
_UNUSED: tuple[tuple[Row, Select[int, str]], ...] = (
    (
        ExperimentRow,
        select(ExperimentRow.id, CollectionRow.name + "/" + ExperimentRow.name)
        .join(CollectionRow, CollectionRow.id == ExperimentRow.collection_id)
        .where(ExperimentRow.marked, ~exists().where(ChannelRow.experiment_id == ExperimentRow.id)),
    ),
    (
        CollectionRow,
        select(CollectionRow.id, CollectionRow.name).where(CollectionRow.marked, ~_COLLECTION_OF),
    ),
    (
        FrameRow,
        select(FrameRow.id, FrameRow.name).where(
            FrameRow.marked, ~exists().where(ExperimentRow.frame_id == FrameRow.id)
        ),
    ),
)
"""From the inside out."""


class Purging(Section):
    """The part of ``Resources`` about what goes for good."""

    def marked_channels(self) -> list[Channel]:
        """Those that are marked themselves, in order of creation."""
        with self._database.read() as connection:
            return channels_where(connection, ChannelRow.marked.is_(True))

    def forget_unused(self) -> list[Marked]:
        """Remove marked experiments, collections and frames in which nothing is left; what they were called."""
        gone: list[Marked] = []
        with self._database.write() as connection:
            for row, query in _UNUSED:
                gone.extend((KINDS[row], name) for name in _forget(connection, query))
        return gone


def _forget(connection: Connection, query: Select[int, str]) -> list[str]:
    found = list(connection.execute(query.order_by("id")))
    connection.execute(delete(ResourceRow).where(ResourceRow.id.in_([row.id for row in found])))
    return [row[1] for row in found]
