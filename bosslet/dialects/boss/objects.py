"""The labels of annotation channels: ``/reserve/…``, ``/ids/…`` and ``/boundingbox/…``.

Ids and bounding boxes are exact, of what is stored when they are asked for, at every resolution that has voxels; bossDB
only knows them at the native one, and late. Like bossDB they are those of time sample 0, whatever sample is named.
"""

from __future__ import annotations

from flask import Response, request
from flask.views import MethodView

from bosslet.catalog.records import Channel, Permission
from bosslet.datastore import Datastore
from bosslet.dialects.boss.cutout_request import box_in_frame, number, permitted_channel, resolution, times
from bosslet.dialects.boss.negotiation import HTML, JSON, Json, JsonView, accepted_media_type, present
from bosslet.dialects.http import Limits
from bosslet.dialects.origin import refuse_foreign_page
from bosslet.dialects.sessions import refuse_session
from bosslet.errors import InvalidBoxType, LabelNotFound, NotAnnotation
from bosslet.geometry import Box, Point
from bosslet.volume.labels import WORKING_BYTES, LabelIndex, Labels

CUBOID: Point = (16, 512, 512)
"""What bossDB stores as one object; a loose bounding box consists of whole ones."""
MAX_LABEL_DIGITS = 20
"""Of 2^64 - 1."""
IDS_AT_ONCE = 1 << 16


class ReserveView(JsonView):
    """Labels that nobody else is given."""

    def __init__(self, datastore: Datastore) -> None:
        self.datastore = datastore

    def get(self, collection: str, experiment: str, channel: str, count: str) -> Json:
        """``{"start_id": 1, "count": "10"}``: the count is echoed as text."""
        refuse_foreign_page()
        refuse_session()
        names = (collection, experiment, channel)
        record = permitted_channel(self.datastore, *names, Permission.ADD_VOLUMETRIC_DATA)
        refuse_image(record)
        return {"start_id": self.datastore.reserve_ids(record, number(count)), "count": count}


class IdsView(MethodView):
    """The labels of a box."""

    init_every_request = False

    def __init__(self, datastore: Datastore, limits: Limits) -> None:
        self.datastore = datastore
        self.limits = limits

    def get(self, collection: str, experiment: str, channel: str, **place: str) -> Response:
        """``{"ids": ["1", "7"]}``, in ascending order; there may be millions."""
        media_type = accepted_media_type(request)
        names = (collection, experiment, channel)
        record = permitted_channel(self.datastore, *names, Permission.READ_VOLUMETRIC_DATA, public_helps=False)
        refuse_image(record)
        times(place.get("t"), record)
        level = resolution(place["resolution"], record)
        box = box_in_frame(record.experiment, place["x"], place["y"], place["z"])
        with self.limits.budget.hold(WORKING_BYTES):
            labels = LabelIndex(self.datastore.image(record).level(level)).labels_in(box)
        if media_type == HTML:
            return present({"ids": [str(label) for label in labels]}, 200, HTML)
        return Response(_ids_as_json(labels), mimetype=JSON)


class BoundingBoxView(JsonView):
    """Where a label is."""

    def __init__(self, datastore: Datastore, limits: Limits) -> None:
        self.datastore = datastore
        self.limits = limits

    def get(self, collection: str, experiment: str, channel: str, **place: str) -> Json:
        """``{"x_range": [0, 512], …}``, half-open."""
        tight = _wants_tight()
        names = (collection, experiment, channel)
        record = permitted_channel(self.datastore, *names, Permission.READ_VOLUMETRIC_DATA)
        refuse_image(record)
        level = resolution(place["resolution"], record)
        with self.limits.budget.hold(WORKING_BYTES):
            box = LabelIndex(self.datastore.image(record).level(level)).box_of(_label(place["label"]))
        if box is None:
            raise LabelNotFound(f"id {place['label']} has no voxels in {record} at resolution {level}")
        return _ranges(box if tight else whole_cuboids(box))


def refuse_image(channel: Channel) -> None:
    """Raise NotAnnotation: only annotation channels have ids."""
    if not channel.annotation:
        raise NotAnnotation(f"{channel} is an image channel")


def whole_cuboids(box: Box) -> Box:
    """The box around the cuboids that share a voxel with it; of a tight box, around those that hold the label.

    >>> print(whole_cuboids(Box((15, 512, 0), (17, 513, 700))))
    0:32,512:1024,0:1024
    """
    cuboids = box.halved(CUBOID)
    (z, y, x), (by_z, by_y, by_x) = cuboids.start, CUBOID
    z_stop, y_stop, x_stop = cuboids.stop
    return Box((z * by_z, y * by_y, x * by_x), (z_stop * by_z, y_stop * by_y, x_stop * by_x))


def _wants_tight() -> bool:
    kind = request.args.get("type", "loose")
    if kind not in {"loose", "tight"}:
        raise InvalidBoxType(f"type {kind!r}: loose or tight")
    return kind == "tight"


def _label(digits: str) -> int:
    significant = digits.lstrip("0")
    if len(significant) > MAX_LABEL_DIGITS:
        raise LabelNotFound(f"id {digits[:MAX_LABEL_DIGITS]}…: no label has {len(significant)} digits")
    return int(significant or "0")


def _ranges(box: Box) -> Json:
    ranges = {f"{axis}_range": [box.start["zyx".index(axis)], box.stop["zyx".index(axis)]] for axis in "xyz"}
    return ranges | {"t_range": [0, 1]}


def _ids_as_json(labels: Labels) -> list[str]:
    """The text of the answer in pieces, since a list of as many strings takes thrice the memory."""
    pieces = (labels[first : first + IDS_AT_ONCE].tolist() for first in range(0, len(labels), IDS_AT_ONCE))
    texts = [",".join(f'"{label}"' for label in piece) for piece in pieces]
    return ['{"ids":[', *(f"{',' * bool(position)}{text}" for position, text in enumerate(texts)), "]}"]
