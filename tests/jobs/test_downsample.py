"""Pyramids, compared voxel by voxel with a computation that shares nothing with the one under test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bosslet.catalog.downsampling import Progress
from bosslet.catalog.records import Channel, DownsampleStatus
from bosslet.datastore import Datastore
from bosslet.errors import JobCancelled, StorageError, UnreadableBlock
from bosslet.geometry import Box
from bosslet.jobs.downsample import MAX_ATTEMPTS, downsample
from bosslet.volume.image import LEVELS
from tests.jobs.conftest import SAMPLES, STOP, MakeChannel, assert_levels, fill, voxels_of

ROOT = Path(__file__).parent.parent.parent
EVERYWHERE = Box((3, 5, 7), STOP)
HERE_AND_THERE = [Box((3, 5, 7), (6, 9, 11)), Box((10, 13, 18), (13, 25, 34)), Box((8, 26, 7), (9, 28, 9))]


def run(datastore: Datastore, channel: Channel) -> DownsampleStatus:
    known = datastore.catalog.resources.channel(channel.experiment.collection.name, "exp", "ch")
    return downsample(datastore, channel, datastore.catalog.downsampling.request(known))


def status(datastore: Datastore, channel: Channel) -> DownsampleStatus:
    return datastore.catalog.resources.channel(channel.experiment.collection.name, "exp", "ch").downsample_status


def paths(datastore: Datastore, channel: Channel, *, iso: bool = False) -> list[str]:
    """The levels that the OME-Zarr metadata lists."""
    folder = datastore.uploads / channel.path / ("iso" if iso else "")
    listed = json.loads((folder / "zarr.json").read_text())["attributes"]["ome"]["multiscales"][0]["datasets"]
    return [level["path"] for level in listed]


@pytest.mark.parametrize("method", ["isotropic", "anisotropic"])
@pytest.mark.parametrize(
    ("dtype", "labels"),
    [("uint8", False), ("uint16", False), ("uint32", False), ("uint64", False), ("uint64", True)],
)
def test_every_level_of_a_full_channel_is_right(
    datastore: Datastore, make_channel: MakeChannel, method: str, dtype: str, labels: bool
) -> None:
    channel = make_channel(dtype=dtype, labels=labels, hierarchy_method=method)
    fill(datastore, channel, EVERYWHERE)
    assert run(datastore, channel) is DownsampleStatus.DOWNSAMPLED
    assert status(datastore, channel) is DownsampleStatus.DOWNSAMPLED
    assert_levels(datastore, channel)
    assert paths(datastore, channel) == ["0", "1", "2", "3"]
    if method == "anisotropic":
        assert paths(datastore, channel, iso=True) == ["2", "3"]
    else:
        assert not (datastore.uploads / channel.path / "iso").exists()


@pytest.mark.parametrize("labels", [False, True])
def test_a_sparse_channel_stays_sparse(datastore: Datastore, make_channel: MakeChannel, labels: bool) -> None:
    channel = make_channel(dtype="uint64", labels=labels)
    fill(datastore, channel, *HERE_AND_THERE)
    run(datastore, channel)
    assert_levels(datastore, channel)
    assert len(datastore.image(channel).level(0).stored_blocks()) == SAMPLES * 6
    assert {block for _, block in datastore.image(channel).level(1).stored_blocks()} <= {
        *((0, 0, 0), (1, 0, 0), (1, 0, 1), (1, 1, 0), (1, 1, 1))
    }


def test_a_channel_without_a_voxel_has_its_levels_and_no_block(datastore: Datastore, make_channel: MakeChannel) -> None:
    channel = make_channel()
    assert run(datastore, channel) is DownsampleStatus.DOWNSAMPLED
    assert paths(datastore, channel) == ["0", "1", "2", "3"]
    assert not any(datastore.image(channel).level(level).stored_blocks() for level in range(4))


def test_what_is_gone_from_the_base_goes_from_every_level(datastore: Datastore, make_channel: MakeChannel) -> None:
    channel = make_channel()
    image = datastore.image(channel)
    fill(datastore, channel, EVERYWHERE)
    run(datastore, channel)
    image.level(0).clear(range(SAMPLES), Box((0, 0, 0), (8, 24, 32)))
    datastore.catalog.downsampling.note_write(channel.id)
    run(datastore, channel)
    assert_levels(datastore, channel)
    image.level(0).clear(range(SAMPLES), Box.of(STOP))
    datastore.catalog.downsampling.note_write(channel.id)
    run(datastore, channel)
    left = [image.level(level, iso=iso).stored_blocks() for level in range(4) for iso in (False, True)]
    assert left == [[]] * 8


def test_what_clients_wrote_to_the_first_level_is_replaced_even_past_its_end(
    datastore: Datastore, make_channel: MakeChannel
) -> None:
    channel = make_channel()
    fill(datastore, channel, Box((3, 5, 7), (9, 9, 9)))
    first = datastore.image(channel).create_level(1)
    first.write(range(SAMPLES), Box.of(STOP), np.full((SAMPLES, *STOP), 77, np.uint8))
    run(datastore, channel)
    assert_levels(datastore, channel)
    assert not first.read(range(SAMPLES), Box((0, 15, 0), STOP)).any()
    assert not first.read(range(SAMPLES), Box((0, 0, 17), STOP)).any()


def test_levels_are_counted_from_the_base(datastore: Datastore, make_channel: MakeChannel) -> None:
    channel = make_channel(base=1)
    fill(datastore, channel, Box((3, 5, 7), (13, 15, 17)))
    run(datastore, channel)
    assert_levels(datastore, channel)
    assert paths(datastore, channel) == ["1", "2", "3"]


def test_an_isotropic_pyramid_that_should_begin_under_the_base_begins_at_it(
    datastore: Datastore, make_channel: MakeChannel
) -> None:
    channel = make_channel(base=3, num_hierarchy_levels=5)
    fill(datastore, channel, Box((3, 1, 1), (13, 4, 5)))
    run(datastore, channel)
    base = voxels_of(datastore, channel, 3).astype(int)
    pairs = [base[:, first : first + 2] for first in range(0, 13, 2)]
    once = np.stack([(2 * pair.sum(axis=1) + pair.shape[1]) // (2 * pair.shape[1]) for pair in pairs], axis=1)
    pairs = [once[:, first : first + 2] for first in range(0, 7, 2)]
    twice = np.stack([(2 * pair.sum(axis=1) + pair.shape[1]) // (2 * pair.shape[1]) for pair in pairs], axis=1)
    np.testing.assert_array_equal(voxels_of(datastore, channel, 3, iso=True), twice)
    assert voxels_of(datastore, channel, 4, iso=True).shape == (SAMPLES, 2, 2, 3)
    assert paths(datastore, channel, iso=True) == ["3", "4"]


def test_levels_that_nobody_can_ask_for_are_not_made(datastore: Datastore, make_channel: MakeChannel) -> None:
    channel = make_channel(num_hierarchy_levels=2**31 - 1)
    fill(datastore, channel, *HERE_AND_THERE)
    assert run(datastore, channel) is DownsampleStatus.DOWNSAMPLED
    assert paths(datastore, channel) == [str(level) for level in LEVELS]


def test_a_region_is_made_and_the_rest_left(datastore: Datastore, make_channel: MakeChannel) -> None:
    channel = make_channel()
    fill(datastore, channel, EVERYWHERE)
    region = Box((0, 0, 0), (8, 12, 16))
    job = datastore.catalog.downsampling.request(channel, region)
    downsample(datastore, channel, job)
    image = datastore.image(channel)
    made = image.level(1).stored_blocks()
    assert made == [(time, (0, 0, 0)) for time in range(SAMPLES)]
    assert image.level(1).read(range(1), Box((7, 11, 15), (8, 12, 16))).any()


def test_progress_is_reported_and_ends_where_it_said(datastore: Datastore, make_channel: MakeChannel) -> None:
    channel = make_channel()
    fill(datastore, channel, EVERYWHERE)
    reports: list[Progress] = []
    downsample(datastore, channel, datastore.catalog.downsampling.request(channel), reports.append)
    assert [report.done for report in reports] == list(range(1, len(reports) + 1))
    assert {report.total for report in reports} == {len(reports)}


def test_cancelled_work_stops_at_the_next_block(datastore: Datastore, make_channel: MakeChannel) -> None:
    channel = make_channel()
    fill(datastore, channel, EVERYWHERE)
    reports: list[Progress] = []

    def cancel_after_two(progress: Progress) -> None:
        reports.append(progress)
        if progress.done == 2:
            datastore.catalog.downsampling.cancel(channel)

    with pytest.raises(JobCancelled):
        downsample(datastore, channel, datastore.catalog.downsampling.request(channel), cancel_after_two)
    assert len(reports) == 2
    assert status(datastore, channel) is DownsampleStatus.NOT_DOWNSAMPLED
    assert run(datastore, channel) is DownsampleStatus.DOWNSAMPLED
    assert_levels(datastore, channel)


def test_a_write_while_the_work_goes_on_is_not_passed_over(datastore: Datastore, make_channel: MakeChannel) -> None:
    channel = make_channel()
    fill(datastore, channel, EVERYWHERE)

    def write_after_two(progress: Progress) -> None:
        if progress.done == 2:
            fill(datastore, channel, Box((3, 5, 7), (6, 9, 11)), seed=1)
            datastore.catalog.downsampling.note_write(channel.id)

    job = datastore.catalog.downsampling.request(channel)
    assert downsample(datastore, channel, job, write_after_two) is DownsampleStatus.NOT_DOWNSAMPLED
    assert status(datastore, channel) is DownsampleStatus.NOT_DOWNSAMPLED
    assert run(datastore, channel) is DownsampleStatus.DOWNSAMPLED
    assert_levels(datastore, channel)


def test_a_block_that_cannot_be_read_fails_the_job_and_is_named(
    datastore: Datastore, make_channel: MakeChannel
) -> None:
    channel = make_channel()
    fill(datastore, channel, EVERYWHERE)
    block = datastore.uploads / channel.path / "0" / "c" / "1" / "0" / "1" / "2"
    whole = block.read_bytes()
    for damage in (lambda: block.write_bytes(whole[:-7]), block.unlink):
        damage()
        with pytest.raises(UnreadableBlock):
            run(datastore, channel)
        assert status(datastore, channel) is DownsampleStatus.FAILED
        job = datastore.catalog.downsampling.job(channel.id)
        assert job is not None
        assert f"{channel.path}/0 0:8," in job.reason
    block.write_bytes(whole)
    assert run(datastore, channel) is DownsampleStatus.DOWNSAMPLED
    assert_levels(datastore, channel)


def test_work_that_is_always_killed_at_the_same_place_fails(datastore: Datastore, make_channel: MakeChannel) -> None:
    channel = make_channel()
    job = datastore.catalog.downsampling.request(channel)
    for _ in range(MAX_ATTEMPTS):
        datastore.catalog.downsampling.begin(job)
    with pytest.raises(StorageError, match="killed 3 times"):
        downsample(datastore, channel, job)
    assert status(datastore, channel) is DownsampleStatus.FAILED


KILLED = """
import os, signal, sys
from bosslet.datastore import Datastore
from bosslet.jobs import downsample
from bosslet.jobs.steps import Step

