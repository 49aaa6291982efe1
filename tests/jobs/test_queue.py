"""The process that works for servers: that there is one, that it can be killed, and that nothing is lost with it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bosslet import app, config
from bosslet.catalog.catalog import Catalog
from bosslet.catalog.downsampling import Progress
from bosslet.catalog.records import Channel, DownsampleStatus
from bosslet.cli import main
from bosslet.datastore import Datastore
from bosslet.errors import InvalidState, StorageError
from bosslet.geometry import Box
from bosslet.jobs import queue
from bosslet.jobs.locks import lock_file, open_lock, try_to_lock
from bosslet.jobs.queue import downsample_now, ensure_runner, stop_runner
from tests.jobs.conftest import SAMPLES, STOP, MakeChannel, assert_levels, fill, voxels_of

SOME = Box((3, 5, 7), (10, 20, 30))
BLOCKS, LAST = SAMPLES * 8, (1, 1, 1)
"""Of level 1, when the channel is full: how many, and the index of the last."""


@pytest.fixture(autouse=True)
def nothing_goes_on(datastore: Datastore) -> Iterator[None]:
    yield
    stop_runner(datastore.uploads)


def known(datastore: Datastore, channel: Channel) -> Channel:
    return datastore.catalog.resources.channel(channel.experiment.collection.name, "exp", "ch")


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ended(datastore: Datastore, channel: Channel) -> Callable[[], bool]:
    return lambda: known(datastore, channel).downsample_status not in {"QUEUED", "IN_PROGRESS"}


def runner(datastore: Datastore) -> int | None:
    """The process, if there is one and it has said so."""
    with open_lock(lock_file(datastore.uploads, queue.RUNNER)) as lock:
        return None if try_to_lock(lock) else int(os.pread(lock, 32, 0) or 0) or None


@contextmanager
def stuck_at_the_last_block_of_level_1(datastore: Datastore, channel: Channel) -> Iterator[None]:
    """Work on a channel that is full is begun, and has to wait before that block until the context is left."""
    first = datastore.image(channel).level(1)
    begun = datastore.catalog.downsampling.waiting()[0].attempts
    with first.locked(SAMPLES - 1, LAST):
        ensure_runner(datastore)
        wait_until(lambda: datastore.catalog.downsampling.waiting()[0].attempts > begun)
        wait_until(lambda: len(first.stored_blocks()) >= BLOCKS - 3)
        yield


def test_nothing_is_started_or_made_when_nothing_waits(datastore: Datastore, make_channel: MakeChannel) -> None:
    make_channel()
    ensure_runner(datastore)
    assert not (datastore.uploads / ".jobs").exists()


def test_the_runner_finds_the_store_whatever_the_settings(
    datastore: Datastore, make_channel: MakeChannel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BOSSLET_CATALOG_URL", "sqlite:////nowhere/else.db")
    monkeypatch.setenv("BOSSLET_PORT", "not a port")
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.chdir(tmp_path)
    channel = make_channel()
    fill(datastore, channel, SOME)
    datastore.catalog.downsampling.request(channel)
    for _ in range(3):
        ensure_runner(datastore)
    wait_until(ended(datastore, channel))
    assert known(datastore, channel).downsample_status is DownsampleStatus.DOWNSAMPLED
    assert_levels(datastore, channel)
    wait_until(lambda: runner(datastore) is None)


def test_a_catalog_elsewhere_is_found(tmp_path: Path, make_channel: MakeChannel, datastore: Datastore) -> None:
    url = f"sqlite:///{tmp_path}/elsewhere.db"
    datastore.catalog = Catalog.open(url)
    datastore.prepare()
    channel = make_channel("other")
    datastore.catalog.downsampling.request(channel)
    ensure_runner(datastore)
    wait_until(ended(datastore, channel))
    datastore.catalog.close()


def test_killed_and_started_again_it_comes_to_the_same_end(datastore: Datastore, make_channel: MakeChannel) -> None:
    channel = make_channel(dtype="uint64", labels=True)
    fill(datastore, channel, Box((3, 5, 7), STOP))
    datastore.catalog.downsampling.request(channel)
    for _ in range(2):
        with stuck_at_the_last_block_of_level_1(datastore, channel):
            pid = runner(datastore)
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: runner(datastore) is None)
        assert known(datastore, channel).downsample_status is DownsampleStatus.IN_PROGRESS
    ensure_runner(datastore)
    wait_until(ended(datastore, channel))
    assert known(datastore, channel).downsample_status is DownsampleStatus.DOWNSAMPLED
    assert_levels(datastore, channel)


def test_a_server_that_starts_takes_up_what_waits(
    datastore: Datastore, make_channel: MakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = make_channel()
    datastore.catalog.downsampling.begin(datastore.catalog.downsampling.request(channel))
    monkeypatch.setattr(app, "open_datastore", lambda settings: datastore)
    app.create_app(settings=config.load(auth="open"))
    wait_until(ended(datastore, channel))
    assert known(datastore, channel).downsample_status is DownsampleStatus.DOWNSAMPLED


def test_cancelled_it_stops_and_ends(datastore: Datastore, make_channel: MakeChannel) -> None:
    channel = make_channel()
    fill(datastore, channel, Box((3, 5, 7), STOP))
    datastore.catalog.downsampling.request(channel)
    with stuck_at_the_last_block_of_level_1(datastore, channel):
        datastore.catalog.downsampling.cancel(channel)
    wait_until(lambda: runner(datastore) is None)
    assert known(datastore, channel).downsample_status is DownsampleStatus.NOT_DOWNSAMPLED
    assert datastore.image(channel).level(2).stored_blocks() == []


def test_two_processes_never_work_on_one_channel(datastore: Datastore, make_channel: MakeChannel) -> None:
    channel = make_channel()
    fill(datastore, channel, SOME)

    def interfere(progress: Progress) -> None:
        with pytest.raises(InvalidState, match="another process"):
            downsample_now(datastore, channel, lambda progress: None)
        queue.work_off(datastore)
        assert known(datastore, channel).downsample_status is DownsampleStatus.IN_PROGRESS

    assert downsample_now(datastore, channel, interfere) is DownsampleStatus.DOWNSAMPLED
    assert_levels(datastore, channel)


def test_a_failed_channel_does_not_keep_the_others_waiting(datastore: Datastore, make_channel: MakeChannel) -> None:
    bad, good = make_channel("bad"), make_channel("good")
    for channel in (bad, good):
        fill(datastore, channel, SOME)
        datastore.catalog.downsampling.request(channel)
    (datastore.uploads / bad.path / "0/c/0/0/0/0").write_bytes(b"damaged")
    queue.work_off(datastore)
    assert known(datastore, bad).downsample_status is DownsampleStatus.FAILED
    assert known(datastore, good).downsample_status is DownsampleStatus.DOWNSAMPLED


def test_a_runner_that_cannot_be_started_leaves_the_request_waiting(
    datastore: Datastore, make_channel: MakeChannel
) -> None:
    channel = make_channel()
    datastore.catalog.downsampling.request(channel)
    (datastore.uploads / ".jobs").write_bytes(b"in the way")
    with pytest.raises(StorageError, match="cannot start"):
        ensure_runner(datastore)
    (datastore.uploads / ".jobs").unlink()
    assert len(datastore.catalog.downsampling.waiting()) == 1


def bosslet(datastore: Datastore, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--uploads", str(datastore.uploads)], catch_exceptions=False)


def test_the_command_does_it_in_the_foreground(datastore: Datastore, make_channel: MakeChannel) -> None:
    channel = make_channel()
    fill(datastore, channel, Box((3, 5, 7), STOP))
    result = bosslet(datastore, "downsample", "em/exp/ch")
    assert result.exit_code == 0
    assert "em/exp/ch" in result.output
    assert_levels(datastore, channel)
    assert len(voxels_of(datastore, channel, 1)) == SAMPLES


def test_the_command_goes_on_with_what_a_server_left(datastore: Datastore, make_channel: MakeChannel) -> None:
    channel = make_channel()
    job = datastore.catalog.downsampling.begin(datastore.catalog.downsampling.request(channel))
    assert bosslet(datastore, "downsample", "em/exp/ch").exit_code == 0
    assert datastore.catalog.downsampling.job(job.channel_id) is None


def test_what_the_command_refuses_is_one_line(datastore: Datastore, make_channel: MakeChannel) -> None:
    channel = make_channel()
    for names in ("em/exp", "em/exp/ch/0", "em/exp/other"):
        assert bosslet(datastore, "downsample", names).exit_code == 2
    fill(datastore, channel, SOME)
    (datastore.uploads / channel.path / "0/c/0/0/0/0").write_bytes(b"damaged")
    result = bosslet(datastore, "downsample", "em/exp/ch")
    assert result.exit_code == 2
    assert "em/exp/ch/0" in result.stderr
    assert CliRunner().invoke(main, ["downsample", "em/exp/ch", "--uploads", "/nowhere"]).exit_code == 2


def test_a_write_meanwhile_is_a_status_of_its_own(
    datastore: Datastore, make_channel: MakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_channel()
    monkeypatch.setattr(queue, "downsample", lambda *_: DownsampleStatus.NOT_DOWNSAMPLED)
    result = bosslet(datastore, "downsample", "em/exp/ch")
    assert result.exit_code == 1
    assert "run this again" in result.stderr
