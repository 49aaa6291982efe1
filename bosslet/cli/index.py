"""``bosslet index``: look at the labels of a channel ahead of the first question about them."""

from __future__ import annotations

import click

from bosslet.catalog.records import Channel
from bosslet.cli.opening import interruptible, opened
from bosslet.cli.parameters import channel_names
from bosslet.cli.reporting import Reporter
from bosslet.datastore import Datastore
from bosslet.errors import NotAnnotation
from bosslet.volume.labels import LabelIndex


@click.command()
@click.argument("channel", metavar="COLL/EXP/CHAN")
@click.option("--uploads", type=click.Path(exists=True, file_okay=False), help="The uploads folder.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def index(channel: str, uploads: str | None, as_json: bool) -> None:
    """Find which labels each block of an annotation channel has, and where.

    The server does so by itself when it is first asked for ids or a bounding box; this spares the first client the
    waiting. Only blocks that were written since the last time are read. It does no harm to a server on the same folder.

    \b
      bosslet index mouse/cortex/segmentation --uploads ./uploads
    """
    names, reporter = channel_names(channel), Reporter(as_json)
    with interruptible("What was looked at is kept."), opened(uploads) as datastore:
        count = _index(datastore, datastore.catalog.resources.channel(*names), reporter)
    reporter.say("done", f"{channel}: {count} blocks", channel=channel, blocks=count)


def _index(datastore: Datastore, channel: Channel, reporter: Reporter) -> int:
    """How many blocks there are."""
    if not channel.annotation:
        raise NotAnnotation(str(channel))
    image = datastore.image(channel)
    levels = [LabelIndex(image.level(resolution)) for resolution in image.levels()]
    blocks = [(labels, block) for labels in levels for block in labels.blocks()]
    with reporter.count(f"{channel}: blocks") as show:
        for done, (labels, block) in enumerate(blocks, 1):
            labels.keep(block)
            show(done, len(blocks))
    return len(blocks)
