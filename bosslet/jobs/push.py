"""Send a channel to another server of bossDB's API: from gigabytes on a bench to the cloud.

Voxels go in cutouts on bossDB's grid, so that each of its blocks is written once. bossDB's writes merge: a zero changes
nothing. So each cutout is read back, and where it is not what was sent, erased and sent again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bosslet.catalog.records import Channel
from bosslet.datastore import Datastore
from bosslet.errors import ConfigurationError, MarkedForDeletion, RemoteRefused
from bosslet.geometry import Box, Grid, Point
from bosslet.jobs.agreement import Addressed, make_there
from bosslet.jobs.transfer import Arrived, Piece, Transfer, depth_for, digest_of, pieces_of
from bosslet.volume.volume import Volume

PLANE = (512, 512)
STEP = 16
"""bossDB's grid: 512 × 512 × 16 voxels in x, y, z."""
PIECE_BYTES = 2**24


@dataclass(frozen=True, slots=True)
class Push:
    """A channel on its way to another server."""

    datastore: Datastore
    channel: Channel
    there: Addressed
    overwrite: bool = False

    @property
    def transfer(self) -> Transfer:
        """What is noted of it."""
        url = self.there.remote.url
        return Transfer(self.datastore, {"push": self.channel.path, "to": url, "as": "/".join(self.there.names)})

    def run(self, jobs: int, plan: Callable[[int], Callable[[int], None]]) -> Arrived:
        """Make the channel there, and send all of it; ``plan`` is told how many bytes, and gives whom to tell of each.

        Raises:
            MarkedForDeletion
            ConfigurationError: the channel there has something in it, or is another one.
            RemoteRefused, StorageError: what was sent stays; the same push goes on.
        """
        _refuse_unsendable(self.channel)
        with self.transfer.alone():
            made = make_there(self.channel, self.there)
            if not (made or self.overwrite or self.transfer.journal.begun):
                raise ConfigurationError(f"{self.there}: is there already; say --overwrite to make it the same as here")
            if made:
                self.transfer.begin()
            pieces = self._pieces(everything=not made and self.overwrite)
            advance = plan(sum(piece.box.size for piece in pieces) * self._volume.dtype.itemsize)
            return self.transfer.run(pieces, self._volume.dtype.itemsize, self._send, jobs, advance)

    @property
    def _volume(self) -> Volume:
        return self.datastore.image(self.channel).level(0)

    def _pieces(self, *, everything: bool) -> list[Piece]:
        """Those in which something is stored; all, where something else may be stored there."""
        experiment, volume = self.channel.experiment, self._volume
        stored = set(volume.stored_blocks()) if volume.exists else set()
        grid = Grid(volume.layout.block)

        def wanted(time: int, box: Box) -> bool:
            return everything or any((time, part.index) in stored for part in grid.parts(box))

        shape: Point = (depth_for(PLANE, volume.dtype.itemsize, STEP, PIECE_BYTES), *PLANE)
        box = Box(experiment.frame.start, experiment.frame.stop)
        return pieces_of(box, range(experiment.num_time_samples), shape, wanted)

    def _send(self, piece: Piece, known: str | None) -> str:
        voxels = self._volume.read(range(piece.time, piece.time + 1), piece.box)[0]
        digest = digest_of(voxels)
        if digest == known:
            return digest
        remote, names = self.there.remote, self.there.names
        for attempt in range(2):
            if attempt:
                remote.clear(names, piece.time, piece.box)
            if voxels.any():
                remote.write(names, piece.time, piece.box, voxels)
            found = remote.read(names, 0, piece.time, piece.box, str(voxels.dtype))
            if np.array_equal(found, voxels):
                return digest
        raise RemoteRefused(f"{self.there}: z,y,x {piece.box}: what is read there is not what was sent")


def _refuse_unsendable(channel: Channel) -> None:
    if channel.marked_ancestor is not None:
        raise MarkedForDeletion(str(channel))
    if channel.base_resolution != 0:
        raise ConfigurationError(f"{channel} begins at resolution {channel.base_resolution}, and not at 0")
    if min(channel.experiment.frame.start) < 0:
        raise ConfigurationError(f"{channel}: its frame begins before 0")
