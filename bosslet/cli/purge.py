"""``bosslet purge``: remove for good what is marked for deletion."""

from __future__ import annotations

import dataclasses

import click
from rich.filesize import decimal

from bosslet.cli.opening import interruptible, opened, uploads_option
from bosslet.cli.reporting import Reporter
from bosslet.jobs.purge import Purged, purgeable
from bosslet.jobs.purge import purge as purge_datastore


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say which channels would go.")
@uploads_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def purge(dry_run: bool, uploads: str | None, as_json: bool) -> None:
    """Remove for good all that DELETE or bosslet rm marked, with its voxels. There is no way back but a backup.

    May run beside a server. Stopped half-way, it goes on from there the next time.

    \b
      bosslet purge --dry-run
      bosslet purge --uploads ./uploads
    """
    reporter = Reporter(as_json)
    with opened(uploads) as datastore, interruptible("The next purge goes on from here."):
        if dry_run:
            _say(reporter, "would_remove", purgeable(datastore))
            return
        with reporter.count("channels") as show:
            purged = purge_datastore(datastore, show)
        _say(reporter, "removed", purged)


def _say(reporter: Reporter, event: str, purged: Purged) -> None:
    verb = event.replace("_", " ")
    for name in purged.channels:
        reporter.say(event, f"{verb}: channel {name}", kind="channel", name=name)
    for kind, name in purged.others:
        reporter.say(event, f"{verb}: {kind} {name}", kind=kind, name=name)
    size = f"{len(purged.channels)} channels, {purged.files} files, {decimal(purged.nbytes)}"
    reporter.say(
        "done", size, **{key: value for key, value in dataclasses.asdict(purged).items() if key in ("files", "nbytes")}
    )
