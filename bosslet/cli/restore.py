"""``bosslet restore``: everything, or some channels, from a backup."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import click

from bosslet import config
from bosslet.cli.opening import interruptible, names_in, opened, uploads_option
from bosslet.cli.reporting import Reporter
from bosslet.jobs.restore import Restored, restore_all, restore_some


@click.command()
@click.argument("source", metavar="SRC", type=click.Path(exists=True, file_okay=False))
@click.argument("within", metavar="[COLL[/EXP[/CHAN]]]", required=False)
@uploads_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def restore(source: str, within: str | None, uploads: str | None, as_json: bool) -> None:
    """Bring back what a backup has. SRC is one of the backups, or the folder of them, and then means the latest.

    Without names everything comes back, with users and permissions, into an uploads folder that is absent or empty.
    With names, the channels of a collection, of an experiment, or a single one are made anew in a folder that is in
    use, beside a server; none of them may be there. The exit status is 1 when something of the backup is damaged.

    \b
      bosslet restore /mnt/backup --uploads ./uploads
      bosslet restore /mnt/backup/2026-11-21T15-50-16Z mouse/cortex/em --uploads ./uploads
    """
    reporter = Reporter(as_json)
    sentence = "Of what was not finished, nothing is there; the same command goes on from here."
    with interruptible(sentence), reporter.count("blocks") as show:
        if within is None:
            restored = restore_all(Path(source), config.load(uploads_path=uploads).uploads_path, show)
        else:
            names = names_in(within)
            with opened(uploads, new=True) as datastore:
                restored = restore_some(Path(source), names, datastore, show)
    _say(reporter, restored)
    sys.exit(bool(restored.findings))


def _say(reporter: Reporter, restored: Restored) -> None:
    for finding in restored.findings:
        reporter.say("finding", finding, what=finding)
    for name in restored.channels:
        reporter.say("restored", f"restored: {name}", name=name)
    sizes = f"{len(restored.channels)} channels, {restored.blocks} blocks from {restored.source}"
    reporter.say("done", sizes, **dataclasses.asdict(restored))
