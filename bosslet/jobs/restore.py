"""Bring back from a backup: a whole store into a folder that is absent or empty, or channels into one that is in use.

A whole store comes with everything: users, tokens, permissions, keys and values. A channel comes with what its files
say of it (as after ``bosslet repair``), and belongs to the administrators.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from bosslet.catalog.catalog import Catalog
from bosslet.catalog.records import Channel
from bosslet.datastore import CATALOG_FILE, Datastore
from bosslet.errors import ConfigurationError, NameTaken, NotFound, StorageFull
from bosslet.jobs.backup import opened
from bosslet.jobs.clone import clone
from bosslet.jobs.copy import Target, copy_channel
from bosslet.jobs.generations import generation_in
from bosslet.volume.copying import Tally
from bosslet.volume.folders import sync_folder

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back."""

    source: str
    channels: tuple[str, ...]
    blocks: int
    findings: tuple[str, ...] = ()
    """What is wrong with the backup."""


def restore_all(backup: Path, uploads: Path, progress: Progress = lambda done, total: None) -> Restored:
    """Make an uploads folder, which must be absent or empty; it is there when it is complete.

    Interrupted, what was copied is kept beside it for the next time.

    Raises:
        ConfigurationError: no backup, or a folder in which there is something.
        StorageError: no room.
    """
    generation, uploads = generation_in(backup), uploads.absolute()
    if uploads.exists() and (not uploads.is_dir() or any(uploads.iterdir())):
        raise ConfigurationError(f"{uploads}: is not empty; name what is to be restored into it")
    with source_of(generation) as source, _building(uploads) as (building, earlier), opened(earlier) as previous:
        made = clone(source, building, previous, progress)
    names = tuple(map(str, made.channels))
    return Restored(str(generation), names, made.tally.blocks, tuple(made.findings))


def restore_some(
    backup: Path, names: tuple[str, ...], datastore: Datastore, progress: Progress = lambda done, total: None
) -> Restored:
    """Make the channels anew that the backup has in a collection, an experiment, or of one name; a server may run.

    Raises:
        NotFound: the backup has no such.
        NameTaken: the store has one of them; nothing was changed.
        InvalidField, StorageError: those before it are restored, of it nothing is left.
    """
    generation = generation_in(backup)
    with source_of(generation) as source:
        channels = [channel for channel in _channels_in(source, names) if channel.marked_ancestor is None]
        if not channels:
            raise NotFound(f"{'/'.join(names)} in {generation}")
        _refuse_taken(datastore, channels)
        tallies = [_restore(source, channel, datastore, progress) for channel in channels]
        for channel in channels:
            said = source.catalog.resources.description(channel.id)
            datastore.catalog.resources.restore_links(_found(datastore, channel).path, said)
        for channel in channels:
            datastore.describe(_found(datastore, channel))
    return Restored(str(generation), tuple(map(str, channels)), sum(tally.blocks for tally in tallies))


@contextmanager
def source_of(generation: Path) -> Iterator[Datastore]:
    """The store of a backup, whose catalog may be of an earlier bosslet: a copy of it is brought up to date."""
    with tempfile.TemporaryDirectory(prefix="bosslet-") as folder:
        file = Path(folder) / CATALOG_FILE
        with closing(Datastore.open(generation)) as untouched:
            untouched.catalog.copy_to(file)
        catalog = Catalog.open(f"sqlite:///{file}")
        catalog.prepare()
        shapes = {"block_shape": (256, 256, 256), "chunk_shape": (32, 64, 64)}
        with closing(Datastore(generation, catalog, cache_bytes=0, **shapes)) as source:
            yield source


@contextmanager
def _building(uploads: Path) -> Iterator[tuple[Path, list[Path]]]:
    """A folder that becomes the uploads folder at the end, and those of earlier attempts."""
    prefix = f".{uploads.name}.restoring-"
    try:
        uploads.parent.mkdir(parents=True, exist_ok=True)
        earlier = sorted(uploads.parent.glob(f"{prefix}*"))
        building = uploads.parent / f"{prefix}{uuid4().hex}"
        building.mkdir(mode=0o700)
        yield building, earlier
        building.rename(uploads)
        sync_folder(uploads.parent)
        for each in earlier:
            shutil.rmtree(each)
    except OSError as error:
        raise StorageFull(f"{uploads}: cannot be written: {error}") from error


def _channels_in(datastore: Datastore, names: tuple[str, ...]) -> list[Channel]:
    every = datastore.catalog.resources.all_channels()
    return [channel for channel in every if tuple(str(channel).split("/"))[: len(names)] == names]


def _refuse_taken(datastore: Datastore, channels: list[Channel]) -> None:
    there = set(map(str, datastore.catalog.resources.all_channels()))
    if taken := [str(channel) for channel in channels if str(channel) in there]:
        raise NameTaken(f"{', '.join(taken)}: rename it, or remove it with bosslet rm and bosslet purge, before")


def _restore(source: Datastore, channel: Channel, datastore: Datastore, progress: Progress) -> Tally:
    collection, experiment, name = str(channel).split("/")
    return copy_channel(source, channel, Target(datastore, (collection, experiment, name), link=False), progress)


def _found(datastore: Datastore, channel: Channel) -> Channel:
    collection, experiment, name = str(channel).split("/")
    return datastore.catalog.resources.channel(collection, experiment, name)