downsample.SECONDS_BETWEEN_NOTES = 0.0
make, made = Step.make, []

def make_some(self, target, pause):
    if len(made) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    make(self, target, pause)
    made.append(target)

Step.make = make_some
datastore = Datastore.open(sys.argv[1])
channel = datastore.catalog.resources.channel("em", "exp", "ch")
job = datastore.catalog.downsampling.job(channel.id)
print(downsample.downsample(datastore, channel, job), len(made))
"""


def test_work_that_is_killed_goes_on_where_it_was_to_the_same_end(
    datastore: Datastore, make_channel: MakeChannel
) -> None:
    channel = make_channel(dtype="uint64", labels=True)
    fill(datastore, channel, EVERYWHERE)
    datastore.catalog.downsampling.request(channel)

    def start(blocks: int) -> tuple[int, str]:
        command = [sys.executable, "-c", KILLED, str(datastore.uploads), str(blocks)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, timeout=60, check=False)
        return done.returncode, done.stdout

    for _ in range(3):  # somewhere in level 1, in level 2, and further on
        assert start(8) == (-signal.SIGKILL, "")
        assert status(datastore, channel) is DownsampleStatus.IN_PROGRESS
    code, said = start(10**6)
    assert code == 0
    state, made = said.split()
    total = sum(
        len(datastore.image(channel).level(level, iso=iso).stored_blocks())
        for level, iso in [(1, False), (2, False), (2, True), (3, False), (3, True)]
    )
    assert (state, int(made)) == ("DOWNSAMPLED", total - 3 * 8)
    assert_levels(datastore, channel)
