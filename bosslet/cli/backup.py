"""``bosslet backup``: a copy of everything, again and again, of which only what changed takes room."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import click
from rich.filesize import decimal

from bosslet.cli.opening import interruptible, opened, uploads_option
from bosslet.cli.reporting import Reporter
from bosslet.jobs.backup import backup as back_up


@click.command()
@click.argument("destination", metavar="DEST", type=click.Path())
@click.option("--keep", type=click.IntRange(min=1), default=7, show_default=True, help="How many backups stay.")
@uploads_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def backup(destination: str, keep: int, uploads: str | None, as_json: bool) -> None:
    """Back up everything to DEST, a folder on another disk; a server may run, and others may write, meanwhile.

    Each backup is an uploads folder in itself, in a folder named by the time, and shares with the one before the files
    of blocks that did not change. All that was acknowledged before it began is in it. What was copied is read back and
    checked. The exit status is 1 when something of the store is damaged: then no older backup is removed.

    \b
      bosslet backup /mnt/backup
      bosslet backup /mnt/backup --keep 30 --uploads ./uploads --json
    """
    reporter = Reporter(as_json)
    sentence = "What was copied is kept for the next backup."
    with interruptible(sentence), opened(uploads) as datastore, reporter.count("blocks") as show:
        made = back_up(datastore, Path(destination), keep, show)
    for finding in made.findings:
        reporter.say("finding", finding, what=finding)
    copied = f"{made.copied} of them copied ({decimal(made.copied_bytes)})"
    reporter.say(
        "done",
        f"{destination}/{made.generation}: {made.channels} channels, {made.blocks} blocks, {copied}, "
        f"{made.seconds:.1f} s: {len(made.findings) or 'no'} findings",
        **dataclasses.asdict(made),
    )
    sys.exit(bool(made.findings))
