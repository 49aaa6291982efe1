"""``bosslet export``: from a channel to the files that other programs read."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bosslet.cli.opening import opened
from bosslet.cli.parameters import channel_names, machine_memory
from bosslet.cli.reporting import INTERRUPTED, Reporter
from bosslet.geometry import Box
from bosslet.jobs.export import Plan, Summary, cutout, plan
from bosslet.jobs.export import export as export_part
from bosslet.targets.opening import FORMATS, target_at
from bosslet.targets.target import Style

FILTERS = ("gzip", "lzf")


def _box(text: str) -> Box:
    match = re.fullmatch(r"(\d+):(\d+),(\d+):(\d+),(\d+):(\d+)", text)
    numbers = [int(number) for number in match.groups()] if match else []
    if not match or any(first >= last for first, last in zip(numbers[::2], numbers[1::2], strict=True)):
        raise click.BadParameter(f"{text!r} should be z0:z1,y0:y1,x0:x1")
    z, z_stop, y, y_stop, x, x_stop = numbers
    return Box((z, y, x), (z_stop, y_stop, x_stop))


def _times(text: str) -> range:
    match = re.fullmatch(r"(\d+)(?::(\d+))?", text)
    if not match:
        raise click.BadParameter(f"{text!r} should be a number, or first:stop")
    return range(int(match[1]), int(match[2]) if match[2] else int(match[1]) + 1)


def _compression(text: str) -> str:
    if text not in FILTERS and not re.fullmatch("[0-9]", text):
        raise click.BadParameter(f"{text!r} should be 0 to 9 for TIFF and PNG, gzip or lzf for HDF5")
    return text


@click.command()
@click.argument("channel", metavar="COLL/EXP/CHAN[/RES]")
@click.argument("target")
@click.option("--uploads", type=click.Path(exists=True, file_okay=False), help="The uploads folder.")
@click.option("--box", type=_box, metavar="Z0:Z1,Y0:Y1,X0:X1", help="What to write; all by default.")
@click.option("--time", "times", type=_times, metavar="T[:T1]", help="Which time samples; all by default.")
@click.option("--format", "format_name", type=click.Choice(FORMATS), help="By default what the ending of TARGET says.")
@click.option("--compression", type=_compression, help="0 to 9 for TIFF and PNG, gzip or lzf for HDF5.")
@click.option("--compression-opts", type=click.IntRange(0, 9), help="The level of gzip.")
@click.option("--dataset", help="The path in an HDF5 file; volume by default.")
@click.option("--psnr", type=click.FloatRange(min=1), help="Decibels of JPEG 2000; without loss by default.")
@click.option("--n-workers", type=click.IntRange(min=1), default=os.cpu_count(), help="Processes; one per core.")
@click.option("--memory", type=click.IntRange(min=1), help="Megabytes for all processes; half of the machine's.")
@click.option("--overwrite", is_flag=True, help="Replace what is there.")
@click.option("--silent", is_flag=True, help="Say nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def export(channel: str, target: str, **options: Any) -> None:  # noqa: ANN401 - as declared above
    """Write a channel, or a box of it: TIFF, PNG or JPEG 2000 stacks, multi-page TIFF, OME-TIFF, HDF5, npy, OME-Zarr,
    precomputed.

    The ending of TARGET says which. Nothing is at TARGET until all of it is written.

    \b
      bosslet export mouse/cortex/em 'out/img_%04d.tiff' --compression 3
      bosslet export mouse/cortex/em/2 overview.ome.tif
      bosslet export mouse/cortex/cells cells.h5 --box 0:64,100:612,0:512 --compression gzip
    """
    names, resolution = _address(channel)
    reporter = Reporter(as_json=options["as_json"], silent=options["silent"])
    with opened(options["uploads"]) as datastore:
        part = cutout(datastore, names, resolution, options["times"], options["box"])
        overwrite = options["overwrite"]
        place = target_at(
            target, part.subject(), _style(options), format_name=options["format_name"], overwrite=overwrite
        )
        planned = plan(part, place, options["n_workers"], machine_memory(options["memory"]))
        _announce(planned, target, reporter)
        try:
            with reporter.progress(channel, planned.nbytes) as bar:
                summary = export_part(planned, bar)
        except KeyboardInterrupt:
            click.echo("Interrupted; nothing was written.", err=True)
            sys.exit(INTERRUPTED)
    _summarise(target, summary, reporter)


def _address(text: str) -> tuple[tuple[str, str, str], int]:
    *names, last = text.split("/")
    if len(names) == 3 and re.fullmatch("[0-9]", last):
        return channel_names("/".join(names)), int(last)
    return channel_names(text), 0


def _style(options: dict[str, Any]) -> Style:
    text = options["compression"]
    if text != "gzip" and options["compression_opts"] is not None:
        raise click.UsageError("--compression-opts is the level of --compression gzip")
    if text in FILTERS:
        return Style(text, options["compression_opts"], options["dataset"], options["psnr"])
    return Style(None, int(text) if text else None, options["dataset"], options["psnr"])


def _announce(planned: Plan, target: str, reporter: Reporter) -> None:
    subject = planned.cutout.subject()
    shape = " × ".join(map(str, subject.array_shape))
    reporter.say(
        "plan",
        f"{subject.name} at z,y,x {planned.cutout.box}: {shape} {subject.dtype}, {planned.nbytes / 1e6:.1f} MB, to "
        f"{target}; {planned.processes} processes, at most about {planned.memory_bytes / 1e6:.0f} MB of memory",
        channel=subject.name,
        target=str(Path(target)),
        zyx_start=planned.cutout.box.start,
        zyx_stop=planned.cutout.box.stop,
        bytes=planned.nbytes,
        processes=planned.processes,
        memory_bytes=planned.memory_bytes,
    )


def _summarise(target: str, summary: Summary, reporter: Reporter) -> None:
    rate = summary.nbytes / 1e6 / max(summary.seconds, 1e-9)
    reporter.say(
        "done",
        f"{target}: {summary.nbytes / 1e6:.1f} MB in {summary.seconds:.1f} s, {rate:.0f} MB/s; "
        f"{summary.peak_bytes / 1e6:.0f} MB of memory",
        target=target,
        **asdict(summary),
    )
