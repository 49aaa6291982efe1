"""Read all that is stored and compare it with what should be: every checksum, the catalog, the ledger of blocks.

Nothing is changed but the ledger, which takes note of blocks that were found good. It may run beside a server; what it
says is true whoever writes meanwhile (``volume.audit``).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic, sleep

from bosslet.catalog.records import Channel
from bosslet.datastore import Datastore
from bosslet.errors import NotFound, UnreadableBlock
from bosslet.geometry import Box
from bosslet.volume import audit
from bosslet.volume.ledger import Block


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and where."""

    channel: str
    """``collection/experiment/channel``; for files that no channel claims, their path."""
    what: str
    resolution: int | None = None
    iso: bool = False
    time: int | None = None
    box: Box | None = None

    def __str__(self) -> str:
        level = "" if self.resolution is None else f", resolution {self.resolution}{' (iso)' if self.iso else ''}"
        time = "" if self.time is None else f", time {self.time}"
        box = "" if self.box is None else f", z,y,x {self.box}"
        return f"{self.channel}{level}{time}{box}: {self.what}"


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found, and how much was looked at."""

    findings: tuple[Finding, ...]
    channels: int
    blocks: int
    nbytes: int
    """Of voxels that were read."""
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


@dataclass(frozen=True, slots=True)
class Depth:
    """How thoroughly, and how gently to others."""

    sample: float = 1.0
    """The part of all blocks to read, chosen at random anew each time; that they are there is checked of all."""
    bytes_per_second: float | None = None


Progress = Callable[[int, int], None]
"""Called with how many blocks are done, and how many there are in the channels looked at so far."""


def verify(
    datastore: Datastore,
    names: tuple[str, ...] = (),
    depth: Depth | None = None,
    progress: Progress = lambda done, total: None,
) -> Report:
    """Look at everything, or at what is in a collection, an experiment or a channel.

    Raises:
        NotFound: there is nothing of these names.
    """
    started = monotonic()
    run = _Run(datastore, depth or Depth(), progress)
    if datastore.store.ledger is not None:
        datastore.store.ledger.open()
    paths = [] if names else audit.images_in(datastore.uploads)
    every = datastore.catalog.resources.all_channels()  # after the files: a channel is in the catalog before it has any
    channels = [channel for channel in every if tuple(str(channel).split("/"))[: len(names)] == names]
    if names and not channels:
        raise NotFound("/".join(names))
    findings = [Finding(path, "no channel in the catalog") for path in set(paths) - {c.path for c in every}]
    for channel in channels:
        findings.extend(run.channel(channel))
    if datastore.store.ledger is not None:
        datastore.store.ledger.seal()
    return Report(tuple(findings), len(channels), run.done, run.nbytes, monotonic() - started)


class _Run:
    def __init__(self, datastore: Datastore, depth: Depth, progress: Progress) -> None:
        self.datastore = datastore
        self.depth = depth
        self.progress = progress
        self.started = monotonic()
        self.done = self.total = self.nbytes = 0

    def channel(self, channel: Channel) -> Iterator[Finding]:
        image, name = self.datastore.image(channel), str(channel)
        try:
            yield from (Finding(name, what) for what in audit.complaints_of_image(image))
        except UnreadableBlock as error:
            yield Finding(name, str(error))
        for level in audit.levels_of(image):
            try:
                blocks = audit.blocks_of(level.volume)
            except UnreadableBlock as error:
                yield Finding(name, str(error), level.resolution, level.iso)
                continue
            self.total += len(blocks)
            for block in blocks:
                if what := self._block(level, block):
                    yield Finding(name, what, level.resolution, level.iso, block[0], level.box(block))
                self.done += 1
                self.progress(self.done, self.total)

    def _block(self, level: audit.Level, block: Block) -> str | None:
        if self.depth.sample < 1 and random.random() >= self.depth.sample:
            return audit.absence(level.volume, block)
        what = audit.complaint(level.volume, block)
        if what is None:
            audit.take_note(level.volume, block)
        self.nbytes += level.box(block).size * level.volume.dtype.itemsize
        self._wait()
        return what

    def _wait(self) -> None:
        if self.depth.bytes_per_second:
            sleep(max(0.0, self.started + self.nbytes / self.depth.bytes_per_second - monotonic()))
