"""Fetch a channel from another server of bossDB's API: whole blocks, each written once and read back from the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bosslet.catalog.description import Description, FramePart
from bosslet.catalog.records import ADMINISTRATOR, Channel, Experiment, Frame, User
from bosslet.datastore import Datastore
from bosslet.errors import ConfigurationError, NameTaken, NotFound, StorageError
from bosslet.geometry import Box, Point
from bosslet.jobs.agreement import Addressed, describe
from bosslet.jobs.push import PLANE, STEP
from bosslet.jobs.transfer import Arrived, Piece, Transfer, depth_for, digest_of, pieces_of
from bosslet.remote import Names

REQUEST_BYTES = 2**25


@dataclass(frozen=True, slots=True)
class Pull:
    """A channel on its way to this store."""

    datastore: Datastore
    there: Addressed
    names: Names
    """Of the channel that is made here."""

    @property
    def transfer(self) -> Transfer:
        """What is noted of it."""
        what = {"pull": "/".join(self.there.names), "from": self.there.remote.url, "as": "/".join(self.names)}
        return Transfer(self.datastore, what)

    def run(self, jobs: int, plan: Callable[[int], Callable[[int], None]]) -> Arrived:
        """Make the channel, and fetch all of it; see ``Push.run``.

        Raises:
            NameTaken: there is such a channel, and no pull of it was begun.
            ConfigurationError, RemoteRefused, StorageError: what was fetched stays; the same pull goes on.
        """
        with self.transfer.alone():
            channel = self._channel()
            pieces = self._pieces(channel)
            itemsize = np.dtype(channel.datatype).itemsize
            advance = plan(sum(piece.box.size for piece in pieces) * itemsize)

            def fetch(piece: Piece, known: str | None) -> str:
                return known or self._fetch(channel, piece)

            return self.transfer.run(pieces, itemsize, fetch, jobs, advance)

    def _channel(self) -> Channel:
        """The channel here: made now, or by the pull that goes on."""
        said = describe(self.there, self.names)
        if said.channel.base_resolution != 0:
            raise ConfigurationError(f"{self.there}: begins at resolution {said.channel.base_resolution}, and not at 0")
        begun = self.transfer.journal.begun
        try:
            found = self.datastore.catalog.resources.channel(*self.names)
        except NotFound:
            self.transfer.begin()
            return self._make(said)
        if not begun:
            raise NameTaken(f"channel {found}")
        if found.datatype != said.channel.datatype:
            raise ConfigurationError(f"{self.there}: is {said.channel.datatype}, and {found} {found.datatype}")
        return found

    def _make(self, said: Description) -> Channel:
        fields = said.channel.model_dump(include={"type", "datatype", "description", "default_time_sample"})
        try:
            experiment = self.datastore.catalog.resources.experiment(*self.names[:2])
        except NotFound:
            experiment = self._make_experiment(said)
        frame, theirs = experiment.frame, said.coordinate_frame
        if (frame.start, frame.stop) != (theirs.start, theirs.stop):
            raise ConfigurationError(f"{'/'.join(self.names[:2])}: its frame has other ends than that of {self.there}")
        if experiment.num_time_samples < said.experiment.num_time_samples:
            raise ConfigurationError(f"{'/'.join(self.names[:2])}: has fewer time samples than {self.there}")
        return self.datastore.create_channel(experiment, self.names[2], self._user, **fields)

    def _make_experiment(self, said: Description) -> Experiment:
        resources = self.datastore.catalog.resources
        try:
            collection = resources.collection(self.names[0])
        except NotFound:
            about = said.collection.description
            collection = resources.create_collection(self.names[0], self._user, description=about)
        fields = said.experiment.model_dump(exclude={"id", "name", "creator", "marked", "public"})
        frame = self._frame(said.coordinate_frame)
        return resources.create_experiment(collection, self.names[1], self._user, frame=frame, **fields)

    def _frame(self, said: FramePart) -> Frame:
        """One that is the same as theirs, of their name if that is free."""
        resources = self.datastore.catalog.resources
        ends = {name: getattr(said, name) for name in ("start", "stop", "voxel_size", "voxel_unit")}
        for name in (said.name, f"{self.names[0]}-{self.names[1]}"[:255]):
            try:
                found = resources.frame(name)
            except NotFound:
                return resources.create_frame(name, self._user, description=said.description, **ends)
            if all(getattr(found, key) == value for key, value in ends.items()):
                return found
        raise NameTaken(f"coordinate frame {said.name}")

    @property
    def _user(self) -> User:
        return self.datastore.catalog.users.get(ADMINISTRATOR)

    def _pieces(self, channel: Channel) -> list[Piece]:
        (depth, height, width), experiment = channel.block_shape, channel.experiment
        # Blocks, as many as cover the other server's: each of both is moved once.
        shape: Point = (depth, height * -(-PLANE[0] // height), width * -(-PLANE[1] // width))
        box = Box(experiment.frame.start, experiment.frame.stop)
        return pieces_of(box, range(experiment.num_time_samples), shape, lambda time, box: True)

    def _fetch(self, channel: Channel, piece: Piece) -> str:
        voxels = np.empty((1, *piece.box.shape), channel.datatype)
        for box in _slabs(piece.box, voxels.itemsize):
            voxels[0][box.relative_to(piece.box.start).slices] = self.there.remote.read(
                self.there.names, 0, piece.time, box, channel.datatype
            )
        digest = digest_of(voxels)
        times, volume = range(piece.time, piece.time + 1), self.datastore.image(channel).level(0)
        if voxels.any():
            volume.write(times, piece.box, voxels)
        else:
            volume.clear(times, piece.box)
        if digest_of(volume.read(times, piece.box)) != digest:
            raise StorageError(f"{channel}, z,y,x {piece.box}: what is read is not what was written")
        return digest


def _slabs(box: Box, itemsize: int) -> Iterator[Box]:
    """The box in requests that no server refuses."""
    (z, y, x), (z_stop, y_stop, x_stop) = box.start, box.stop
    depth = depth_for((y_stop - y, x_stop - x), itemsize, STEP, REQUEST_BYTES)
    edges = [z, *range((z // depth + 1) * depth, z_stop, depth), z_stop]
    for first, last in pairwise(edges):
        yield Box((first, y, x), (last, y_stop, x_stop))
