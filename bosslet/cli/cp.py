"""``bosslet cp``: a second channel with the same voxels."""

from __future__ import annotations

from contextlib import ExitStack

import click
from rich.filesize import decimal

from bosslet.cli.opening import interruptible, opened, uploads_option
from bosslet.cli.parameters import channel_names
from bosslet.cli.reporting import Reporter
from bosslet.jobs.copy import Target, copy_channel


@click.command()
@click.argument("source", metavar="COLL/EXP/CHAN")
@click.argument("target", metavar="COLL/EXP/NEW")
@click.option("--to", metavar="DIR", type=click.Path(), help="Another uploads folder, to copy into.")
@click.option("--no-link", is_flag=True, help="Copy the bytes of each block, even if a hard link would do.")
@uploads_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def cp(source: str, target: str, to: str | None, no_link: bool, uploads: str | None, as_json: bool) -> None:
    """Copy a channel with all its levels. Collection, experiment and coordinate frame are made when absent.

    On one file system blocks are hard links: the copy takes no time and no room, and whoever writes to one of the two
    leaves the other alone. A server may run, and others may write, meanwhile. Stopped half-way, nothing is left of it.

    \b
      bosslet cp mouse/cortex/em mouse/cortex/em-before-alignment
      bosslet cp mouse/cortex/em mouse/cortex/em --to /mnt/other/uploads
    """
    reporter = Reporter(as_json)
    with ExitStack() as stack:
        stack.enter_context(interruptible("Nothing is left of the copy."))
        datastore = stack.enter_context(opened(uploads))
        other = stack.enter_context(opened(to, new=True)) if to else datastore
        channel = datastore.catalog.resources.channel(*channel_names(source))
        show = stack.enter_context(reporter.count(f"{source} to {target}"))
        tally = copy_channel(datastore, channel, Target(other, channel_names(target), link=not no_link), show)
    sizes = f"{tally.linked} linked, {tally.copied} copied ({decimal(tally.copied_bytes)})"
    reporter.say(
        "done",
        f"{target}: {tally.blocks} blocks, {sizes}",
        channel=target,
        blocks=tally.blocks,
        linked=tally.linked,
        copied=tally.copied,
        copied_bytes=tally.copied_bytes,
    )
