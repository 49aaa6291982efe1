"""How large everything is, as it is stored and as it would be without compression, and how the disk is."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from bosslet.catalog.records import Channel
from bosslet.datastore import Datastore
from bosslet.errors import NotFound, UnreadableBlock
from bosslet.geometry import Box, Grid
from bosslet.jobs import notes
from bosslet.jobs.disk_use import DiskUse, files_in
from bosslet.volume.audit import Level, levels_of


@dataclass(frozen=True, slots=True)
class LevelStatus:
    """Of one array."""

    resolution: int
    iso: bool
    blocks: int
    voxels: int
    """In the blocks that there are; what was never written takes no room."""
    stored_bytes: int


@dataclass(frozen=True, slots=True)
class ChannelStatus:
    """Of one channel, all its levels together."""

    name: str
    path: str
    type: str
    datatype: str
    marked: bool
    downsample_status: str
    levels: tuple[LevelStatus, ...]
    blocks: int
    voxels: int
    raw_bytes: int
    """Of those voxels, uncompressed."""
    stored_bytes: int
    ratio: float | None
    """How often the stored bytes go into the raw ones."""
    last_verify: dict[str, object] | None
    last_backup: dict[str, object] | None
    unreadable: tuple[str, ...] = ()
    """What could not be looked at, and why."""


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """Of an uploads folder."""

    uploads: str
    channels: tuple[ChannelStatus, ...]
    files: int
    nbytes: int
    room_bytes: int
    free_bytes: int
    disk_bytes: int


def status(datastore: Datastore, names: tuple[str, ...] = ()) -> StoreStatus:
    """Of everything, or of what is in a collection, an experiment or a channel; no voxel is read.

    Raises:
        NotFound: there is nothing of these names.
    """
    every = datastore.catalog.resources.all_channels()
    channels = [channel for channel in every if tuple(str(channel).split("/"))[: len(names)] == names]
    if names and not channels:
        raise NotFound("/".join(names))
    known = notes.read(datastore)
    use, disk = files_in(datastore.uploads), shutil.disk_usage(datastore.uploads)
    return StoreStatus(
        str(datastore.uploads),
        tuple(_channel(datastore, channel, known.get(channel.path, {})) for channel in channels),
        use.files,
        use.nbytes,
        use.room,
        disk.free,
        disk.total,
    )


def _channel(datastore: Datastore, channel: Channel, done: dict[str, dict[str, object]]) -> ChannelStatus:
    image = datastore.image(channel)
    levels, unreadable = [], []
    for level in levels_of(image):
        try:
            if level.volume.exists:
                levels.append(_level(datastore.uploads, level))
        except UnreadableBlock as error:
            unreadable.append(str(error))
    voxels, stored = sum(level.voxels for level in levels), sum(level.stored_bytes for level in levels)
    raw = voxels * image.level(0).dtype.itemsize
    return ChannelStatus(
        name=str(channel),
        path=channel.path,
        type=channel.type,
        datatype=channel.datatype,
        marked=channel.marked_ancestor is not None,
        downsample_status=str(channel.downsample_status),
        levels=tuple(levels),
        blocks=sum(level.blocks for level in levels),
        voxels=voxels,
        raw_bytes=raw,
        stored_bytes=stored,
        ratio=round(raw / stored, 2) if stored else None,
        last_verify=done.get("verify"),
        last_backup=done.get("backup"),
        unreadable=tuple(unreadable),
    )


def _level(uploads: Path, level: Level) -> LevelStatus:
    volume = level.volume
    grid, extent = Grid(volume.layout.block), Box.of(volume.shape[1:])
    blocks = volume.listed_blocks()
    use: DiskUse = files_in(uploads / volume.path / "c")
    voxels = sum(grid.box_of(block[1:]).intersection(extent).size for block in blocks)
    return LevelStatus(level.resolution, level.iso, len(blocks), voxels, use.nbytes)
