"""Cutouts: ``/cutout/<c>/<e>/<ch>/<resolution>/<x>/<y>/<z>[/<t>]`` and ``/cutout/to_black/…``.

A posted zero never overwrites (bossDB's merge rule), in images as in annotations; ``to_black`` is the only eraser. A
write is on the disk when it is answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from flask import Response, request
from flask.views import MethodView
from numpy.typing import NDArray

from bosslet.catalog.records import Channel, Direction, Permission
from bosslet.codecs.blosc import Frame, check_size
from bosslet.datastore import Datastore
from bosslet.dialects.authentication import current_user
from bosslet.dialects.boss.cutout_request import CutoutRequest, CutoutUrl, wanted_labels
from bosslet.dialects.boss.encodings import BLOSC, ENCODINGS, accepted_encoding, sent_encoding
from bosslet.dialects.boss.negotiation import HTML, Json, JsonView, present
from bosslet.dialects.http import Limits, body_length, read_body
from bosslet.errors import ResolutionNotWritable, WrongShape
from bosslet.throttle import Throttle
from bosslet.volume.volume import BYTES_AT_ONCE, Volume

Voxels = NDArray[Any]

BODY_OVERHEAD = 1 << 16
"""How many bytes more than its voxels an honest body takes: headers, and what noise grows by when it is compressed."""
COPIES = 3
"""How often the voxels of one request are in memory at the same time, at the most: read, packed and compressed."""


class CutoutView(MethodView):
    """The voxels of a box."""

    init_every_request = False

    def __init__(self, datastore: Datastore, limits: Limits) -> None:
        self.datastore = datastore
        self.limits = limits
        self.throttle = Throttle(datastore.catalog, limits.quotas)

    def get(self, **pieces: str) -> Response:
        """The voxels, in the encoding that the client accepts."""
        encoding = accepted_encoding(request)
        cutout = self._resolve(pieces, Permission.READ_VOLUMETRIC_DATA)
        if encoding is None:
            return present(_description(cutout), 200, HTML)
        if encoding is BLOSC:
            check_size(cutout.nbytes)
        with self.limits.budget.hold(COPIES * cutout.nbytes) as held:
            self.throttle.charge(current_user(), "cutout", Direction.EGRESS, cutout.nbytes)
            body = self._frame(cutout) if encoding is BLOSC else encoding.encode(self._voxels(cutout))
            return held.until_sent(Response(body, mimetype=encoding.media_type), len(body))

    def post(self, **pieces: str) -> Response:
        """Merge voxels into what is there."""
        decode = sent_encoding(request)
        cutout = self._resolve(pieces, Permission.ADD_VOLUMETRIC_DATA)
        refuse_unwritable(cutout)
        # A pickle may hold each byte twice over, as text.
        length = body_length(request, 2 * cutout.nbytes + BODY_OVERHEAD)
        if not length:
            raise WrongShape(f"an empty body; expected {cutout.channel.datatype} {cutout.shape}")
        with self.limits.budget.hold(length + COPIES * cutout.nbytes):
            self.throttle.charge(current_user(), "cutout", Direction.INGRESS, cutout.nbytes)
            # In one expression: the body is as large as the voxels when they do not compress, and goes when it is read.
            voxels = decode(read_body(request, length), cutout.shape, np.dtype(cutout.channel.datatype))
            if voxels.ndim == 3:
                voxels = voxels[np.newaxis]
            times = cutout.times[: len(voxels)]
            with noted_write(self.datastore, cutout.channel):
                self._volume(cutout, writing=True).merge(times, cutout.box, voxels)
        return Response(status=201)

    def _resolve(self, pieces: dict[str, str], permission: Permission) -> CutoutRequest:
        return CutoutUrl(**pieces).resolve(self.datastore, request, permission, self.limits.max_cutout_bytes)

    def _volume(self, cutout: CutoutRequest, *, writing: bool = False) -> Volume:
        image = self.datastore.image(cutout.channel)
        find = image.create_level if writing else image.level
        return find(cutout.resolution, iso=cutout.iso)

    def _frame(self, cutout: CutoutRequest) -> bytes:
        """What most clients ask for: read in place, without a copy of all voxels in between."""
        frame = Frame((len(cutout.times), *cutout.box.shape), cutout.channel.datatype)
        self._voxels(cutout, into=frame.voxels)
        return frame.finish()

    def _voxels(self, cutout: CutoutRequest, into: Voxels | None = None) -> Voxels:
        labels = wanted_labels(request)
        voxels = self._volume(cutout).read(cutout.times, cutout.box, into)
        if labels is not None:
            keep_only(labels, voxels)
        return voxels if cutout.keeps_time_axis else voxels[0]


class ToBlackView(JsonView):
    """The eraser."""

    def __init__(self, datastore: Datastore, limits: Limits) -> None:
        self.datastore = datastore
        self.limits = limits

    def put(self, **pieces: str) -> Json:
        """Set a box to zero."""
        cutout = CutoutUrl(**pieces).resolve(
            self.datastore, request, Permission.ADD_VOLUMETRIC_DATA, self.limits.max_cutout_bytes
        )
        refuse_unwritable(cutout)
        with self.limits.budget.hold(min(cutout.nbytes, COPIES * BYTES_AT_ONCE)):
            level = self.datastore.image(cutout.channel).level(cutout.resolution, iso=cutout.iso)
            with noted_write(self.datastore, cutout.channel):
                level.clear(cutout.times, cutout.box)


def refuse_unwritable(cutout: CutoutRequest) -> None:
    """Clients write the native resolution and the one above; the others come from downsampling."""
    base = cutout.channel.base_resolution
    if cutout.resolution not in {base, base + 1}:
        raise ResolutionNotWritable(f"resolution {cutout.resolution}: only {base} and {base + 1} can be written")


@contextmanager
def noted_write(datastore: Datastore, channel: Channel) -> Iterator[None]:
    """Inside it voxels are written, perhaps only some of them: the levels no longer show what is stored."""
    try:
        yield
    finally:
        datastore.catalog.downsampling.note_write(channel.id)


def keep_only(labels: NDArray[np.uint64], voxels: Voxels) -> None:
    """Set every voxel to zero whose label is not among these, plane by plane to need little memory."""
    for plane in voxels.reshape(-1, *voxels.shape[-2:]):
        plane[~np.isin(plane, labels)] = 0


def _description(cutout: CutoutRequest) -> Json:
    return {
        "channel": str(cutout.channel),
        "resolution": cutout.resolution,
        "shape": cutout.shape,
        "datatype": cutout.channel.datatype,
        "ask with Accept": list(ENCODINGS),
    }
