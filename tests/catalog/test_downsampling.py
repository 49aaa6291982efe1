"""Requests to downsample: what each may follow, what a write in between does, and how a job goes on or is given up."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import event

from bosslet.catalog.catalog import Catalog
from bosslet.catalog.downsampling import Downsampling, Place, Progress
from bosslet.catalog.records import Channel, DownsampleStatus
from bosslet.errors import InvalidState, JobCancelled, LostRace
from bosslet.geometry import Box
from tests.catalog.conftest import MakeChannel

PLACE = Place(3, 1, (4, 5, 6))


@pytest.fixture
def downsampling(catalog: Catalog) -> Downsampling:
    return catalog.downsampling


@pytest.fixture
def status(catalog: Catalog, channel: Channel) -> Callable[[], str]:
    return lambda: catalog.resources.channel("col", "exp", channel.name).downsample_status.value


def test_a_job_goes_from_the_queue_to_its_end(
    downsampling: Downsampling, channel: Channel, status: Callable[[], str]
) -> None:
    job = downsampling.request(channel)
    assert (status(), downsampling.waiting()) == ("QUEUED", [job])
    begun = downsampling.begin(job)
    assert (status(), begun.attempts, downsampling.waiting()) == ("IN_PROGRESS", 1, [begun])
    downsampling.check(begun)
    assert downsampling.finish(begun) is DownsampleStatus.DOWNSAMPLED
    assert (status(), downsampling.waiting(), downsampling.job(channel.id)) == ("DOWNSAMPLED", [], None)


def test_jobs_wait_in_the_order_of_the_requests(downsampling: Downsampling, make_channel: MakeChannel) -> None:
    channels = [make_channel(name) for name in "cab"]
    jobs = [downsampling.request(channel) for channel in reversed(channels)]
    downsampling.begin(jobs[1])
    assert [job.id for job in downsampling.waiting()] == [job.id for job in jobs]


def test_where_and_how_far_is_kept(downsampling: Downsampling, channel: Channel) -> None:
    region = Box((1, 2, 3), (40, 50, 60))
    job = downsampling.begin(downsampling.request(channel, region))
    assert (job.region, job.place, job.progress) == (region, None, Progress(0, 0))
    downsampling.advance(job, None, Progress(0, 20))
    assert downsampling.begin(job).attempts == 2
    downsampling.advance(job, PLACE, Progress(7, 20))
    kept = downsampling.job(channel.id)
    assert kept is not None
    assert (kept.region, kept.place, kept.progress, kept.attempts) == (region, PLACE, Progress(7, 20), 0)


def test_a_cancelled_job_cannot_be_worked_on_even_if_there_is_a_new_request(
    downsampling: Downsampling, catalog: Catalog, channel: Channel, status: Callable[[], str]
) -> None:
    job = downsampling.begin(downsampling.request(channel))
    downsampling.cancel(channel)
    assert (status(), downsampling.waiting()) == ("NOT_DOWNSAMPLED", [])
    new = downsampling.request(channel)
    for work in (
        lambda: downsampling.check(job),
        lambda: downsampling.begin(job),
        lambda: downsampling.advance(job, PLACE, Progress(1, 2)),
        lambda: downsampling.finish(job),
        lambda: downsampling.fail(job, "reason"),
    ):
        with pytest.raises(JobCancelled):
            work()
    assert (status(), downsampling.waiting()) == ("QUEUED", [new])


def test_only_what_is_pending_can_be_cancelled(
    downsampling: Downsampling, channel: Channel, status: Callable[[], str]
) -> None:
    with pytest.raises(InvalidState):
        downsampling.cancel(channel)
    downsampling.fail(downsampling.begin(downsampling.request(channel)), "no room")
    with pytest.raises(InvalidState):
        downsampling.cancel(channel)
    assert status() == "FAILED"


def test_a_failure_keeps_its_reason_until_the_next_request(
    downsampling: Downsampling, catalog: Catalog, channel: Channel, status: Callable[[], str]
) -> None:
    downsampling.fail(downsampling.begin(downsampling.request(channel)), "no room")
    failed = downsampling.job(channel.id)
    assert failed is not None
    assert (status(), failed.reason, downsampling.waiting()) == ("FAILED", "no room", [])
    again = downsampling.request(catalog.resources.channel("col", "exp", "ch"))
    assert again.id > failed.id
    assert (again.reason, again.attempts) == ("", 0)


def test_of_two_requests_at_the_same_moment_one_is_refused(downsampling: Downsampling, channel: Channel) -> None:
    job = downsampling.request(channel)
    with pytest.raises(LostRace):
        downsampling.request(channel)
    assert downsampling.waiting() == [job]


def test_a_write_spoils_what_is_done_or_in_progress_and_nothing_else(
    downsampling: Downsampling, catalog: Catalog, channel: Channel, status: Callable[[], str]
) -> None:
    def write(expected: str) -> None:
        downsampling.note_write(channel.id)
        assert status() == expected

    write("NOT_DOWNSAMPLED")
    job = downsampling.request(channel)
    write("QUEUED")
    job = downsampling.begin(job)
    assert not job.stale
    write("IN_PROGRESS")
    assert downsampling.begin(job).stale  # also for whoever goes on with it
    assert downsampling.finish(job) is DownsampleStatus.NOT_DOWNSAMPLED
    assert status() == "NOT_DOWNSAMPLED"
    job = downsampling.begin(downsampling.request(channel))
    assert downsampling.finish(job) is DownsampleStatus.DOWNSAMPLED
    write("NOT_DOWNSAMPLED")
    downsampling.fail(downsampling.begin(downsampling.request(channel)), "no room")
    write("FAILED")
    catalog.resources.set_downsample_status(channel.id, DownsampleStatus.DOWNSAMPLED)
    write("NOT_DOWNSAMPLED")
    catalog.resources.set_downsample_status(channel.id, DownsampleStatus.IN_PROGRESS)
    downsampling.note_write(999)


def test_a_write_that_changes_no_status_takes_no_lock(
    downsampling: Downsampling, catalog: Catalog, channel: Channel
) -> None:
    statements: list[str] = []
    engine = catalog._database._engine
    event.listen(engine, "before_cursor_execute", lambda *event: statements.append(event[2]))
    downsampling.note_write(channel.id)
    assert len(statements) == 1
    downsampling.begin(downsampling.request(channel))
    downsampling.note_write(channel.id)
    statements.clear()
    downsampling.note_write(channel.id)
    assert len(statements) == 1


def test_jobs_go_with_their_channel(downsampling: Downsampling, catalog: Catalog, channel: Channel) -> None:
    job = downsampling.begin(downsampling.request(channel))
    catalog.resources.forget_channel(channel)
    assert downsampling.waiting() == []
    with pytest.raises(JobCancelled):
        downsampling.check(job)
