"""Remove for good what DELETE marked: voxels, what was computed from them, and the rows of the catalog.

A channel's files are out of sight before its row goes, and its row before they are removed: killed at any point, the
next purge goes on from there, and at no point does the catalog lack a channel that still has its files in their place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bosslet.catalog.purging import Marked
from bosslet.catalog.records import Channel
from bosslet.datastore import Datastore
from bosslet.jobs.disk_use import files_in
from bosslet.jobs.locks import lock_file
from bosslet.jobs.maintenance import maintenance, undisturbed
from bosslet.jobs.unfinished_moves import UnfinishedMove
from bosslet.volume import labels


@dataclass(frozen=True, slots=True)
class Purged:
    """What went, or would go."""

    channels: tuple[str, ...]
    others: tuple[Marked, ...]
    files: int
    nbytes: int


def purgeable(datastore: Datastore) -> Purged:
    """The channels that a purge would remove now, and what they take on the disk; nothing is changed."""
    channels = datastore.catalog.resources.marked_channels()
    sizes = [files_in(datastore.uploads / channel.path) for channel in channels]
    return Purged(tuple(map(str, channels)), (), sum(size.files for size in sizes), sum(size.nbytes for size in sizes))


def purge(datastore: Datastore, progress: Callable[[int, int], None] = lambda done, total: None) -> Purged:
    """Remove everything that is marked.

    Raises:
        ConfigurationError: other maintenance is under way.
        InvalidState: a channel is being downsampled, and that does not stop.
    """
    with maintenance(datastore):
        expected = purgeable(datastore)
        channels = datastore.catalog.resources.marked_channels()
        for done, channel in enumerate(channels):
            progress(done, len(channels))
            _purge(datastore, channel)
        others = datastore.catalog.resources.forget_unused()
        empty_trash(datastore)
        progress(len(channels), len(channels))
    return Purged(tuple(map(str, channels)), tuple(others), expected.files, expected.nbytes)


def put_away(datastore: Datastore, path: str) -> None:
    """Take an image out of everybody's sight, with all that is known of it; ``empty_trash`` then removes it."""
    store = datastore.store
    if store.retirement is not None:
        with store.locks.hold_all():
            store.retirement.retire(path)
    if store.ledger is not None:
        store.ledger.forget(path)
    labels.forget(store, path)


def empty_trash(datastore: Datastore) -> None:
    """Remove what was put away, now or by a process that was killed then."""
    if datastore.store.retirement is not None:
        datastore.store.retirement.empty_trash()


def _purge(datastore: Datastore, channel: Channel) -> None:
    with undisturbed(datastore, channel, cancel=True):
        UnfinishedMove(datastore, channel).discard()
        put_away(datastore, channel.path)
        datastore.catalog.resources.forget_channel(channel)
    lock_file(datastore.uploads, f"channel-{channel.id}").unlink(missing_ok=True)
