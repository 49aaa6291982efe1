"""What commands that look after a folder have in common: how they find it, and how they end early."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

import click

from bosslet import config
from bosslet.app import open_datastore
from bosslet.datastore import CATALOG_FILE, Datastore
from bosslet.errors import ConfigurationError

INTERRUPTED = 130
"""The exit status after Ctrl-C, as shells have it."""

uploads_option = click.option("--uploads", type=click.Path(), help="The uploads folder; ./uploads by default.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@contextmanager
def opened(uploads: str | None, *, new: bool = False) -> Iterator[Datastore]:
    """The datastore of a folder that is one already; ``new``: of any that is there.

    Raises:
        ConfigurationError: it is not; nothing is made in it, so that a wrong folder, or one that has lost its catalog,
            is not taken for a store without channels, of which all is well.
    """
    # Every voxel is read once: there is nothing to keep.
    settings = config.load(uploads_path=uploads, cache_bytes=0)
    if not settings.uploads_path.is_dir():
        raise ConfigurationError(f"{settings.uploads_path}: there is no such folder")
    if not new and settings.catalog_url is None and not (settings.uploads_path / CATALOG_FILE).is_file():
        raise ConfigurationError(
            f"{settings.uploads_path}: not an uploads folder, there is no {CATALOG_FILE} in it; "
            "if that is lost, bosslet repair makes it anew"
        )
    with closing(open_datastore(settings)) as datastore:
        datastore.prepare()
        yield datastore


@contextmanager
def interruptible(sentence: str) -> Iterator[None]:
    """After Ctrl-C inside it, the sentence says what that means."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"Interrupted. {sentence}", err=True)
        sys.exit(INTERRUPTED)


def names_in(text: str, most: int = 3) -> tuple[str, ...]:
    """Of a collection, an experiment and a channel, as many as there are in ``collection/experiment/channel``."""
    names = tuple(text.strip("/").split("/"))
    if not all(names) or len(names) > most:
        shape = "/".join(("collection", "experiment", "channel")[:most])
        raise click.UsageError(f"{text!r} should be {shape}, or the beginning of it")
    return names
