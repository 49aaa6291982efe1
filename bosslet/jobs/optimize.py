"""Put a channel into larger blocks, so that it is few large files, or into another codec, while it is in use.

The new image is made beside the old one, and takes its place in the catalog in one transaction, for a moment in which
nobody writes. Who was about to is told to look the channel up again (``volume.retirement``). Until then nothing of the
channel has changed; interrupted, the next run goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from bosslet.catalog.records import Channel
from bosslet.datastore import Datastore
from bosslet.errors import ConfigurationError, MarkedForDeletion
from bosslet.geometry import Point
from bosslet.jobs.disk_use import files_in
from bosslet.jobs.journal import Writer
from bosslet.jobs.maintenance import maintenance, undisturbed
from bosslet.jobs.purge import empty_trash, put_away
from bosslet.jobs.rewrite import UNSETTLED, Rewrite
from bosslet.jobs.unfinished_moves import UnfinishedMove
from bosslet.volume.audit import levels_of
from bosslet.volume.image import unfinished
from bosslet.volume.layout import Layout
from bosslet.volume.ledger import Block
from bosslet.volume.store import Store

PASSES = 4
"""After so many, what is still being written is made while everybody waits."""
FEW = 4
"""So few blocks are not worth another pass."""
MOST_BLOCK_BYTES = 2**30

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Optimized:
    """What a channel took before and now."""

    channel: str
    files_before: int
    files: int
    nbytes_before: int
    nbytes: int

    @property
    def won(self) -> int:
        """Bytes; negative where it takes more."""
        return self.nbytes_before - self.nbytes


def optimize(
    datastore: Datastore, channel: Channel, block: Point | None, codec: str | None, progress: Progress
) -> Optimized:
    """Write all levels anew, in blocks of this shape (None: as it is), compressed by this codec (None: lz4).

    Raises:
        MarkedForDeletion
        ConfigurationError: the blocks cannot be of that shape; or other maintenance is under way.
        InvalidState: the channel is being downsampled.
        StorageError: a block is damaged, or there is no room; the channel is as it was.
    """
    layout = _layout(channel, block, codec)
    before = files_in(datastore.uploads / channel.path)
    with maintenance(datastore), undisturbed(datastore, channel):
        moved = _Move(datastore, channel, layout, progress).run()
        empty_trash(datastore)
    after = files_in(datastore.uploads / moved.path)
    return Optimized(str(moved), before.files, after.files, before.nbytes, after.nbytes)


class _Move:
    def __init__(self, datastore: Datastore, channel: Channel, layout: Layout, progress: Progress) -> None:
        self.datastore, self.channel, self.layout, self.progress = datastore, channel, layout, progress
        self.source = datastore.image(channel)
        self.notes = UnfinishedMove(datastore, channel)
        self.done = self.total = 0

    def run(self) -> Channel:
        path = self.notes.path(self._wish())
        with ExitStack() as stack:
            rewrites = self._rewrites(path, self.datastore.store)
            journals = {level: stack.enter_context(self._noted(level, path, each)) for level, each in rewrites.items()}
            for number in range(PASSES):
                stale = {level: each.stale() for level, each in rewrites.items()}
                self.total = self.done + sum(map(len, stale.values()))
                if number and self.total - self.done <= FEW:
                    break
                for level, blocks in stale.items():
                    rewrites[level].run(blocks, self._made(journals[level]))
            moved = self._switch(path, rewrites)
        self.notes.discard()
        return moved

    def _switch(self, path: str, rewrites: dict[str, Rewrite]) -> Channel:
        store, retirement = self.datastore.store, self.datastore.store.retirement
        if retirement is None:
            raise ConfigurationError(f"{store.url}: only a folder can be optimized")
        with store.locks.hold_all(), closing(store.unlocked()) as free:
            for level, each in self._rewrites(path, free).items():
                known = rewrites[level].made_of if level in rewrites else {}
                rewrite = Rewrite(each.source, each.target, known)
                rewrite.run(rewrite.stale(), lambda block, digest: None)
                self._grow(rewrite, free)
            if store.ledger is not None:
                store.ledger.begin(path)  # killed from here on, the next start describes it
            retirement.announce(self.channel.path)
            try:
                moved = self.datastore.catalog.resources.relocate_channel(self.channel, path, self.layout.block)
            except BaseException:
                retirement.reinstate(self.channel.path)
                raise
        with unfinished(store, path):
            self.datastore.image(moved).describe()
        put_away(self.datastore, self.channel.path)
        return moved

    def _grow(self, rewrite: Rewrite, free: Store) -> None:
        """The new array is as large as the old one, also where nothing was written."""
        array = rewrite.source.store.array(rewrite.source.path, rewrite.source.layout, fresh=True)
        if array is not None:
            time, z, y, x = array.shape
            free.grow(rewrite.target.path, rewrite.target.layout, (time, z, y, x))

    def _rewrites(self, path: str, store: Store) -> dict[str, Rewrite]:
        """Of each level that exists, its array made at the new place."""
        image = replace(self.source, store=store, path=path, layout=self.layout)
        found = {}
        for level in levels_of(self.source):
            if level.volume.exists:
                target = image.level(level.resolution, iso=level.iso)
                store.create_array(target.path, target.layout, target.shape)
                found[f"{level.resolution}{'i' if level.iso else ''}"] = Rewrite(level.volume, target)
        return found

    @contextmanager
    def _noted(self, level: str, path: str, rewrite: Rewrite) -> Iterator[Writer]:
        """What is made of a level, known from an earlier run, and noted from now on."""
        journal, header = self.notes.journal(level), {"wish": self._wish(), "path": path, "level": level}
        rewrite.made_of.update(journal.finished(header))
        with journal.writing(header) as writer:
            yield writer

    def _made(self, writer: Writer) -> Callable[[Block, str], None]:
        def made(block: Block, digest: str) -> None:
            self.done += 1
            self.progress(self.done, self.total)
            if digest != UNSETTLED:
                writer.finish({block: digest})

        return made

    def _wish(self) -> str:
        return f"{self.channel.path} {self.layout.block} {self.layout.codec}"


def _layout(channel: Channel, block: Point | None, codec: str | None) -> Layout:
    if channel.marked_ancestor is not None:
        raise MarkedForDeletion(str(channel))
    shape = block or channel.block_shape
    try:
        layout = Layout(channel.datatype, shape, channel.chunk_shape, codec or "lz4")
    except ValueError as error:
        raise ConfigurationError(f"{channel}: {error}") from error
    if prod(shape) * np.dtype(channel.datatype).itemsize > MOST_BLOCK_BYTES:
        raise ConfigurationError(f"{channel}: a block {shape} has more than {MOST_BLOCK_BYTES} bytes")
    return layout
