"""``bosslet downsample``: make the pyramid of a channel here and now; and the process that does the same for a server.

It needs no server, and does no harm to one that serves the same folder. What was begun, by a server or by this command,
goes on where it was.
"""

from __future__ import annotations

import logging
import os

import click

from bosslet.catalog.downsampling import Progress
from bosslet.catalog.records import DownsampleStatus
from bosslet.cli.opening import interruptible, opened
from bosslet.cli.parameters import channel_names
from bosslet.cli.reporting import Reporter
from bosslet.jobs import queue

WRITTEN_TO = "was written to meanwhile, so its levels do not show all of it: run this again"


@click.command()
@click.argument("channel", metavar="COLL/EXP/CHAN")
@click.option("--uploads", type=click.Path(exists=True, file_okay=False), help="The uploads folder.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def downsample(channel: str, uploads: str | None, as_json: bool) -> None:
    """Make all levels of a channel from the one that was written.

    Interrupted, it goes on from there when it is run again, or when a server is started on the folder. The status is 0
    when the levels show what is stored.

    \b
      bosslet downsample mouse/cortex/em --uploads ./uploads
    """
    names, reporter = channel_names(channel), Reporter(as_json)
    sentence = "The same command, or a server that is started on the folder, goes on from here."
    with interruptible(sentence), opened(uploads) as datastore, reporter.count(f"{channel}: blocks") as show:

        def report(made: Progress) -> None:
            show(made.done, made.total)

        status = queue.downsample_now(datastore, datastore.catalog.resources.channel(*names), report)
    if status is not DownsampleStatus.DOWNSAMPLED:
        raise click.ClickException(f"{channel} {WRITTEN_TO}")
    reporter.say("downsampled", f"{channel}: {status}", channel=channel, status=str(status))


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
