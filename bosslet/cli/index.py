"""``bosslet index``: look at the labels of a channel ahead of the first question about them."""

from __future__ import annotations

import click
from rich.progress import track

from bosslet.cli.opening import opened
from bosslet.datastore import Datastore
from bosslet.errors import NotAnnotation
from bosslet.volume.labels import LabelIndex


@click.command()
@click.argument("channel", metavar="COLL/EXP/CHAN")
@click.option("--uploads", type=click.Path(exists=True, file_okay=False), help="The uploads folder.")
def index(channel: str, uploads: str | None) -> None:
    """Find which labels each block of an annotation channel has, and where.

    The server does so by itself when it is first asked for ids or a bounding box; this spares the first client the
    waiting. Only blocks that were written since the last time are read. It does no harm to a server on the same folder.

    \b
      bosslet index mouse/cortex/segmentation --uploads ./uploads
    """
    names = channel.split("/")
    if len(names) != 3:
        raise click.BadParameter("should be collection/experiment/channel", param_hint="COLL/EXP/CHAN")
    with opened(uploads) as datastore:
        _index(datastore, *names)


def _index(datastore: Datastore, collection: str, experiment: str, name: str) -> None:
    channel = datastore.catalog.resources.channel(collection, experiment, name)
    if not channel.annotation:
        raise NotAnnotation(str(channel))
    image = datastore.image(channel)
    levels = [LabelIndex(image.level(resolution)) for resolution in image.levels()]
    blocks = [(labels, block) for labels in levels for block in labels.blocks()]
    for labels, block in track(blocks, str(channel)):
        labels.keep(block)
    click.echo(f"{channel}: {len(blocks)} blocks")
