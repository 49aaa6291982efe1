"""``bosslet push``: a channel to another server."""

from __future__ import annotations

import click

from bosslet.cli.opening import opened
from bosslet.cli.parameters import channel_names
from bosslet.cli.transferring import transfer_options, transferred
from bosslet.jobs.agreement import Addressed
from bosslet.jobs.push import Push
from bosslet.remote import Remote


@click.command()
@click.argument("channel", metavar="COLL/EXP/CHAN")
@click.option("--to", "url", metavar="URL", required=True, help="The server, as https://api.bossdb.io.")
@click.option("--as", "name", metavar="COLL/EXP/CHAN", help="What the channel is called there, if not the same.")
@click.option("--overwrite", is_flag=True, help="Make a channel that is there the same as this one.")
@click.option("--downsample", is_flag=True, help="Ask the server to make the other resolutions.")
@transfer_options
def push(
    channel: str,
    url: str,
    name: str | None,
    overwrite: bool,
    downsample: bool,
    token: str,
    jobs: int,
    uploads: str | None,
    as_json: bool,
) -> None:
    """Send a channel to bossDB, or to another bosslet; collection, frame, experiment and channel are made when absent.

    Resolution 0 is sent in aligned cutouts, side by side, and each is read back and compared. Stopped, the same command
    goes on from there.

    \b
      BOSSLET_TOKEN=… bosslet push mouse/cortex/em --to https://api.bossdb.io
      bosslet push mouse/cortex/em --to http://lab:5000 --token 1234abcd --as mouse/cortex/em_copy
    """
    there = Addressed(Remote(url, token), channel_names(name or channel))
    with opened(uploads) as datastore:
        here = datastore.catalog.resources.channel(*channel_names(channel))
        pushing = Push(datastore, here, there, overwrite)
        transferred(f"{channel} to {url}", as_json, lambda plan: pushing.run(jobs, plan))
        if downsample:
            there.remote.make(f"downsample/{'/'.join(there.names)}", {})
