"""Downsampling: ``/downsample/<c>/<e>/<ch>``: how a channel's levels lie, and whether they show what is stored.

What is computed, and by whom, is told in ``jobs``. The table counts from level 0 whatever the channel's base is, and an
extent is where the coordinate frame stops, not how long it is.
"""

from __future__ import annotations

from math import prod

from flask import request

from bosslet.catalog.downsampling import PENDING
from bosslet.catalog.records import Channel, DownsampleStatus, Permission, Role
from bosslet.datastore import Datastore
from bosslet.dialects.authentication import current_user
from bosslet.dialects.boss import fields
from bosslet.dialects.boss.cutout_request import permitted_channel
from bosslet.dialects.boss.negotiation import Json, JsonView, parsed_body
from bosslet.errors import InvalidBox, InvalidState, UnequalVoxelSides
from bosslet.geometry import Box, Point
from bosslet.jobs.queue import ensure_runner

CUBOID_SIZE = (512, 512, 16)
MAX_LEVELS_LISTED = 13
"""As many as bossDB's table of cuboid sizes has; it fails where an experiment has more."""
MAX_FRAME_VOXELS = (200 * 512) ** 2 * (200 * 16)
"""The largest frame that somebody who is no administrator may downsample."""


class Region(fields.Lenient):
    """What an administrator may restrict the work to, at level 0."""

    x_start: fields.Integer | None = None
    x_stop: fields.Integer | None = None
    y_start: fields.Integer | None = None
    y_stop: fields.Integer | None = None
    z_start: fields.Integer | None = None
    z_stop: fields.Integer | None = None


class DownsampleView(JsonView):
    """The levels of a channel."""

    def __init__(self, datastore: Datastore) -> None:
        self.datastore = datastore
        self.jobs = datastore.catalog.downsampling

    def get(self, collection: str, experiment: str, channel: str) -> Json:
        """The state and the table; while there is work, how far it is, and after a failure, why."""
        record = permitted_channel(self.datastore, collection, experiment, channel, Permission.READ_VOLUMETRIC_DATA)
        _refuse_unequal_sides(record)
        iso = request.args.get("iso", "").lower() == "true"
        return {
            "status": record.downsample_status.value,
            "num_hierarchy_levels": record.experiment.num_hierarchy_levels,
            **_table(record, iso=iso),
            **self._work(record),
        }

    def post(self, collection: str, experiment: str, channel: str) -> Json:
        """Ask for the levels to be made; the answer does not wait for them."""
        record = permitted_channel(self.datastore, collection, experiment, channel, Permission.ADD_VOLUMETRIC_DATA)
        _refuse_unequal_sides(record)
        staff = current_user().has_role(Role.ADMIN)
        _refuse_state(record, staff=staff)
        self.jobs.request(record, _region(record) if staff else None)
        ensure_runner(self.datastore)
        return None, 201

    def delete(self, collection: str, experiment: str, channel: str) -> Json:
        """Give up what was asked for; blocks that are made by then stay."""
        record = permitted_channel(self.datastore, collection, experiment, channel, Permission.DELETE_VOLUMETRIC_DATA)
        self.jobs.cancel(record)
        return None, 204

    def _work(self, channel: Channel) -> dict[str, Json]:
        job = self.jobs.job(channel.id)
        if job is not None and channel.downsample_status in PENDING:
            ensure_runner(self.datastore)  # the one that was at it may have been killed
            return {"progress": {"done": job.progress.done, "total": job.progress.total}}
        if job is not None and channel.downsample_status is DownsampleStatus.FAILED:
            return {"message": job.reason}
        return {}


def _table(channel: Channel, *, iso: bool) -> Json:
    pyramid = channel.experiment.pyramid
    levels = range(min(channel.experiment.num_hierarchy_levels, MAX_LEVELS_LISTED))
    return {
        "voxel_size": {str(level): list(pyramid.voxel_size(level, iso=iso)[::-1]) for level in levels},
        "extent": {str(level): list(pyramid.extent(level, iso=iso)[::-1]) for level in levels},
        "cuboid_size": {str(level): list(CUBOID_SIZE) for level in levels},
    }


def _refuse_unequal_sides(channel: Channel) -> None:
    _, y, x = channel.experiment.frame.voxel_size
    if not channel.experiment.pyramid.isotropic and x != y:
        raise UnequalVoxelSides(f"{channel}: x and y voxel sizes must be equal to be downsampled, not {x} and {y}")


def _refuse_state(channel: Channel, *, staff: bool) -> None:
    status = channel.downsample_status
    if status in PENDING or (status is DownsampleStatus.DOWNSAMPLED and not staff):
        raise InvalidState(f"{channel} is {status}")
    frame = channel.experiment.frame
    sides = [max(0, stop - start) for start, stop in zip(frame.start, frame.stop, strict=True)]
    if not staff and prod(sides) > MAX_FRAME_VOXELS:
        raise InvalidState(f"{channel}: a frame of more than {MAX_FRAME_VOXELS} voxels; ask an administrator")


def _region(channel: Channel) -> Box | None:
    """What the body restricts the work to; a side that it leaves out is the frame's."""
    body = fields.parse(Region, parsed_body(request))
    if not body.model_fields_set:
        return None
    frame = channel.experiment.frame
    start = _chosen((body.z_start, body.y_start, body.x_start), frame.start)
    stop = _chosen((body.z_stop, body.y_stop, body.x_stop), frame.stop)
    sides = zip(frame.start, start, stop, frame.stop, strict=True)
    if not all(low <= first < last <= high for low, first, last, high in sides):
        raise InvalidBox(f"{start} to {stop} in (z, y, x): must not be empty, and lie in the frame of {channel}")
    return Box(start, stop)


def _chosen(given: tuple[int | None, ...], otherwise: Point) -> Point:
    z, y, x = (limit if side is None else side for side, limit in zip(given, otherwise, strict=True))
    return z, y, x
