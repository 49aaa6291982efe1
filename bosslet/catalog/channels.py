"""Channels: their place in the catalog, their neighbours and their state.

For the three ways of listing them see experiments.py.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection as AnyOf
from typing import Unpack

from sqlalchemy import bindparam, delete, exists, func, or_, select, true, update
from sqlalchemy.orm import InstrumentedAttribute

from bosslet.catalog.database import Section
from bosslet.catalog.description import Description
from bosslet.catalog.fields import ChannelChanges, ChannelFields, NewChannel
from bosslet.catalog.links import replace_links
from bosslet.catalog.lookup import channel_of, channels_where, find_channel
from bosslet.catalog.names import valid_name
from bosslet.catalog.permissions import readable
from bosslet.catalog.records import Channel, DownsampleStatus, Experiment, Kind, Resource, User
from bosslet.catalog.rows import change_resource, insert_resource, mark_resource, names_where, refuse_in_use
from bosslet.catalog.schema import ChannelRow, CollectionRow, ExperimentRow, FrameRow, LinkRow, ResourceRow
from bosslet.errors import InvalidNumber, LostRace, NotFound
from bosslet.geometry import Point

MAX_PIECE_BYTES = 255
"""The longest name of a file on every file system that matters."""
MAX_ID = 2**63 - 1
"""The last id that can be reserved: a label has 64 bits, but the column that counts has a sign."""

_NOT_COLUMNS = frozenset({"sources", "related", "block_shape", "chunk_shape", "downsample_status"})


class Channels(Section):
    """The part of ``Resources`` about channels."""

    def create_channel(self, experiment: Experiment, name: str, creator: User, **fields: Unpack[NewChannel]) -> Channel:
        """Raises InvalidName, NameTaken, and InvalidField for a number too large or a wrong list of neighbours."""
        values = {
            "experiment_id": experiment.id,
            "downsample_status": str(fields.get("downsample_status", DownsampleStatus.NOT_DOWNSAMPLED)),
            **dict(zip(("block_z", "block_y", "block_x"), fields["block_shape"], strict=True)),
            **dict(zip(("chunk_z", "chunk_y", "chunk_x"), fields["chunk_shape"], strict=True)),
            **_columns(fields),
        }
        with self._database.write() as connection:
            channel_id = insert_resource(connection, ChannelRow, name, creator, values)
            replace_links(connection, channel_id, sources=fields.get("sources"), related=fields.get("related"))
            return channel_of(connection, channel_id)

    def unused_path(self, experiment: Experiment, name: str, taken: Callable[[str], bool] = lambda path: False) -> str:
        """Where a new channel could be stored: ``collection/experiment/channel``, or that with ``.2``, ``.3``, …

        The plain path is not free when its channel was renamed since, or when ``taken`` says so. Paths that differ in
        case only count as the same, since for some file systems they are. Raises InvalidName.
        """
        return self.unused_path_in(f"{experiment.collection.name}/{experiment.name}", name, taken)

    def unused_path_in(self, parent: str, name: str, taken: Callable[[str], bool] = lambda path: False) -> str:
        """The same for a collection and an experiment that need not be there, by ``collection/experiment``."""
        number, path = 1, f"{parent}/{valid_name(name)}"
        with self._database.read() as connection:
            while taken(path) or connection.scalar(select(exists().where(func.lower(ChannelRow.path) == path.lower()))):
                number += 1
                suffix = f".{number}"
                path = f"{parent}/{name[: MAX_PIECE_BYTES - len(suffix)]}{suffix}"
        return path

    def channel(self, collection: str, experiment: str, name: str) -> Channel:
        """The channel with all that is above it; raises NotFound, naming the level."""

        def ask() -> Channel:
            with self._database.read() as connection:
                return find_channel(connection, collection, experiment, name)

        return self._database.recall(("channel", collection, experiment, name), ask)

    def channel_by_id(self, channel_id: int) -> Channel:
        """The channel under whatever name; raises NotFound."""
        with self._database.read() as connection:
            return channel_of(connection, channel_id)

    def channels_in(self, resource: Resource) -> list[Channel]:
        """The channel itself, or all in a collection, experiment or frame, marked ones too; in order of creation."""
        with self._database.read() as connection:
            return channels_where(connection, _WITHIN[resource.kind] == resource.id)

    def all_channels(self) -> list[Channel]:
        """Every channel that there is, marked ones too; in order of creation."""
        with self._database.read() as connection:
            return channels_where(connection, true())

    def description(self, channel_id: int) -> Description:
        """What the files of a channel should say of it now; raises NotFound."""
        with self._database.read() as connection:
            next_id = connection.scalar(select(ChannelRow.next_id).where(ChannelRow.id == channel_id)) or 1
            return Description.of(channel_of(connection, channel_id), next_id)

    def channel_names(self, experiment: Experiment) -> list[str]:
        """All that are not marked, in order of creation."""
        with self._database.read() as connection:
            return names_where(connection, ChannelRow, ChannelRow.experiment_id == experiment.id)

    def visible_channel_names(self, experiment: Experiment, reader: User) -> list[str]:
        """Those of them that are public or that the reader may read."""
        inside = ChannelRow.experiment_id == experiment.id
        visible = or_(ChannelRow.public.is_(True), readable(ChannelRow.id, reader))
        with self._database.read() as connection:
            return names_where(connection, ChannelRow, inside, visible)

    def readable_channel_names(self, experiment: Experiment, reader: User) -> list[str]:
        """Those of them that the experiment names to the reader: all if it is public, else what the reader may read."""
        if experiment.public:
            return self.channel_names(experiment)
        inside = ChannelRow.experiment_id == experiment.id
        with self._database.read() as connection:
            return names_where(connection, ChannelRow, inside, readable(ChannelRow.id, reader))

    def update_channel(self, channel: Channel, /, **changes: Unpack[ChannelChanges]) -> Channel:
        """Rename it (``name``) or change what is said of it; on failure nothing changes.

        Raises:
            NotFound, InvalidName, NameTaken
            InvalidField: as for ``create_channel``.
        """
        with self._database.write() as connection:
            change_resource(connection, ChannelRow, channel.id, _columns(changes))
            replace_links(connection, channel.id, sources=changes.get("sources"), related=changes.get("related"))
            return channel_of(connection, channel.id)

    def delete_channel(self, channel: Channel) -> None:
        """Mark it; raises InUse while it is a source of a channel that is not marked."""
        made_from = select(LinkRow.channel_id).where(LinkRow.other_id == channel.id, LinkRow.related.is_(False))
        with self._database.write() as connection:
            refuse_in_use(connection, f"channel {channel}", ChannelRow, ChannelRow.id.in_(made_from))
            mark_resource(connection, ChannelRow, channel.id)

    def relocate_channel(self, channel: Channel, path: str, block_shape: Point) -> Channel:
        """Say that its files are elsewhere now, cut into other blocks.

        Raises:
            LostRace: they are no longer where the record says.
        """
        values = {"path": path, **dict(zip(("block_z", "block_y", "block_x"), block_shape, strict=True))}
        where = (ChannelRow.id == channel.id) & (ChannelRow.path == channel.path)
        with self._database.write() as connection:
            if connection.execute(update(ChannelRow).where(where).values(**values)).rowcount != 1:
                raise LostRace(f"{channel} is no longer at {channel.path}")
            return channel_of(connection, channel.id)

    def forget_channel(self, channel: Channel) -> None:
        """Remove it at once, with its permissions and metadata, as if it had never been; it may be gone already."""
        with self._database.write() as connection:
            connection.execute(delete(ResourceRow).where(ResourceRow.id == channel.id))

    def set_downsample_status(
        self, channel_id: int, status: DownsampleStatus, *, expected: AnyOf[DownsampleStatus] | None = None
    ) -> bool:
        """Change the status if it is one of ``expected`` (None: whatever it is); whether it was.

        Asked after every write of voxels, so it takes no lock when there is nothing to change.
        """
        row = ChannelRow.id == channel_id
        if expected is not None:
            with self._database.read() as connection:
                if connection.scalar(_STATUS, {"channel_id": channel_id}) not in expected:
                    return False
            row &= ChannelRow.downsample_status.in_([str(each) for each in expected])
        with self._database.write() as connection:
            return connection.execute(update(ChannelRow).where(row).values(downsample_status=str(status))).rowcount == 1

    def reserve_ids(self, channel_id: int, count: int) -> int:
        """The first of ``count`` consecutive labels that nobody else is given; they start at 1.

        Raises:
            NotFound: no such channel.
            InvalidNumber: negative, or more than there are.
        """
        if count < 0:
            raise InvalidNumber(f"{count} ids cannot be reserved")
        row = ChannelRow.id == channel_id
        with self._database.write() as connection:
            first = connection.scalar(select(ChannelRow.next_id).where(row))
            if first is None:
                raise NotFound(f"channel with id {channel_id}")
            if count > MAX_ID - first:
                raise InvalidNumber(f"{count} ids cannot be reserved: the next is {first}")
            connection.execute(update(ChannelRow).where(row).values(next_id=first + count))
        return first


_STATUS = select(ChannelRow.downsample_status).where(ChannelRow.id == bindparam("channel_id"))
_WITHIN: dict[Kind, InstrumentedAttribute[int]] = {
    Kind.CHANNEL: ChannelRow.id,
    Kind.EXPERIMENT: ExperimentRow.id,
    Kind.COLLECTION: CollectionRow.id,
    Kind.FRAME: FrameRow.id,
}


def _columns(fields: ChannelFields) -> dict[str, object]:
    return {key: value for key, value in fields.items() if key not in _NOT_COLUMNS}
