"""``bosslet optimize``: fewer, larger or better compressed files."""

from __future__ import annotations

import dataclasses

import click
from rich.filesize import decimal

from bosslet.cli.opening import interruptible, opened, uploads_option
from bosslet.cli.parameters import channel_names, integers
from bosslet.cli.reporting import Reporter
from bosslet.datastore import Datastore
from bosslet.geometry import Point
from bosslet.jobs.dedupe import dedupe as dedupe_blocks
from bosslet.jobs.optimize import Optimized
from bosslet.jobs.optimize import optimize as optimize_channel
from bosslet.volume.layout import CODECS


@click.command()
@click.argument("channels", metavar="[COLL/EXP/CHAN]...", nargs=-1)
@click.option("--pack", metavar="BLOCK", type=integers, help="Voxels a side of a block, or z,y,x: what is one file.")
@click.option("--codec", type=click.Choice(CODECS), help="How voxels are compressed from now on; lz4 by default.")
@click.option("--dedupe", is_flag=True, help="Make blocks of the whole folder that are the same one file.")
@uploads_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def optimize(
    channels: tuple[str, ...],
    pack: tuple[int, ...] | None,
    codec: str | None,
    dedupe: bool,
    uploads: str | None,
    as_json: bool,
) -> None:
    """Write channels anew, in larger blocks or another codec, while a server runs and others write.

    A channel takes its new form in one moment; needs room for both until then. Larger blocks are fewer files, and
    small writes cost more. Says how many bytes were won. Stopped, the same command goes on from there.

    \b
      bosslet optimize mouse/cortex/em --pack 512
      bosslet optimize mouse/cortex/cells --codec zstd
      bosslet optimize --dedupe
    """
    if bool(channels) != bool(pack or codec) or not (channels or dedupe):
        raise click.UsageError("say which channels and --pack or --codec, or --dedupe, or all of these")
    reporter = Reporter(as_json)
    with interruptible("Nothing has changed yet; the same command goes on from here."), opened(uploads) as datastore:
        for name in channels:
            _optimize(datastore, name, _sides(pack), codec, reporter)
        if dedupe:
            _dedupe(datastore, reporter)


def _optimize(datastore: Datastore, name: str, block: Point | None, codec: str | None, reporter: Reporter) -> None:
    channel = datastore.catalog.resources.channel(*channel_names(name))
    with reporter.count(name) as show:
        done = optimize_channel(datastore, channel, block, codec, show)
    reporter.say("optimized", _sentence(done), won=done.won, **dataclasses.asdict(done))


def _dedupe(datastore: Datastore, reporter: Reporter) -> None:
    with reporter.count("blocks") as show:
        done = dedupe_blocks(datastore, show)
    sentence = f"{done.linked} of {done.blocks} blocks are now the same files as others: {decimal(done.won)} won"
    reporter.say("deduped", sentence, **dataclasses.asdict(done))


def _sentence(done: Optimized) -> str:
    sizes = f"{done.files_before} files, {decimal(done.nbytes_before)}; now {done.files}, {decimal(done.nbytes)}"
    won = f"{decimal(done.won)} won" if done.won >= 0 else f"{decimal(-done.won)} more"
    return f"{done.channel}: {sizes}: {won}"


def _sides(pack: tuple[int, ...] | None) -> Point | None:
    if pack is None:
        return None
    if len(pack) not in (1, 3) or min(pack) < 1:
        raise click.BadParameter("should be one side or three: z,y,x", param_hint="--pack")
    z, y, x = pack * (3 // len(pack))
    return z, y, x
