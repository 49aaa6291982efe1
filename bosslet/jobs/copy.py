"""Copy a channel, with all its levels, within a store or to another: by hard links where the file system has them.

The copy is one moment of each block; it becomes a channel when all is there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bosslet.catalog.description import Description
from bosslet.catalog.names import valid_name
from bosslet.catalog.records import Channel, DownsampleStatus
from bosslet.datastore import Datastore
from bosslet.errors import InvalidTime, MarkedForDeletion, NameTaken, NotFound, UnreadableBlock
from bosslet.jobs.making import making
from bosslet.volume import audit
from bosslet.volume.copying import Copying, Tally
from bosslet.volume.image import Image, unfinished
from bosslet.volume.ledger import Block

Names = tuple[str, str, str]
Progress = Callable[[int, int], None]
"""Called with how many blocks are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to, and how."""

    datastore: Datastore
    names: Names
    link: bool = True
    """Whether blocks may be the same files."""


def copy_channel(datastore: Datastore, channel: Channel, target: Target, progress: Progress) -> Tally:
    """Make a channel that holds what this one does; its collection, experiment and frame are made when absent.

    Raises:
        MarkedForDeletion, InvalidName
        NameTaken: there is such a channel.
        InvalidField, InvalidTime: the experiment, or the frame, that is there is another one.
        StorageError: a block is damaged or gone, or cannot be written. In all cases nothing is left of the copy.
    """
    if channel.marked_ancestor is not None:
        raise MarkedForDeletion(str(channel))
    _refuse_taken(target)
    _refuse_fewer_samples(channel, target)
    said = described(datastore.catalog.resources.description(channel.id), target.names)
    image, tally = datastore.image(channel), Tally()
    with making(target.datastore, "/".join(target.names[:2]), target.names[2]) as path:
        before = _state(image)
        copy_image(image, target.datastore, path, tally, link=target.link, progress=progress)
        with unfinished(target.datastore.store, path):
            copied = target.datastore.catalog.resources.restore_channel(path, said)
            target.datastore.image(copied).describe()
    if channel.downsample_status is DownsampleStatus.DOWNSAMPLED and _state(image) == before:
        target.datastore.catalog.resources.set_downsample_status(copied.id, DownsampleStatus.DOWNSAMPLED)
    return tally


def copy_image(image: Image, datastore: Datastore, path: str, tally: Tally, *, link: bool, progress: Progress) -> None:
    """All arrays of an image, at a path of another store that nobody uses."""
    copy = Image(datastore.store, path, image.layout, image.pyramid, image.axes, image.time_samples, image.labels)
    pairs = [
        (level.volume, copy.level(level.resolution, iso=level.iso))
        for level in audit.levels_of(image)
        if level.volume.exists
    ]
    total = sum(len(audit.blocks_of(source)) for source, _ in pairs)
    for source, target in pairs:
        copying = Copying(source, target, tally, link=link)
        copying.run(_refuse_damage(source.path), lambda count: progress(tally.blocks, total))


def described(said: Description, names: Names) -> Description:
    """The same under other names, neither marked nor linked with others."""
    collection, experiment, channel = names
    return said.model_copy(
        update={
            "collection": said.collection.model_copy(update={"name": collection, "marked": False}),
            "experiment": said.experiment.model_copy(update={"name": experiment, "marked": False}),
            "coordinate_frame": said.coordinate_frame.model_copy(update={"marked": False}),
            "channel": said.channel.model_copy(update={"name": channel, "marked": False, "sources": (), "related": ()}),
        }
    )


def _refuse_taken(target: Target) -> None:
    for name in target.names:
        valid_name(name)
    try:
        found = target.datastore.catalog.resources.channel(*target.names)
    except NotFound:
        return
    raise NameTaken(f"channel {found}")


def _refuse_fewer_samples(channel: Channel, target: Target) -> None:
    wanted = channel.experiment.num_time_samples
    try:
        found = target.datastore.catalog.resources.experiment(*target.names[:2]).num_time_samples
    except NotFound:
        return
    if found < wanted:
        raise InvalidTime(f"{'/'.join(target.names[:2])} has {found} time samples, and {channel} has {wanted}")


def _refuse_damage(path: str) -> Callable[[Block, UnreadableBlock], None]:
    def refuse(block: Block, error: UnreadableBlock) -> None:
        raise UnreadableBlock(f"{path}, block {'/'.join(map(str, block))}: {error}") from error

    return refuse


def _state(image: Image) -> object:
    """What is another one after any write."""
    ledger = image.store.ledger
    levels = [level.volume.path for level in audit.levels_of(image)] if ledger else []
    return [
        {block: (entry.stored, entry.generation) for block, entry in ledger.entries(path).items()}
        for path in levels
        if ledger
    ]
