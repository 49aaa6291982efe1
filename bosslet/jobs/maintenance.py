"""Work that must not meet other such work in one folder: what takes images away, and what counts on their staying.

Servers, and all that only reads and writes voxels, may run beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from bosslet.catalog.downsampling import PENDING
from bosslet.catalog.records import Channel
from bosslet.datastore import Datastore
from bosslet.errors import ConfigurationError, InvalidState
from bosslet.jobs.locks import lock_file, open_lock, try_to_lock

LOCK = "maintenance"
SECONDS_TO_CANCEL = 60.0


@contextmanager
def maintenance(datastore: Datastore) -> Iterator[None]:
    """Inside it no other process is in it; raises ConfigurationError where one is."""
    with open_lock(lock_file(datastore.uploads, LOCK)) as lock:
        if not try_to_lock(lock):
            raise ConfigurationError(
                f"{datastore.uploads}: another purge, optimize, backup or restore is at work on it"
            )
        yield


@contextmanager
def undisturbed(datastore: Datastore, channel: Channel, *, cancel: bool = False) -> Iterator[None]:
    """Inside it nobody downsamples the channel; with ``cancel``, who does is told to stop.

    Raises:
        InvalidState: somebody does.
    """
    with open_lock(lock_file(datastore.uploads, f"channel-{channel.id}")) as lock:
        if cancel and channel.downsample_status in PENDING:
            datastore.catalog.downsampling.cancel(channel)
        last_try = monotonic() + (SECONDS_TO_CANCEL if cancel else 0)
        while not try_to_lock(lock):
            if monotonic() >= last_try:
                raise InvalidState(f"{channel} is being downsampled by another process")
            sleep(0.1)
        yield
