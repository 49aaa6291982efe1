"""Make the pyramid of a channel: all levels above its base, at every time sample, visiting stored blocks only.

Images are averaged, labels vote (``reduce``). How far the work is is kept in the catalog about once a second; whoever
takes the job up later goes on from there and comes to the same result, since making a block again does no harm.

Reads of the channel never wait for this. Writes are seen or not; one that comes while the work goes on makes the end
NOT_DOWNSAMPLED (``catalog.downsampling``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import floordiv
from time import monotonic

from bosslet.catalog.downsampling import DownsampleJob, Downsampling, Place, Progress
from bosslet.catalog.records import Channel, DownsampleStatus
from bosslet.datastore import Datastore
from bosslet.errors import StorageError
from bosslet.jobs.steps import Step, Target, steps

SECONDS_BETWEEN_NOTES = 1.0
MAX_ATTEMPTS = 3
"""How often work is begun that then gets nowhere, because the process was killed, before the job counts as failed."""

Report = Callable[[Progress], None]


def downsample(
    datastore: Datastore, channel: Channel, job: DownsampleJob, report: Report = lambda progress: None
) -> DownsampleStatus:
    """Do the job from where it was left, and say how it ended; that nobody else does it, the caller sees to.

    Raises:
        JobCancelled: it was given up meanwhile; blocks that are made already stay.
        StorageError: a block could not be read or written; the job has failed, and keeps the reason.
    """
    jobs = datastore.catalog.downsampling
    job = jobs.begin(job)
    with _kept_failure(jobs, job):
        if job.attempts > MAX_ATTEMPTS:
            raise StorageError(f"{channel}: downsampling was killed {MAX_ATTEMPTS} times at the same place")
        _Work(datastore, channel, job, report).run()
    return jobs.finish(job)


@contextmanager
def _kept_failure(jobs: Downsampling, job: DownsampleJob) -> Iterator[None]:
    try:
        yield
    except StorageError as error:
        jobs.fail(job, str(error))
        raise


class _Work:
    """One run of a job."""

    def __init__(self, datastore: Datastore, channel: Channel, job: DownsampleJob, report: Report) -> None:
        self.jobs = datastore.catalog.downsampling
        self.image = datastore.image(channel)
        self.base = channel.base_resolution
        self.steps = steps(self.image, self.base, channel.experiment.num_hierarchy_levels)
        self.job = job
        self.report = report
        self.done = 0
        self.noted = monotonic()

    def run(self) -> None:
        expected = self._expected()
        if self.job.place is None:
            self.jobs.advance(self.job, None, Progress(0, sum(expected)))
        for number, step in enumerate(self.steps):
            self.image.create_level(step.resolution, iso=step.iso)
            if self.job.place is not None and number < self.job.place.step:
                self.done += expected[number]
                continue
            targets = step.targets(self.job.region)
            expected[number] = len(targets)
            self._take(number, step, targets, sum(expected))

    def _take(self, number: int, step: Step, targets: list[Target], total: int) -> None:
        """One step, without the blocks that are made already."""
        for target in targets:
            place = Place(number, target.time, target.block)
            if self.job.place is None or place > self.job.place:
                step.make(target, pause=lambda: self.jobs.check(self.job))
            self.done += 1
            self._note(place, Progress(self.done, total), last=target is targets[-1])

    def _note(self, place: Place, progress: Progress, *, last: bool) -> None:
        self.report(progress)
        if last or monotonic() - self.noted >= SECONDS_BETWEEN_NOTES:
            self.noted = monotonic()
            self.jobs.advance(self.job, place, progress)

    def _expected(self) -> list[int]:
        """About how many blocks each step will make, told from what is stored at the base."""
        stored = self.image.level(self.base).stored_blocks()
        base_scale = self.image.pyramid.scale(self.base)
        shrinks = [[up // by for up, by in zip(step.scale, base_scale, strict=True)] for step in self.steps]
        return [len({(time, *map(floordiv, block, shrink)) for time, block in stored}) for shrink in shrinks]
