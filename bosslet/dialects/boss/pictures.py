"""Planes as pictures: ``/image/…`` by ranges of voxels, and ``/tile/…`` by the numbers of square tiles.

Rows run along the second axis of the orientation, columns along the first: of ``xz``, z goes down and x to the right.
Sizes on the screen are those in voxels; nothing is stretched to the voxel size.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from flask import Request, Response, request
from flask.views import MethodView

from bosslet.catalog.records import Channel, Direction, Permission
from bosslet.codecs import picture
from bosslet.datastore import Datastore
from bosslet.dialects.authentication import current_user
from bosslet.dialects.boss.cutout_request import (
    Span,
    box_of_spans,
    check_access_mode,
    default_time,
    number,
    permitted_channel,
    resolution,
    span,
)
from bosslet.dialects.http import Limits
from bosslet.errors import InvalidBox, InvalidNumber, InvalidTime, NotAcceptable, TooLarge, UnknownFormat
from bosslet.geometry import Box
from bosslet.throttle import Throttle

COPIES = 3
"""How often voxels are in memory at the same time, at the most: read, as pixels, and as a file that did not shrink."""


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a picture."""

    media_type: str
    encode: Callable[..., bytes]


PNG = Format("image/png", picture.png)
JPEG = Format("image/jpeg", picture.jpeg)
FORMATS = {"png": PNG, "jpg": JPEG}
MEDIA_TYPES = {each.media_type: each for each in (PNG, JPEG)}


class PictureView(MethodView):
    """What images and tiles share; they differ in what their numbers mean."""

    init_every_request = False
    api: str
    """The name under which the throttle counts them."""

    def __init__(self, datastore: Datastore, limits: Limits) -> None:
        self.datastore = datastore
        self.limits = limits
        self.throttle = Throttle(datastore.catalog, limits.quotas)

    def get(self, collection: str, experiment: str, channel: str, orientation: str, **place: str) -> Response:
        """The picture, as PNG unless the client wants a JPEG."""
        wanted = accepted_format(request)
        names = (collection, experiment, channel)
        record = permitted_channel(self.datastore, *names, Permission.READ_VOLUMETRIC_DATA)
        check_access_mode(request)
        time = _time(place.get("rest", ""), record)
        level = resolution(place["resolution"], record)
        box = box_of_spans(record.experiment, self.spans(orientation, place))
        self._check_size(wanted, record, box, orientation)
        nbytes = _nbytes(record, box)
        with self.limits.budget.hold(COPIES * nbytes) as held:
            self.throttle.charge(current_user(), self.api, Direction.EGRESS, nbytes)
            voxels = self.datastore.image(record).level(level).read(range(time, time + 1), box)[0]
            plane = voxels.squeeze(axis=_normal_axis(orientation))
            body = wanted.encode(plane, labels=record.annotation)
            return held.until_sent(Response(body, mimetype=wanted.media_type), len(body))

    def spans(self, orientation: str, place: dict[str, str]) -> tuple[Span, Span, Span]:
        """What the URL means in voxels, in the order z, y, x."""
        raise NotImplementedError

    def _check_size(self, wanted: Format, channel: Channel, box: Box, orientation: str) -> None:
        # Not divided by four for 64-bit channels, as it is for cutouts: so bossDB has it.
        if (nbytes := _nbytes(channel, box)) > self.limits.max_cutout_bytes:
            raise TooLarge(f"a picture of {nbytes} bytes of voxels; at most {self.limits.max_cutout_bytes}")
        if wanted is JPEG:
            picture.check_jpeg_sides(*np.delete(box.shape, _normal_axis(orientation)).tolist())


class ImageView(PictureView):
    """``xy``: two ranges and an index, in the places of x, y and z; the others accordingly."""

    api = "image"

    def spans(self, orientation: str, place: dict[str, str]) -> tuple[Span, Span, Span]:
        """Ranges in the plane, an index across it."""
        z, y, x = (_span(axis, place[axis], flat=axis not in orientation) for axis in "zyx")
        return z, y, x


class TileView(PictureView):
    """Tiles are counted in the plane, voxels across it; one that sticks out of the frame is refused, not padded."""

    api = "tile"

    def spans(self, orientation: str, place: dict[str, str]) -> tuple[Span, Span, Span]:
        """As many voxels as the tile has."""
        sides = {axis: number(place["tile_size"]) if axis in orientation else 1 for axis in "zyx"}
        z, y, x = ((number(place[axis]) * side, (number(place[axis]) + 1) * side) for axis, side in sides.items())
        return z, y, x


def accepted_format(request: Request) -> Format:
    """How the client wants its picture.

    Raises:
        NotAcceptable: in no way that there is.
        UnknownFormat: ``?format=`` names none.
    """
    if (wanted := request.args.get("format")) is not None:
        if wanted not in FORMATS:
            raise UnknownFormat(f"no format {wanted!r}; there are {', '.join(FORMATS)}")
        return FORMATS[wanted]
    if not request.accept_mimetypes:
        return PNG
    best = request.accept_mimetypes.best_match(MEDIA_TYPES)
    if best is None:
        raise NotAcceptable(f"pictures come as {', '.join(MEDIA_TYPES)}")
    return MEDIA_TYPES[best]


def _span(axis: str, text: str, *, flat: bool) -> Span:
    if not flat:
        if ":" not in text:
            raise InvalidBox(f"{axis} {text}: must be start:stop in this orientation")
        return span(text)
    if ":" in text:
        raise InvalidNumber(f"{axis} {text}: must be a single index in this orientation")
    return number(text), number(text) + 1


def _time(rest: str, channel: Channel) -> int:
    """The sample that stands at the beginning of what follows the place, or the default one.

    Whatever comes after it means nothing: viewers put a file's name there.
    """
    found = re.match("[0-9]+", rest)
    if found is None:
        return default_time(channel)
    time, samples = number(found[0]), channel.experiment.num_time_samples
    if time >= samples:
        raise InvalidTime(f"time sample {time}: there are {samples}")
    return time


def _normal_axis(orientation: str) -> int:
    """Of (z, y, x), the axis that the plane does not have."""
    return next(position for position, axis in enumerate("zyx") if axis not in orientation)


def _nbytes(channel: Channel, box: Box) -> int:
    return box.size * np.dtype(channel.datatype).itemsize
