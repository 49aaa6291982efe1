"""``bosslet mv``: another name for a collection, an experiment or a channel."""

from __future__ import annotations

import click

from bosslet.cli.opening import names_in, opened, uploads_option
from bosslet.jobs.naming import rename


@click.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@uploads_option
def mv(old: str, new: str, uploads: str | None) -> None:
    """Rename a collection, an experiment or a channel, where it is. Clients see it at once; no file is moved.

    To have a channel in another experiment as well, see bosslet cp, which takes no more room.

    \b
      bosslet mv mouse/cortex/em mouse/cortex/em_2023
      bosslet mv mouse rat
    """
    with opened(uploads) as datastore:
        rename(datastore, names_in(old), names_in(new))
