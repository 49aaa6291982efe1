"""Which channels are to be downsampled, how far that is, and whether the outcome still holds.

The state that clients see is the channel's ``downsample_status``; a *job* is what is known beside it while work is
asked for, done, or has failed. A new request is a new job with a new id: whoever works on an older one finds it gone,
which is how work is cancelled. Nothing is ordered by a clock; whether somebody works is told by a lock (``jobs``).

A write to the channel while a job is in progress makes that job *stale*: its end is NOT_DOWNSAMPLED, just as a write
after the end would have it. Writers say so after their voxels are stored, and a job is IN_PROGRESS before it reads the
first one, so no write can fall between.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from bosslet.catalog.database import Section
from bosslet.catalog.lookup import channel_of
from bosslet.catalog.records import Channel, DownsampleStatus
from bosslet.catalog.schema import ChannelRow, DownsampleJobRow
from bosslet.errors import InvalidState, JobCancelled, LostRace, NotFound
from bosslet.geometry import Box, Point

PENDING = (DownsampleStatus.QUEUED, DownsampleStatus.IN_PROGRESS)
"""While a channel is in one of these, somebody works on it or is going to."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """How far a job is: everything up to this block is done. The work goes in the order of places."""

    step: int
    time: int
    block: Point


@dataclass(frozen=True, slots=True)
class Progress:
    """Blocks that are done, and how many there are to do."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class DownsampleJob:
    """One request to make the pyramid of a channel."""

    id: int
    channel_id: int
    region: Box | None
    """Where to make it anew, at level 0; None is everywhere."""
    place: Place | None
    progress: Progress
    attempts: int
    """How often the work was begun since it last got anywhere."""
    stale: bool
    reason: str
    """Why it failed."""


class Downsampling(Section):
    """What can be asked of, and done to, the downsampling of channels."""

    def request(self, channel: Channel, region: Box | None = None) -> DownsampleJob:
        """Queue the channel, behind those that wait already.

        Raises:
            LostRace: its status is no longer what the record says.
        """
        described = json.dumps([*region.start, *region.stop]) if region else None
        with self._database.write() as connection:
            if not _change(connection, channel.id, [channel.downsample_status], DownsampleStatus.QUEUED):
                raise LostRace(f"{channel} is no longer {channel.downsample_status}")
            _forget(connection, channel.id)
            connection.execute(insert(DownsampleJobRow).values(channel_id=channel.id, region=described))
            return _job(connection.execute(_JOB, {"channel_id": channel.id}).one())

    def cancel(self, channel: Channel) -> None:
        """Give up a request; raises InvalidState where there is none."""
        with self._database.write() as connection:
            if not _change(connection, channel.id, PENDING, DownsampleStatus.NOT_DOWNSAMPLED):
                raise InvalidState(f"{channel} is not being downsampled")
            _forget(connection, channel.id)

    def waiting(self) -> list[DownsampleJob]:
        """All that are to be done, or were being done when last heard of, in the order of the requests."""
        with self._database.read() as connection:
            return [_job(row) for row in connection.execute(_WAITING)]

    def job(self, channel_id: int) -> DownsampleJob | None:
        """The channel's job, if it has one."""
        with self._database.read() as connection:
            row = connection.execute(_JOB, {"channel_id": channel_id}).first()
        return _job(row) if row is not None else None

    def channel(self, job: DownsampleJob) -> Channel:
        """The channel that a job is about, under whatever name; raises JobCancelled if it is gone."""
        try:
            with self._database.read() as connection:
                return channel_of(connection, job.channel_id)
        except NotFound as error:
            raise JobCancelled(f"job {job.id}") from error

    def begin(self, job: DownsampleJob) -> DownsampleJob:
        """Say that work starts, or starts again; to be called before the first voxel is read. Raises JobCancelled."""
        with self._database.write() as connection:
            _require(connection, job, attempts=DownsampleJobRow.attempts + 1)
            _change(connection, job.channel_id, PENDING, DownsampleStatus.IN_PROGRESS)
            return _job(connection.execute(_JOB, {"channel_id": job.channel_id}).one())

    def check(self, job: DownsampleJob) -> None:
        """Pass silently, or raise JobCancelled."""
        with self._database.read() as connection:
            if connection.scalar(_EXISTS, {"job_id": job.id}) is None:
                raise JobCancelled(f"job {job.id}")

    def advance(self, job: DownsampleJob, place: Place | None, progress: Progress) -> None:
        """Keep how far it is, so that it can go on from there; raises JobCancelled."""
        described = json.dumps([place.step, place.time, *place.block]) if place else None
        with self._database.write() as connection:
            values: dict[str, Any] = {"attempts": 0} if place else {}
            _require(connection, job, place=described, done=progress.done, total=progress.total, **values)

    def finish(self, job: DownsampleJob) -> DownsampleStatus:
        """The status at the end: NOT_DOWNSAMPLED if somebody wrote meanwhile. Raises JobCancelled."""
        with self._database.write() as connection:
            _require(connection, job, attempts=0)
            stale = connection.scalar(select(DownsampleJobRow.stale).where(DownsampleJobRow.id == job.id))
            status = DownsampleStatus.NOT_DOWNSAMPLED if stale else DownsampleStatus.DOWNSAMPLED
            _change(connection, job.channel_id, PENDING, status)
            _forget(connection, job.channel_id)
        return status

    def fail(self, job: DownsampleJob, reason: str) -> None:
        """Keep why it cannot be done; raises JobCancelled."""
        with self._database.write() as connection:
            _require(connection, job, reason=reason)
            _change(connection, job.channel_id, PENDING, DownsampleStatus.FAILED)

    def note_write(self, channel_id: int) -> None:
        """Levels above no longer show what is stored. Asked after every write: takes no lock when nothing changes."""
        with self._database.read() as connection:
            found = connection.execute(_STATE, {"channel_id": channel_id}).first()
        if found is None or not _spoilt_by_a_write(*found):
            return
        with self._database.write() as connection:
            done = [DownsampleStatus.DOWNSAMPLED]
            _change(connection, channel_id, done, DownsampleStatus.NOT_DOWNSAMPLED)
            connection.execute(
                update(DownsampleJobRow).where(DownsampleJobRow.channel_id == channel_id).values(stale=True)
            )


