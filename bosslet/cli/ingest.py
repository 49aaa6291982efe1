"""``bosslet ingest``: from the files of a laboratory to a channel, with one command and without a server."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click

from bosslet import config
from bosslet.app import open_datastore
from bosslet.catalog.downsampling import Progress
from bosslet.catalog.records import Channel
from bosslet.cli.parameters import channel_names, dtype, integers, machine_memory, voxel_size, zyx
from bosslet.cli.reporting import INTERRUPTED, Reporter
from bosslet.datastore import Datastore
from bosslet.errors import BossletError
from bosslet.jobs import queue
from bosslet.jobs.destination import Wanted, find
from bosslet.jobs.ingest import Plan, Summary, plan, stored_dtype
from bosslet.jobs.intake import Manner, into_store
from bosslet.jobs.processes import Advance
from bosslet.jobs.sending import block_for, exists, into_server
from bosslet.remote import Remote
from bosslet.sources.ingest_job import is_job, read_job
from bosslet.sources.opening import open_source
from bosslet.sources.source import Hints, Source
from bosslet.spacing import Spacing

T = TypeVar("T")

RESUMABLE = "What is finished is kept: the same command with --resume goes on from there."


@click.command()
@click.argument("arguments", nargs=-1, required=True, metavar="SOURCE... COLL/EXP/CHAN")
@click.option("--uploads", type=click.Path(file_okay=False), help="The uploads folder; made when absent.")
@click.option("--voxel-size", type=voxel_size, help="x,y,zUNIT, as in 4,4,40nm; else what the files say.")
@click.option("--offset", type=zyx, help="z,y,x of the first voxel in the channel; 0,0,0 by default.")
@click.option("--type", "kind", type=click.Choice(["image", "annotation"]), help="By default what the dtype suggests.")
@click.option("--dataset", help="Which array, in a file or folder that has several.")
@click.option("--axes", help="A letter of tczyx for each axis of an array, in its order.")
@click.option("--color", type=click.IntRange(min=0), help="Which of several colours to take.")
@click.option("--join", type=click.Choice(["z", "t"]), help="How volumes in several files follow each other.")
@click.option("--gaps", is_flag=True, help="Take slices that are missing in a numbered stack as black.")
@click.option("--shape", type=integers, help="Of raw voxels: z,y,x or t,z,y,x.")
@click.option("--dtype", type=dtype, help="Of raw voxels, such as uint16 or >u2.")
@click.option("--skip", type=click.IntRange(min=0), default=0, help="Bytes in front of raw voxels.")
@click.option("--server", metavar="URL", help="Send it to a server that speaks bossDB's API, and not into a folder.")
@click.option(
    "--token", envvar="BOSSLET_TOKEN", default="public", help="Who we are to that server; better in BOSSLET_TOKEN."
)
@click.option("--n-workers", type=click.IntRange(min=1), default=os.cpu_count(), help="Processes; one per core.")
@click.option("--memory", type=click.IntRange(min=1), help="Megabytes for all processes; half of the machine's.")
@click.option("--downsample", is_flag=True, help="Make the other resolutions, too.")
@click.option("--resume", is_flag=True, help="Go on with an ingest that was stopped, if there is one.")
@click.option("--overwrite", is_flag=True, help="Replace voxels that are there already.")
@click.option("--dry-run", is_flag=True, help="Look at everything, say what would be done, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def ingest(arguments: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401 - as declared above
    """Take a volume in: a stack of TIFF, PNG, JPEG or JPEG 2000 files, a TIFF of many pages, HDF5, npy, Zarr, N5,
    precomputed, BlockFS, or raw voxels.

    A SOURCE is a file, a folder, an address, or a quoted pattern, with * or with %04d for the number. Collection,
    coordinate frame, experiment and channel are made when absent. Straight into the uploads folder; a server may run on
    it meanwhile. A job of bossDB's ingest-client (JSON) is a SOURCE, too, and names the channel.

    \b
      bosslet ingest 'slices/*.tif' mouse/cortex/em --voxel-size 4,4,40nm --downsample
      bosslet ingest labels.h5 mouse/cortex/cells --dataset stack --type annotation
      bosslet ingest job.json --server https://boss.example.org --token $TOKEN
    """
    reporter = Reporter(as_json=options["as_json"])
    sources, names = _sources(arguments)
    try:
        source = open_source(sources, _hints(options))
        if options["server"] is None:
            _ingest(source, names, options, reporter)
        else:
            _send(source, names, options, reporter)
    except KeyboardInterrupt:
        click.echo(f"Interrupted. {RESUMABLE}", err=True)
        sys.exit(INTERRUPTED)


def _sources(arguments: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, str, str]]:
    """A job says itself which channel it is for."""
    if len(arguments) == 1 and is_job(arguments[0]):
        return arguments, read_job(Path(arguments[0])).names
    if len(arguments) == 1:
        raise click.UsageError("Say what to take in, and then the channel: SOURCE... COLL/EXP/CHAN")
    return arguments[:-1], channel_names(arguments[-1])


def _ingest(source: Source, names: tuple[str, str, str], options: dict[str, Any], reporter: Reporter) -> None:
    settings = config.load(uploads_path=options["uploads"], cache_bytes=0)
    wanted = _wanted(source, names, options)
    with closing(open_datastore(settings)) as datastore:
        there = settings.uploads_path.exists()
        if there or not options["dry_run"]:
            datastore.prepare()
            found = find(datastore, wanted).channel
        block = found.block_shape if there and found is not None else datastore.block_shape
        planned = plan(source, wanted.box.start, block, options["n_workers"], machine_memory(options["memory"]))
        _announce(source, wanted, planned, reporter)
        if options["dry_run"]:
            return
        manner = Manner(resume=options["resume"], overwrite=options["overwrite"])
        channel, summary = _do(
            str(wanted), planned, reporter, lambda advance: into_store(datastore, planned, wanted, manner, advance)
        )
        _summarise(str(wanted), summary, reporter)
        if options["downsample"]:
            _downsample(datastore, channel, reporter)


def _send(source: Source, names: tuple[str, str, str], options: dict[str, Any], reporter: Reporter) -> None:
    wanted, remote = _wanted(source, names, options), Remote(options["server"].rstrip("/"), options["token"])
    exists(remote, wanted)
    block = block_for(stored_dtype(source).itemsize)
    planned = plan(source, wanted.box.start, block, options["n_workers"], machine_memory(options["memory"]))
    _announce(source, wanted, planned, reporter)
    if options["dry_run"]:
        return
    manner = Manner(resume=options["resume"], overwrite=options["overwrite"])
    summary = _do(str(wanted), planned, reporter, lambda advance: into_server(remote, planned, wanted, manner, advance))
    _summarise(f"{remote.url} {wanted}", summary, reporter)
    if options["downsample"]:
        remote.make("/".join(["downsample", *names]), {})
        reporter.say("downsampled", f"{wanted}: the server makes the other resolutions", channel=str(wanted))


def _do(what: str, planned: Plan, reporter: Reporter, work: Callable[[Advance], T]) -> T:
    begun = False

    def advance(count: int) -> None:
        nonlocal begun
        begun = True
        bar(count)

    try:
        with reporter.progress(what, planned.nbytes) as bar:
            return work(advance)
    except BossletError:
        if begun:
            click.echo(RESUMABLE, err=True)
        raise


def _hints(options: dict[str, Any]) -> Hints:
    names = ("dataset", "axes", "color", "join", "gaps", "shape", "dtype", "skip")
    return Hints(**{name: options[name] for name in names})


def _wanted(source: Source, names: tuple[str, str, str], options: dict[str, Any]) -> Wanted:
    about = source.about
    offset = options["offset"] or about.origin
    labels = None if about.labels is None else "annotation" if about.labels else "image"
    spacing: Spacing | None = options["voxel_size"]
    kind = options["kind"] or labels
    return Wanted.of(names, str(stored_dtype(source)), kind, offset, about.shape, spacing, about.spacing)


def _announce(source: Source, wanted: Wanted, planned: Plan, reporter: Reporter) -> None:
    about = source.about
    spacing = wanted.spacing or about.spacing
    times, shape = planned.samples, " × ".join(map(str, planned.box.shape))
    sizes = f"{planned.nbytes / 1e6:.1f} MB in {planned.block_count} blocks"
    reporter.say(
        "plan",
        f"{about.name}: {f'{times} × ' if times > 1 else ''}{shape} {about.dtype}, {sizes}, to {wanted} at z,y,x "
        f"{planned.box}; {planned.processes} processes, at most about {planned.memory_bytes / 1e6:.0f} MB of memory",
        source=about.name,
        channel=str(wanted),
        type=wanted.type,
        dtype=wanted.dtype,
        voxel_size_xyz=str(spacing) if spacing else None,
        zyx_start=planned.box.start,
        zyx_stop=planned.box.stop,
        time_samples=times,
        bytes=planned.nbytes,
        blocks=planned.block_count,
        pieces=len(planned.pieces),
        processes=planned.processes,
        memory_bytes=planned.memory_bytes,
    )


def _summarise(channel: str, summary: Summary, reporter: Reporter) -> None:
    before = f", {summary.resumed_blocks} of them from before" if summary.resumed_blocks else ""
    rate = summary.nbytes / 1e6 / max(summary.seconds, 1e-9)
    reporter.say(
        "done",
        f"{channel}: {summary.nbytes / 1e6:.1f} MB in {summary.blocks} blocks{before}, {summary.seconds:.1f} s, "
        f"{rate:.0f} MB/s; {summary.peak_bytes / 1e6:.0f} MB of memory; checksum {summary.checksum}",
        channel=channel,
        **asdict(summary),
    )


def _downsample(datastore: Datastore, channel: Channel, reporter: Reporter) -> None:
    with reporter.count(f"{channel}: resolutions") as show:

        def report(made: Progress) -> None:
            show(made.done, made.total)

        status = queue.downsample_now(datastore, channel, report)
    reporter.say("downsampled", f"{channel}: {status}", channel=str(channel), status=str(status))
