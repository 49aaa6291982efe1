"""``bosslet status``: what takes how much room, and when it was last looked after."""

from __future__ import annotations

import dataclasses
import json

import click
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from bosslet.cli.opening import json_option, names_in, opened, uploads_option
from bosslet.jobs.status import ChannelStatus, StoreStatus
from bosslet.jobs.status import status as status_of


@click.command()
@click.argument("within", metavar="[COLL[/EXP[/CHAN]]]", required=False)
@uploads_option
@json_option
def status(within: str | None, uploads: str | None, as_json: bool) -> None:
    """Tell of each channel how many voxels and bytes it has, and of the disk what is free.

    Raw is what the stored blocks would take without compression. No voxel is read.

    \b
      bosslet status
      bosslet status mouse --uploads ./uploads --json
    """
    with opened(uploads) as datastore:
        found = status_of(datastore, names_in(within) if within else ())
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(found), indent=1))
    else:
        _show(found)


def _show(found: StoreStatus) -> None:
    columns = ("channel", "type", "levels", "blocks", "voxels", "raw", "stored", "ratio", "verified", "backed up")
    table = Table(*columns, box=None, pad_edge=False)
    for channel in found.channels:
        table.add_row(*_row(channel))
    # A terminal decides how much it can show; a file takes whole lines.
    console = Console(soft_wrap=True)
    if not console.is_terminal:
        console.width = 1000
    console.print(table)
    for channel in found.channels:
        for complaint in channel.unreadable:
            click.echo(f"{channel.name}: {complaint}")
    room, free, disk = map(decimal, (found.room_bytes, found.free_bytes, found.disk_bytes))
    size = f"{len(found.channels)} channels, {found.files} files, {room}"
    click.echo(f"{found.uploads}: {size}; {free} of {disk} free")


def _row(channel: ChannelStatus) -> list[str]:
    return [
        f"{channel.name} (marked for deletion)" if channel.marked else channel.name,
        f"{channel.type} {channel.datatype}",
        _levels(channel),
        str(channel.blocks),
        str(channel.voxels),
        decimal(channel.raw_bytes),
        decimal(channel.stored_bytes),
        "" if channel.ratio is None else f"{channel.ratio:.2f}",
        _when(channel.last_verify),
        _when(channel.last_backup),
    ]


def _levels(channel: ChannelStatus) -> str:
    return ",".join(f"{level.resolution}{'i' if level.iso else ''}" for level in channel.levels)


def _when(done: dict[str, object] | None) -> str:
    return "never" if done is None else str(done["at"])
