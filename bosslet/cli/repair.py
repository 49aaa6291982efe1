"""``bosslet repair``: the catalog made again from the files, when it is lost."""

from __future__ import annotations

import sys
from contextlib import closing

import click

from bosslet import config
from bosslet.app import open_datastore
from bosslet.jobs.repair import Repairs
from bosslet.jobs.repair import repair as repair_datastore

NOT_IN_THE_FILES = """\
Not in the files, and so not brought back: users, tokens, groups and permissions (all that came back belongs to the
administrators); keys and values; collections, experiments and frames without a channel; whether the levels of a channel
are up to date (bosslet downsample makes them so)."""


@click.command()
@click.argument("uploads", required=False, type=click.Path(exists=True, file_okay=False))
def repair(uploads: str | None) -> None:
    """Bring back into the catalog all channels whose files are there; removes nothing.

    For when bosslet.db is lost: end the server first, and move a damaged bosslet.db away. The description of a channel
    that is missing, or that says something else than the catalog, is written anew. The exit status is 1 when there are
    files that it could do nothing about.

    \b
      bosslet repair ./uploads
    """
    with closing(open_datastore(config.load(uploads_path=uploads, cache_bytes=0))) as datastore:
        datastore.prepare()
        repairs = repair_datastore(datastore)
    click.echo(_text(repairs))
    sys.exit(bool(repairs.left))


def _text(repairs: Repairs) -> str:
    lines = [f"brought back: {name}" for name in repairs.restored]
    lines += [f"described anew: {name}" for name in repairs.described]
    lines += [f"left as it is: {path}: {reason}" for path, reason in sorted(repairs.left.items())]
    done = f"{len(repairs.restored)} channels brought back, {len(repairs.described)} described anew"
    lines.append(f"{done}, {len(repairs.left)} left as they are")
    return "\n".join([*lines, NOT_IN_THE_FILES] if repairs.restored else lines)
