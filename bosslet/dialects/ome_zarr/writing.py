"""Blocks that a Zarr client makes: ``PUT`` and ``DELETE`` of a block's key.

What is put are voxels and never a file: a body is decoded, checked, and written as every other write is: under the lock
of its block, on the disk when it is answered, and known to whoever downsamples. Its zeros overwrite, as Zarr has it and
bossDB has not. ``If-Match`` and ``If-None-Match`` are looked at under that lock, so that of two clients that change the
same block, one is told (412). The answer has the entity tag of what is stored then.

Metadata follows from what the channel is: a document may only be put as it is already.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from flask import Response, request
from numpy.typing import NDArray

from bosslet.catalog.records import Channel, Direction
from bosslet.datastore import Datastore
from bosslet.dialects.authentication import current_user
from bosslet.dialects.http import Limits, body_length, read_body
from bosslet.dialects.ome_zarr.conditions import Conditions
from bosslet.dialects.ome_zarr.key import Key
from bosslet.errors import InvalidBox, MalformedBody, NotFound, ReadOnlyDocument, ResolutionNotWritable, TooLarge
from bosslet.geometry import Box, Grid, Point
from bosslet.throttle import Throttle
from bosslet.volume.generation import block_state
from bosslet.volume.incoming import block_bytes, decoded_block, most_bytes, reached
from bosslet.volume.volume import Volume

COPIES = 4
"""How often the voxels of a block are in memory at the same time, at the most: decoded twice, and twice as written."""
MAX_DOCUMENT_BYTES = 1 << 20

Voxels = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Place:
    """A block that may be written."""

    channel: Channel
    level: Volume
    time: int
    index: Point
    first: Point
    """(z, y, x): where the coordinate frame starts at this resolution."""

    @classmethod
    def of(cls, datastore: Datastore, channel: Channel, key: Key) -> Place:
        """The place of a key.

        Raises:
            NotFound: no such array, or none that reaches so far.
            ResolutionNotWritable: only downsampling writes there.
        """
        image, base = datastore.image(channel), channel.base_resolution
        level = key.level(image)
        resolution, index = key.resolution or 0, key.block or (0, 0, 0)
        if resolution not in {base, base + 1} or (key.iso and image.pyramid.has_iso(resolution)):
            raise ResolutionNotWritable(f"resolution {resolution}: only {base} and {base + 1} can be written")
        if not level.reaches(key.time, Grid(level.layout.block).box_of(index)):
            raise NotFound("the array does not reach so far")
        start = channel.experiment.frame.start
        factors = image.pyramid.scale(resolution)
        z, y, x = (max(0, first) // by for first, by in zip(start, factors, strict=True))
        return cls(channel, level, key.time, index, (z, y, x))


class Writer:
    """Writes blocks as whole."""

    def __init__(self, datastore: Datastore, limits: Limits) -> None:
        self.datastore = datastore
        self.limits = limits
        self.throttle = Throttle(datastore.catalog, limits.quotas)

    def put(self, place: Place) -> Response:
        """Replace the voxels of a block by those in the body."""
        nbytes = self._affordable(place)
        length = body_length(request, most_bytes(place.level))
        with self.limits.budget.hold(2 * length + COPIES * nbytes):
            self.throttle.charge(current_user(), "cutout", Direction.INGRESS, nbytes)
            body = read_body(request, length)
            box, voxels = decoded_block(place.level, place.time, place.index, body)
            return self._write(place, *_in_frame(place, box, voxels))

    def delete(self, place: Place) -> Response:
        """Replace them by zeros."""
        with self.limits.budget.hold(self._affordable(place)):
            return self._write(place, reached(place.level, place.index), np.zeros((), place.level.dtype))

    def _write(self, place: Place, box: Box, voxels: Voxels) -> Response:
        conditions = Conditions.of(request)
        with place.level.rewriting(place.time, place.index) as replace:
            before = block_state(place.level, place.time, place.index)
            conditions.check(before)
            if box.size:
                with self._noted(place.channel):
                    replace(box, voxels)
            after = block_state(place.level, place.time, place.index)
        response = Response(status=201 if after.exists and not before.exists else 204)
        if after.generation is not None:
            response.set_etag(after.generation.hex())
        return response

    @contextmanager
    def _noted(self, channel: Channel) -> Iterator[None]:
        """Inside it voxels are written, perhaps only some: the levels above no longer show what is stored."""
        try:
            yield
        finally:
            self.datastore.catalog.downsampling.note_write(channel.id)

    def _affordable(self, place: Place) -> int:
        """Of the voxels of a block; raises TooLarge where no cutout could be as large."""
        nbytes = block_bytes(place.level)
        # As for cutouts, of which bossDB lets 64-bit channels have four times as much.
        limit = self.limits.max_cutout_bytes * (4 if place.level.dtype.itemsize == 8 else 1)
        if nbytes > limit:
            raise TooLarge(f"a block of {nbytes} bytes; at most {limit} at once")
        return nbytes


def put_document(stored: bytes) -> Response:
    """Take a document that says what is stored already.

    Raises:
        MalformedBody: no JSON.
        ReadOnlyDocument: it says something else.
    """
    body = read_body(request, MAX_DOCUMENT_BYTES)
    try:
        same = json.loads(body) == json.loads(stored)
    except (ValueError, RecursionError) as error:
        raise MalformedBody(f"JSON parse error: {error}") from error
    if not same:
        raise ReadOnlyDocument("metadata follows from the channel, and cannot be written as something else")
    return Response(status=204)


def _in_frame(place: Place, box: Box, voxels: Voxels) -> tuple[Box, Voxels]:
    """What of the voxels lies in the coordinate frame; raises InvalidBox for others that are not zero."""
    z, y, x = (min(max(a, b), c) for a, b, c in zip(box.start, place.first, box.stop, strict=True))
    inside = Box((z, y, x), box.stop)
    slices = inside.relative_to(box.start).slices
    if inside != box and np.count_nonzero(voxels) != np.count_nonzero(voxels[slices]):
        raise InvalidBox(f"voxels before {inside}, where the coordinate frame starts, must be zero")
    return inside, voxels[slices]
