"""``bosslet downsample``: make the pyramid of a channel here and now; and the process that does the same for a server.

It needs no server, and does no harm to one that serves the same folder. What was begun, by a server or by this command,
goes on where it was.
"""

from __future__ import annotations

import logging
import os

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bosslet.catalog import downsampling
from bosslet.catalog.records import Channel, DownsampleStatus
from bosslet.cli.opening import opened
from bosslet.datastore import Datastore
from bosslet.jobs import queue

WRITTEN_TO = "was written to meanwhile, so its levels do not show all of it: run this again"


@click.command()
@click.argument("channel", metavar="COLL/EXP/CHAN")
@click.option("--uploads", type=click.Path(exists=True, file_okay=False), help="The uploads folder.")
def downsample(channel: str, uploads: str | None) -> None:
    """Make all levels of a channel from the one that was written.

    Interrupted, it goes on from there when it is run again, or when a server is started on the folder. The status is 0
    when the levels show what is stored.

    \b
      bosslet downsample mouse/cortex/em --uploads ./uploads
    """
    names = channel.split("/")
    if len(names) != 3:
        raise click.BadParameter("should be collection/experiment/channel", param_hint="COLL/EXP/CHAN")
    with opened(uploads) as datastore:
        status = _with_bar(datastore, datastore.catalog.resources.channel(*names))
    if status is not DownsampleStatus.DOWNSAMPLED:
        raise click.ClickException(f"{channel} {WRITTEN_TO}")


@click.command(hidden=True)
@click.option("--uploads", type=click.Path(exists=True, file_okay=False), required=True)
@click.option("--lock", type=int, help="The open file of the lock that the caller has taken for this process.")
def work(uploads: str, lock: int | None) -> None:
    """Do all that servers of this folder were asked for, then end."""
    os.nice(queue.NICENESS)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("bosslet").setLevel(logging.INFO)
    with opened(uploads) as datastore:
        queue.work_off(datastore, lock)


def _with_bar(datastore: Datastore, channel: Channel) -> DownsampleStatus:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("blocks")
    with Progress(*columns, TimeRemainingColumn()) as bar:
        task = bar.add_task(str(channel), total=None)

        def show(progress: downsampling.Progress) -> None:
            bar.update(task, completed=progress.done, total=progress.total)

        return queue.downsample_now(datastore, channel, show)
