"""A whole store in a second folder, while others write the first: how a backup is made, and how it comes back.

The catalog is taken first and says which channels there are; each block is taken as it is at one moment after that. So
all that was acknowledged before is in it. What somebody is writing meanwhile may be, block by block, as after a crash.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bosslet.catalog.records import Channel, DownsampleStatus
from bosslet.datastore import CATALOG_FILE, Datastore
from bosslet.errors import NotFound, UnreadableBlock
from bosslet.volume import audit
from bosslet.volume.copying import Copying, Tally
from bosslet.volume.ledger import Block
from bosslet.volume.volume import Volume

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Clone:
    """What was copied, and what is wrong with the source."""

    tally: Tally = field(default_factory=Tally)
    channels: list[Channel] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)


def clone(source: Datastore, folder: Path, previous: Sequence[Datastore], progress: Progress) -> Clone:
    """Make a store in a folder that is there and empty; blocks that a previous clone of ``source`` has are links.

    A block that is damaged or gone is told, and missed in the clone as well.

    Raises:
        StorageError: the clone cannot be written.
    """
    source.catalog.copy_to(folder / CATALOG_FILE)
    with closing(Datastore.open(folder)) as target:
        target.prepare()
        work = _Work(source, target, list(previous), progress)
        return work.run()


class _Work:
    def __init__(self, source: Datastore, target: Datastore, previous: list[Datastore], progress: Progress) -> None:
        self.source, self.target, self.previous, self.progress = source, target, previous, progress
        self.clone = Clone()
        self.total = 0

    def run(self) -> Clone:
        self.clone.channels = self.target.catalog.resources.all_channels()
        levels = {channel.path: self._levels(channel) for channel in self.clone.channels}
        for channel in self.clone.channels:
            for level in levels[channel.path]:
                self._copy(channel, level)
            self._catch_up(channel)
            self._describe(channel)
        return self.clone

    def _levels(self, channel: Channel) -> list[audit.Level]:
        """Those that have an array; their blocks are counted."""
        found = []
        for level in audit.levels_of(self.source.image(channel)):
            try:
                if level.volume.exists:
                    self.total += len(audit.blocks_of(level.volume))
                    found.append(level)
            except UnreadableBlock as error:
                self._find(channel, level, str(error))
        return found

    def _copy(self, channel: Channel, level: audit.Level) -> None:
        source = level.volume
        target, *previous = (
            Volume(each.store, source.path, source.layout, source.shape) for each in (self.target, *self.previous)
        )
        copying = Copying(source, target, self.clone.tally, link=False, previous=previous, read_back=True)

        def damage(block: Block, error: UnreadableBlock) -> None:
            self._find(channel, level, f"time {block[0]}, z,y,x {level.box(block)}: {error}")

        try:
            copying.run(damage, lambda count: self.progress(self.clone.tally.blocks, self.total))
        except UnreadableBlock as error:
            self._find(channel, level, str(error))

    def _find(self, channel: Channel, level: audit.Level, what: str) -> None:
        name = f"{level.resolution}{' (iso)' if level.iso else ''}"
        self.clone.findings.append(f"{channel}, resolution {name}: {what}")

    def _catch_up(self, channel: Channel) -> None:
        """What the catalog says may by now be behind the blocks: labels were reserved and used, levels outdated."""
        old, new = self.source.catalog.resources, self.target.catalog.resources
        with suppress(NotFound):
            behind = old.reserve_ids(channel.id, 0) - new.reserve_ids(channel.id, 0)
            new.reserve_ids(channel.id, max(0, behind))
            if old.channel_by_id(channel.id).downsample_status is not DownsampleStatus.DOWNSAMPLED:
                before = [DownsampleStatus.DOWNSAMPLED]
                new.set_downsample_status(channel.id, DownsampleStatus.NOT_DOWNSAMPLED, expected=before)

    def _describe(self, channel: Channel) -> None:
        for name in ("zarr.json", "iso/zarr.json"):
            content = self.source.store.document(f"{channel.path}/{name}")
            if content is not None:
                self.target.store.write_document(f"{channel.path}/{name}", content)
        if not self.target.is_described(channel):
            self.target.image(channel).describe()