_EXISTS = select(DownsampleJobRow.id).where(DownsampleJobRow.id == bindparam("job_id"))
_JOBS = select(*DownsampleJobRow.__table__.columns)
_JOB = _JOBS.where(DownsampleJobRow.channel_id == bindparam("channel_id"))
_WAITING = (
    _JOBS.join(ChannelRow, ChannelRow.id == DownsampleJobRow.channel_id)
    .where(ChannelRow.downsample_status.in_([str(status) for status in PENDING]))
    .order_by(DownsampleJobRow.id)
)
_STATE = (
    select(ChannelRow.downsample_status, DownsampleJobRow.stale)
    .outerjoin(DownsampleJobRow, DownsampleJobRow.channel_id == ChannelRow.id)
    .where(ChannelRow.id == bindparam("channel_id"))
)


def _spoilt_by_a_write(status: str, stale: bool | None) -> bool:
    return status == DownsampleStatus.DOWNSAMPLED or (status == DownsampleStatus.IN_PROGRESS and stale is False)


def _change(
    connection: Connection,
    channel_id: int,
    expected: list[DownsampleStatus] | tuple[DownsampleStatus, ...],
    status: DownsampleStatus,
) -> bool:
    """Set the channel's status if it is one of these; whether it was."""
    known = [str(each) for each in expected]
    where = (ChannelRow.id == channel_id) & ChannelRow.downsample_status.in_(known)
    return connection.execute(update(ChannelRow).where(where).values(downsample_status=str(status))).rowcount == 1


def _require(connection: Connection, job: DownsampleJob, **values: Any) -> None:  # noqa: ANN401 - columns
    """Change the job's row, which must still be there."""
    if connection.execute(update(DownsampleJobRow).where(DownsampleJobRow.id == job.id).values(values)).rowcount != 1:
        raise JobCancelled(f"job {job.id}")


def _forget(connection: Connection, channel_id: int) -> None:
    connection.execute(delete(DownsampleJobRow).where(DownsampleJobRow.channel_id == channel_id))


def _job(row: Any) -> DownsampleJob:  # noqa: ANN401 - a row of _JOBS
    return DownsampleJob(
        id=row.id,
        channel_id=row.channel_id,
        region=_region(row.region),
        place=_place(row.place),
        progress=Progress(row.done, row.total),
        attempts=row.attempts,
        stale=row.stale,
        reason=row.reason,
    )


def _region(text: str | None) -> Box | None:
    if text is None:
        return None
    z, y, x, z_stop, y_stop, x_stop = json.loads(text)
    return Box((z, y, x), (z_stop, y_stop, x_stop))


def _place(text: str | None) -> Place | None:
    if text is None:
        return None
    step, time, z, y, x = json.loads(text)
    return Place(step, time, (z, y, x))
