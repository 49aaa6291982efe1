"""Write a box of a channel in somebody else's format, in parallel and in bounded memory.

Each process reads a piece of the box and hands it to the target. Formats of whole planes get whole planes, as many as a
process may hold; those of chunks get whole chunks. A target that only one process can write gets its pieces in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from bosslet.catalog.records import Channel
from bosslet.datastore import Datastore
from bosslet.errors import InvalidBox, InvalidResolution, InvalidTime, MarkedForDeletion
from bosslet.geometry import Box, Point
from bosslet.jobs.pieces import Piece, largest, pieces
from bosslet.jobs.processes import Advance, run
from bosslet.jobs.sinks import opened_datastore
from bosslet.spacing import Spacing
from bosslet.targets.target import Subject, Target
from bosslet.volume.image import LEVELS

PIECE_BYTES = 2**28
"""What a process takes at a time, if it may hold as much."""
PROCESS_BYTES = 3 * 2**26
"""What a process needs before it has any voxels."""
READ_BYTES = 2**27
"""What reading a piece takes besides the piece: a few blocks, decompressed."""


@dataclass(frozen=True, slots=True)
class Cutout:
    """A part of a channel."""

    uploads: Path
    catalog_url: str
    channel: Channel
    resolution: int
    times: range
    box: Box

    def subject(self) -> Subject:
        """What a target needs to know of it."""
        frame, pyramid = self.channel.experiment.frame, self.channel.experiment.pyramid
        z, y, x = self.box.shape
        return Subject(
            name=str(self.channel),
            shape=(len(self.times), z, y, x),
            dtype=_dtype(self.channel),
            spacing=Spacing.of(pyramid.voxel_size(self.resolution), frame.voxel_unit),
            origin=self.box.start,
            labels=self.channel.annotation,
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """How it will be done."""

    cutout: Cutout
    target: Target
    pieces: tuple[Piece, ...]
    """Counted from the first voxel of the cutout."""
    processes: int

    @property
    def nbytes(self) -> int:
        """Of all voxels."""
        return len(self.cutout.times) * self.cutout.box.size * _dtype(self.cutout.channel).itemsize

    @property
    def memory_bytes(self) -> int:
        """What all processes together need at most, about."""
        piece = largest(list(self.pieces)) * _dtype(self.cutout.channel).itemsize
        return self.processes * (PROCESS_BYTES + READ_BYTES + 2 * piece)


@dataclass(frozen=True, slots=True)
class Summary:
    """What was done."""

    nbytes: int
    seconds: float
    peak_bytes: int
    """The most memory that all processes together had in use."""


def cutout(
    datastore: Datastore, names: tuple[str, str, str], resolution: int, times: range | None, box: Box | None
) -> Cutout:
    """A part of a channel, by default all of it.

    Raises:
        NotFound, MarkedForDeletion
        InvalidResolution, InvalidTime, InvalidBox: there is no such part.
    """
    channel = datastore.catalog.resources.channel(*names)
    if channel.marked_ancestor is not None:
        raise MarkedForDeletion(str(channel))
    pyramid, samples = channel.experiment.pyramid, channel.experiment.num_time_samples
    if resolution not in LEVELS or not datastore.image(channel).level(resolution).exists:
        raise InvalidResolution(f"{channel} has no resolution {resolution}")
    frame = channel.experiment.frame
    whole = Box(frame.start, frame.stop).halved(pyramid.scale(resolution))
    box = whole if box is None else box
    times = range(samples) if times is None else times
    if box not in whole or not box.size:
        raise InvalidBox(f"z,y,x {box} is not within {channel} at resolution {resolution}, {whole}")
    if not 0 <= times.start < times.stop <= samples:
        raise InvalidTime(f"{times.start}:{times.stop}: {channel} has {samples} time samples")
    return Cutout(datastore.uploads, datastore.catalog.url, channel, resolution, times, box)


def plan(part: Cutout, target: Target, processes: int, memory_bytes: int) -> Plan:
    """How to write a part with at most so many processes and, if it can be done at all, so much memory."""
    processes = processes if target.parallel else 1
    most = max(0, memory_bytes // processes - PROCESS_BYTES - READ_BYTES) // 2
    most = min(most, PIECE_BYTES) // _dtype(part.channel).itemsize
    grain = _grain(part, target, most)
    found = pieces(len(part.times), Box.of(part.box.shape), grain, most)
    return Plan(part, target, tuple(found), min(processes, len(found)))


def export(plan: Plan, advance: Advance) -> Summary:
    """Do what is planned; whatever goes wrong, the target is as it was.

    Raises:
        UnusableFile, StorageError
    """
    started = monotonic()
    finished = False
    peaks: dict[int, int] = {}
    try:
        plan.target.begin()
        for done in run(_Give(plan.cutout, plan.target), list(plan.pieces), plan.processes, advance):
            peaks[done.process] = done.peak_bytes
        plan.target.finish()
        finished = True
    finally:
        if not finished:
            plan.target.discard()
    return Summary(plan.nbytes, monotonic() - started, sum(peaks.values()))


@dataclass(frozen=True, slots=True)
class _Give:
    """What a process does: read a piece, write it."""

    cutout: Cutout
    target: Target

    def __call__(self, piece: Piece, advance: Advance) -> None:
        volume = opened_datastore(self.cutout.uploads, self.cutout.catalog_url).image(self.cutout.channel)
        level = volume.level(self.cutout.resolution)
        time = self.cutout.times[piece.time]
        voxels = level.read(range(time, time + 1), _moved(piece.box, self.cutout.box.start))[0]
        self.target.write(piece.time, piece.box, voxels)
        advance(voxels.nbytes)

    def close(self) -> None:
        opened_datastore(self.cutout.uploads, self.cutout.catalog_url).close()


def _moved(box: Box, by: Point) -> Box:
    z, y, x = (-side for side in by)
    return box.relative_to((z, y, x))


def _grain(part: Cutout, target: Target, most: int) -> Point:
    """In what steps the box is cut: whole grains of the target, and if it can be, whole chunks of the channel."""
    grain = target.grain
    if grain[1:] != part.box.shape[1:] and target.parallel and grain != (1, 1, 1):
        return grain
    plane = part.box.shape[1] * part.box.shape[2]
    depth = max(grain[0], min(part.channel.block_shape[0], most // plane))
    chunk = max(grain[0], part.channel.chunk_shape[0])
    return (depth // chunk * chunk if depth >= chunk else depth), *part.box.shape[1:]


def _dtype(channel: Channel) -> np.dtype[Any]:
    return np.dtype(channel.datatype)
