"""Bring channels back into a catalog that lost them, from what their files say (``description``).

Nothing that the catalog knows is changed by it. The accounts may be gone as well: what comes back belongs to the
administrators, and to its creator if there is an account of that name by now.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from bosslet.catalog.database import Section
from bosslet.catalog.description import Description
from bosslet.catalog.links import replace_links
from bosslet.catalog.lookup import channels_where, find_collection, find_experiment, find_frame
from bosslet.catalog.records import Channel, DownsampleStatus, User
from bosslet.catalog.rows import RowT, insert_resource
from bosslet.catalog.schema import ChannelRow, CollectionRow, ExperimentRow, FrameRow
from bosslet.errors import InvalidField, NotFound

_COMMON = {"name", "id", "creator"}


class Restoration(Section):
    """The part of ``Resources`` about what was lost."""

    def restore_channel(self, path: str, description: Description) -> Channel:
        """A channel as its files say it is, with those of its collection, experiment and frame that are missing.

        Its sources and related channels are not linked yet, since they may be missing too.

        Raises:
            NameTaken: the experiment has another channel of this name.
            InvalidField: the experiment or the frame of this name is another one, of other sizes.
            InvalidName
        """
        said = description.channel
        values = said.model_dump(exclude=_COMMON | {"block_shape", "chunk_shape", "sources", "related"})
        with self._database.write() as connection:
            values |= {
                "experiment_id": _experiment_id(connection, description),
                "path": path,
                "downsample_status": str(_status(description)),
                **dict(zip(("block_z", "block_y", "block_x"), said.block_shape, strict=True)),
                **dict(zip(("chunk_z", "chunk_y", "chunk_x"), said.chunk_shape, strict=True)),
            }
            _insert(connection, ChannelRow, said.name, said.creator, values)
            return _at(connection, path)

    def restore_links(self, path: str, description: Description) -> None:
        """Link a channel with those of its neighbours that there are."""
        with self._database.write() as connection:
            channel = _at(connection, path)
            known = set(_names(connection, channel)) - {channel.name}
            sources = known.intersection(description.channel.sources)
            # Both sides are linked at once, but only one of them was described anew when that was changed.
            related = known.intersection((*description.channel.related, *channel.related)) - sources
            replace_links(connection, channel.id, sources=sources, related=related)


def _status(description: Description) -> DownsampleStatus:
    """A pyramid that lies elsewhere was made there; here nobody knows whether the levels show all of it."""
    elsewhere = description.channel.storage_type == "cloudvol"
    return DownsampleStatus.DOWNSAMPLED if elsewhere else DownsampleStatus.NOT_DOWNSAMPLED


def _experiment_id(connection: Connection, description: Description) -> int:
    said, frame = description.experiment, description.coordinate_frame
    collection_id, frame_id = _collection_id(connection, description), _frame_id(connection, description)
    try:
        found = find_experiment(connection, description.collection.name, said.name)
    except NotFound:
        values = said.model_dump(exclude=_COMMON) | {"collection_id": collection_id, "frame_id": frame_id}
        return _insert(connection, ExperimentRow, said.name, said.creator, values)
    if (found.frame.id, found.hierarchy_method) != (frame_id, said.hierarchy_method):
        raise InvalidField(f"the experiment {said.name} that is there has another frame than {frame.name}, or method")
    return found.id


def _collection_id(connection: Connection, description: Description) -> int:
    said = description.collection
    try:
        return find_collection(connection, said.name).id
    except NotFound:
        return _insert(connection, CollectionRow, said.name, said.creator, said.model_dump(exclude=_COMMON))


def _frame_id(connection: Connection, description: Description) -> int:
    said = description.coordinate_frame
    try:
        found = find_frame(connection, said.name)
    except NotFound:
        values = said.model_dump(include={"description", "marked", "voxel_unit"})
        for column, point in (("start", said.start), ("stop", said.stop), ("voxel_size", said.voxel_size)):
            values |= dict(zip((f"z_{column}", f"y_{column}", f"x_{column}"), point, strict=True))
        return _insert(connection, FrameRow, said.name, said.creator, values)
    if (found.start, found.stop, found.voxel_size) != (said.start, said.stop, said.voxel_size):
        raise InvalidField(f"the coordinate frame {said.name} that is there has other sizes")
    return found.id


def _insert(connection: Connection, row: type[RowT], name: str, creator: str, values: dict[str, object]) -> int:
    return insert_resource(connection, row, name, User(None, creator), values)


def _at(connection: Connection, path: str) -> Channel:
    (channel,) = channels_where(connection, ChannelRow.path == path)
    return channel


def _names(connection: Connection, channel: Channel) -> list[str]:
    inside = ChannelRow.experiment_id == channel.experiment.id
    return list(connection.scalars(select(ChannelRow.name).where(inside)))
