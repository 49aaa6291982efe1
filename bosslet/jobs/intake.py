"""An ingest into a channel of a store: who may begin it, and what must not be overwritten.

Two ingests of one channel never run at the same time. The journal stays when all is done: to go on once more then does
nothing, and tells the same checksum.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bosslet.catalog.records import Channel
from bosslet.datastore import Datastore
from bosslet.errors import ConfigurationError, InvalidState
from bosslet.geometry import Grid
from bosslet.jobs.destination import Wanted, find, make
from bosslet.jobs.ingest import Plan, Summary, ingest
from bosslet.jobs.journal import Journal
from bosslet.jobs.locks import FOLDER, lock_file, open_lock, try_to_lock
from bosslet.jobs.processes import Advance
from bosslet.jobs.sinks import StoreSink


@dataclass(frozen=True, slots=True)
class Manner:
    """What may be done with what is there already."""

    resume: bool = False
    overwrite: bool = False


def into_store(
    datastore: Datastore, plan: Plan, wanted: Wanted, manner: Manner, advance: Advance
) -> tuple[Channel, Summary]:
    """Do what is planned, in a channel that is found or made.

    Raises:
        ConfigurationError: there are voxels already, and they are not to be overwritten; nothing was changed.
        InvalidState: somebody else is at it.
        What ``find``, ``make`` and ``ingest`` raise; whatever was written by then can be gone on with.
    """
    channel = make(datastore, wanted, find(datastore, wanted))
    with _alone(datastore, channel):
        journal = Journal(datastore.uploads / FOLDER / f"ingest-{channel.id}.jsonl")
        if not (manner.resume and journal.begun):
            if not manner.overwrite:
                _refuse_to_overwrite(datastore, channel, plan)
            journal.forget()
        return channel, ingest(plan, StoreSink.of(datastore, channel), journal, str(channel), advance)


def _refuse_to_overwrite(datastore: Datastore, channel: Channel, plan: Plan) -> None:
    volume = datastore.image(channel).level(0)
    grid = Grid(volume.layout.block)
    for time, *index in volume.listed_blocks():
        if time < plan.samples and grid.box_of((index[0], index[1], index[2])).intersection(plan.box).size:
            raise ConfigurationError(
                f"{channel} has voxels within z,y,x {plan.box} already: --resume goes on with an ingest that was "
                "stopped, --overwrite replaces what is there"
            )


@contextmanager
def _alone(datastore: Datastore, channel: Channel) -> Iterator[None]:
    with open_lock(lock_file(datastore.uploads, f"ingest-{channel.id}")) as lock:
        if not try_to_lock(lock):
            raise InvalidState(f"{channel} is being ingested by another process")
        yield
