"""Where an ingest puts its voxels: a value that can be handed to any process, and opens what it needs there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from bosslet.catalog.records import Channel
from bosslet.datastore import Datastore
from bosslet.geometry import Box

Voxels = NDArray[Any]


class Sink(Protocol):
    """Takes voxels, from several threads at the same time."""

    def write(self, time: int, box: Box, voxels: Voxels) -> None:
        """Replace the voxels of a box by an array (z, y, x), taken over; they are safe when this returns."""

    def note(self) -> None:
        """To be called after some writes: whatever was computed from older voxels no longer holds."""

    def close(self) -> None:
        """There is nothing more to write in this process."""


@dataclass(frozen=True, slots=True)
class StoreSink:
    """A channel in an uploads folder, whether or not a server serves that."""

    uploads: Path
    catalog_url: str
    channel: Channel

    @classmethod
    def of(cls, datastore: Datastore, channel: Channel) -> StoreSink:
        """Writes to a channel of a datastore."""
        return cls(datastore.uploads, datastore.catalog.url, channel)

    def write(self, time: int, box: Box, voxels: Voxels) -> None:
        """Whole blocks are not read before."""
        volume = opened_datastore(self.uploads, self.catalog_url).image(self.channel).level(0)
        volume.write(range(time, time + 1), box, voxels[None])

    def note(self) -> None:
        """Levels above show older voxels."""
        opened_datastore(self.uploads, self.catalog_url).catalog.downsampling.note_write(self.channel.id)

    def close(self) -> None:
        """Give back the datastore."""
        opened_datastore(self.uploads, self.catalog_url).close()


@cache
def opened_datastore(uploads: Path, catalog_url: str) -> Datastore:
    """One for all that this process reads or writes; voxels are met once, so there is nothing to keep in a cache."""
    return Datastore.open(uploads, catalog_url=catalog_url)
