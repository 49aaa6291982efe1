"""The work that requests ask for, done one channel after the other by one process of its own.

That process is the *runner*. Whoever finds something waiting calls ``ensure_runner``: a request, a server that starts,
somebody who asks how far it is. It is a fresh interpreter, never a fork, since TensorStore has threads in the worker
that answers the request; it survives the worker and the server, and holds a lock by which it is known to live. If it
dies, the next call starts another, which goes on where the first one was.

A request is in the catalog before the lock is tried, and the runner looks into the catalog once more after it has given
the lock back: so no request can be missed between the two.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import sleep

import bosslet
from bosslet.catalog.downsampling import DownsampleJob
from bosslet.catalog.records import Channel, DownsampleStatus
from bosslet.datastore import Datastore
from bosslet.errors import InvalidState, JobCancelled, MarkedForDeletion, StorageError
from bosslet.jobs.downsample import Report, downsample
from bosslet.jobs.locks import FOLDER, lock_file, open_lock, try_to_lock, unlock

log = logging.getLogger(__name__)

RUNNER = "runner"
LOG_FILE = "runner.log"
MAX_LOG_BYTES = 1 << 20
NICENESS = 10


def ensure_runner(datastore: Datastore) -> None:
    """See that somebody works on what waits; returns at once, and does nothing when somebody does or nothing waits.

    Raises:
        StorageError: a runner cannot be started; what waits goes on waiting.
    """
    if not datastore.catalog.downsampling.waiting():
        return
    try:
        with open_lock(lock_file(datastore.uploads, RUNNER)) as lock:
            if try_to_lock(lock):
                os.ftruncate(lock, 0)
                _start(datastore, lock)
    except OSError as error:
        raise StorageError(f"cannot start the process that downsamples: {error}") from error


def work_off(datastore: Datastore, lock: int | None = None) -> None:
    """What the runner does: all that waits, unless another runner is at it. ``lock`` is the one it was started with."""
    if lock is None:
        with open_lock(lock_file(datastore.uploads, RUNNER)) as own:
            work_off(datastore, own)
        return
    while try_to_lock(lock):
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        while _do_next(datastore):
            pass
        os.ftruncate(lock, 0)
        unlock(lock)
        if not _can_be_done(datastore):
            return


def downsample_now(datastore: Datastore, channel: Channel, report: Report) -> DownsampleStatus:
    """Downsample a channel in this process, going on with what was begun if nobody does.

    Raises:
        MarkedForDeletion
        InvalidState: another process is at it.
        JobCancelled, StorageError: as ``downsample``.
    """
    if channel.marked_ancestor is not None:
        raise MarkedForDeletion(str(channel))
    with _channel_lock(datastore, channel.id) as free:
        if not free:
            raise InvalidState(f"{channel} is being downsampled by another process")
        jobs = datastore.catalog.downsampling
        waiting = next((job for job in jobs.waiting() if job.channel_id == channel.id), None)
        return downsample(datastore, channel, waiting or jobs.request(channel), report)


def stop_runner(uploads: Path) -> None:
    """End the runner of a folder, if there is one, and wait until it is gone; what it did stays."""
    with open_lock(lock_file(uploads, RUNNER)) as lock:
        while not try_to_lock(lock):
            if pid := os.pread(lock, 32, 0):
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGTERM)
            sleep(0.05)


def _do_next(datastore: Datastore) -> bool:
    """Do the first job that nobody is at; whether there was one."""
    for job in datastore.catalog.downsampling.waiting():
        with _channel_lock(datastore, job.channel_id) as free:
            if free:
                _do(datastore, job)
                return True
    return False


def _do(datastore: Datastore, job: DownsampleJob) -> None:
    try:
        channel = datastore.catalog.downsampling.channel(job)
        log.info("job %d, %s: begins", job.id, channel)
        status = downsample(datastore, channel, job)
    except JobCancelled:
        log.info("job %d: was cancelled", job.id)
    except StorageError:
        log.exception("job %d: failed", job.id)
    else:
        log.info("job %d: %s", job.id, status)


def _can_be_done(datastore: Datastore) -> bool:
    for job in datastore.catalog.downsampling.waiting():
        with _channel_lock(datastore, job.channel_id) as free:
            if free:
                return True
    return False


@contextmanager
def _channel_lock(datastore: Datastore, channel_id: int) -> Iterator[bool]:
    """Whether this process is now the only one that works on the channel."""
    with open_lock(lock_file(datastore.uploads, f"channel-{channel_id}")) as lock:
        yield try_to_lock(lock)


def _start(datastore: Datastore, lock: int) -> None:
    """A runner that already holds the lock."""
    arguments = ["work", "--uploads", str(datastore.uploads), "--lock", str(lock)]
    command = [sys.executable, "-P", "-m", "bosslet", *arguments]
    log_path = datastore.uploads / FOLDER / LOG_FILE
    mode = "wb" if log_path.exists() and log_path.stat().st_size > MAX_LOG_BYTES else "ab"
    with log_path.open(mode) as output:
        # The shell is gone at once: the runner is nobody's child, and leaves no zombie in the worker.
        subprocess.run(
            ["/bin/sh", "-c", '"$@" &', "sh", *command],
            env=_environment(datastore),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[lock],
            start_new_session=True,
            check=True,
        )


def _environment(datastore: Datastore) -> dict[str, str]:
    """What the runner needs to find the same store, whatever settings the server was started with."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("BOSSLET_")}
    package = str(Path(bosslet.__file__).parent.parent)
    return inherited | {
        "PYTHONPATH": os.pathsep.join(filter(None, [package, inherited.get("PYTHONPATH")])),
        # Not an argument, which everybody on the machine can read: it may hold a password.
        "BOSSLET_CATALOG_URL": datastore.catalog.url,
    }
