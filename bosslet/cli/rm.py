"""``bosslet rm``: mark for deletion, as DELETE does."""

from __future__ import annotations

import click

from bosslet.cli.opening import names_in, opened, uploads_option
from bosslet.jobs.naming import mark


@click.command()
@click.argument("names", metavar="COLL[/EXP[/CHAN]]...", nargs=-1, required=True)
@click.option("-r", "--recursive", is_flag=True, help="With all that is in it.")
@uploads_option
def rm(names: tuple[str, ...], recursive: bool, uploads: str | None) -> None:
    """Mark collections, experiments and channels for deletion; nobody can use them from then on.

    Nothing is removed, and the names stay taken, until bosslet purge.

    \b
      bosslet rm mouse/cortex/test
      bosslet rm -r mouse
    """
    with opened(uploads) as datastore:
        for name in names:
            for marked in mark(datastore, names_in(name), recursive=recursive):
                click.echo(f"marked: {marked}")
