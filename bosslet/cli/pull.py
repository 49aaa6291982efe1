"""``bosslet pull``: a channel from another server."""

from __future__ import annotations

import click

from bosslet.cli.opening import opened
from bosslet.cli.parameters import channel_names
from bosslet.cli.transferring import transfer_options, transferred
from bosslet.jobs.agreement import Addressed
from bosslet.jobs.pull import Pull
from bosslet.remote import Remote


@click.command()
@click.argument("channel", metavar="COLL/EXP/CHAN")
@click.option("--from", "url", metavar="URL", required=True, help="The server, as https://api.bossdb.io.")
@click.option("--as", "name", metavar="COLL/EXP/CHAN", help="What the channel is called here, if not the same.")
@transfer_options
def pull(channel: str, url: str, name: str | None, token: str, jobs: int, uploads: str | None, as_json: bool) -> None:
    """Fetch a channel from bossDB, or from another bosslet, into the uploads folder.

    Resolution 0 of the whole frame is fetched, in whole blocks, side by side; what is all zeros takes no room. A server
    may run on the folder. Stopped, the same command goes on from there; bosslet downsample makes the other resolutions.

    \b
      bosslet pull kasthuri2015/em/images --from https://api.bossdb.io
      bosslet pull mouse/cortex/em --from http://lab:5000 --token 1234abcd --uploads ./uploads
    """
    with opened(uploads, new=True) as datastore:
        pulling = Pull(datastore, Addressed(Remote(url, token), channel_names(channel)), channel_names(name or channel))
        transferred(f"{channel} from {url}", as_json, lambda plan: pulling.run(jobs, plan))
