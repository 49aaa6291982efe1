"""Reading resources: from names to records, and to the sentence that says which name is unknown.

``find_channel`` is on the way of every cutout. It asks for plain columns instead of mapped objects, which take four
times as long.

A lookup finds what is marked for deletion too: records carry the mark, and what it means is the caller's matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Connection, FromClause, Select, bindparam, select

from bosslet.catalog.records import Channel, Collection, DownsampleStatus, Experiment, Frame
from bosslet.catalog.schema import Base, ChannelRow, CollectionRow, ExperimentRow, FrameRow, LinkRow
from bosslet.errors import NotFound

RowT = TypeVar("RowT", bound=Base)


def find_frame(connection: Connection, name: str) -> Frame:
    """Raises NotFound."""
    row = connection.execute(_FRAME, {"frame": name}).first()
    if row is None:
        raise NotFound(f"coordinate frame {name}")
    return _frame(iter(row))


def find_collection(connection: Connection, name: str) -> Collection:
    """Raises NotFound."""
    row = connection.execute(_COLLECTION, {"collection": name}).first()
    if row is None:
        raise NotFound(f"collection {name}")
    return _collection(iter(row))


def find_experiment(connection: Connection, collection: str, name: str) -> Experiment:
    """Raises NotFound, naming the outermost level that is missing."""
    row = connection.execute(_EXPERIMENT, {"collection": collection, "experiment": name}).first()
    if row is None:
        find_collection(connection, collection)
        raise NotFound(f"experiment {collection}/{name}")
    return _experiment(iter(row))


def find_channel(connection: Connection, collection: str, experiment: str, name: str) -> Channel:
    """Raises NotFound, naming the outermost level that is missing."""
    names = {"collection": collection, "experiment": experiment, "channel": name}
    row = connection.execute(_CHANNEL, names).first()
    if row is None:
        find_experiment(connection, collection, experiment)
        raise NotFound(f"channel {collection}/{experiment}/{name}")
    return _linked(connection, row)


def experiment_of(connection: Connection, experiment_id: int) -> Experiment:
    """What an experiment is now, under whatever name; raises NotFound."""
    row = connection.execute(_EXPERIMENTS.where(ExperimentRow.id == experiment_id)).first()
    if row is None:
        raise NotFound(f"experiment with id {experiment_id}")
    return _experiment(iter(row))


def channel_of(connection: Connection, channel_id: int) -> Channel:
    """What a channel is now, under whatever name; raises NotFound."""
    for channel in channels_where(connection, ChannelRow.id == channel_id):
        return channel
    raise NotFound(f"channel with id {channel_id}")


def channels_where(connection: Connection, condition: ColumnElement[bool]) -> list[Channel]:
    """All channels that meet a condition on them or what is above them, in order of creation."""
    rows = connection.execute(_CHANNELS.where(condition).order_by(ChannelRow.id)).all()
    return [_linked(connection, row) for row in rows]


def _select(*rows: type[Base]) -> Select[Any]:
    return select(*(row.__table__ for row in rows))


def _joined(innermost: FromClause) -> FromClause:
    return innermost.join(CollectionRow, CollectionRow.id == ExperimentRow.collection_id).join(
        FrameRow, FrameRow.id == ExperimentRow.frame_id
    )


_FRAME = _select(FrameRow).where(FrameRow.name == bindparam("frame"))
_COLLECTION = _select(CollectionRow).where(CollectionRow.name == bindparam("collection"))
_EXPERIMENTS = _select(ExperimentRow, CollectionRow, FrameRow).select_from(_joined(ExperimentRow.__table__))
_CHANNELS = _select(ChannelRow, ExperimentRow, CollectionRow, FrameRow).select_from(
    _joined(ChannelRow.__table__.join(ExperimentRow, ExperimentRow.id == ChannelRow.experiment_id))
)
_IN_COLLECTION = CollectionRow.name == bindparam("collection"), ExperimentRow.name == bindparam("experiment")
_EXPERIMENT = _EXPERIMENTS.where(*_IN_COLLECTION)
_CHANNEL = _CHANNELS.where(*_IN_COLLECTION, ChannelRow.name == bindparam("channel"))
_LINKS = (
    select(ChannelRow.name, LinkRow.related)
    .join(LinkRow, LinkRow.other_id == ChannelRow.id)
    .where(LinkRow.channel_id == bindparam("channel_id"), ChannelRow.marked.is_(False))
    .order_by(ChannelRow.id)
)
_COLUMNS: dict[type[Base], list[str]] = {
    row: row.__table__.columns.keys() for row in (FrameRow, CollectionRow, ExperimentRow, ChannelRow)
}


def _next(row: type[RowT], values: Iterator[Any]) -> RowT:
    """The columns of one table, taken from the front of ``values``: not a mapped object, but with its attributes."""
    return cast(RowT, SimpleNamespace(**dict(zip(_COLUMNS[row], values, strict=False))))


def _frame(values: Iterator[Any]) -> Frame:
    row = _next(FrameRow, values)
    return Frame(
        id=row.id,
        name=row.name,
        description=row.description,
        start=(row.z_start, row.y_start, row.x_start),
        stop=(row.z_stop, row.y_stop, row.x_stop),
        voxel_size=(row.z_voxel_size, row.y_voxel_size, row.x_voxel_size),
        voxel_unit=row.voxel_unit,
        marked=row.marked,
        creator=row.creator,
    )


def _collection(values: Iterator[Any]) -> Collection:
    row = _next(CollectionRow, values)
    return Collection(
        id=row.id,
        name=row.name,
        description=row.description,
        public=row.public,
        creator=row.creator,
        marked=row.marked,
    )


def _experiment(values: Iterator[Any]) -> Experiment:
    row = _next(ExperimentRow, values)
    return Experiment(
        id=row.id,
        name=row.name,
        description=row.description,
        public=row.public,
        creator=row.creator,
        marked=row.marked,
        collection=_collection(values),
        frame=_frame(values),
        num_hierarchy_levels=row.num_hierarchy_levels,
        hierarchy_method=row.hierarchy_method,
        num_time_samples=row.num_time_samples,
        time_step=row.time_step,
        time_step_unit=row.time_step_unit,
    )


def _linked(connection: Connection, values: Iterable[Any]) -> Channel:
    rest = iter(values)
    row = _next(ChannelRow, rest)
    links = connection.execute(_LINKS, {"channel_id": row.id}).all()
    sources = tuple(name for name, related in links if not related)
    return _channel(row, _experiment(rest), sources, tuple(name for name, related in links if related))


def _channel(row: ChannelRow, experiment: Experiment, sources: tuple[str, ...], related: tuple[str, ...]) -> Channel:
    return Channel(
        id=row.id,
        name=row.name,
        description=row.description,
        public=row.public,
        creator=row.creator,
        marked=row.marked,
        experiment=experiment,
        type=row.type,
        datatype=row.datatype,
        default_time_sample=row.default_time_sample,
        base_resolution=row.base_resolution,
        downsample_status=DownsampleStatus(row.downsample_status),
        storage_type=row.storage_type,
        bucket=row.bucket,
        cv_path=row.cv_path,
        path=row.path,
        block_shape=(row.block_z, row.block_y, row.block_x),
        chunk_shape=(row.chunk_z, row.chunk_y, row.chunk_x),
        sources=sources,
        related=related,
    )
