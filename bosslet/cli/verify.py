"""``bosslet verify``: whether all that was ever acknowledged is still there and whole."""

from __future__ import annotations

import dataclasses
import json
import sys

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bosslet.cli.opening import interruptible, opened
from bosslet.jobs.notes import note_verify
from bosslet.jobs.verify import Depth, Finding, Report
from bosslet.jobs.verify import verify as verify_datastore


def _part(ctx: click.Context, param: click.Parameter, value: str) -> float:
    """A percentage as a number up to 1."""
    try:
        part = float(value.removesuffix("%")) / 100
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is not a percentage", ctx, param) from error
    if not 0 < part <= 1:
        raise click.BadParameter(f"{value!r} is not more than 0% and at most 100%", ctx, param)
    return part


@click.command()
@click.argument("uploads", required=False, type=click.Path(exists=True, file_okay=False))
@click.argument("within", metavar="[COLL[/EXP[/CHAN]]]", required=False)
@click.option("--sample", callback=_part, default="100%", help="Read only this part of the blocks, at random.")
@click.option("--rate-limit", type=click.FloatRange(min=0, min_open=True), help="Megabytes of voxels a second.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def verify(uploads: str | None, within: str | None, sample: float, rate_limit: float | None, as_json: bool) -> None:
    """Read everything that is stored and check every checksum; safe beside a running server.

    The exit status is 0 when all is well, and 1 when anything was found.

    \b
      bosslet verify ./uploads
      bosslet verify ./uploads mouse/cortex --sample 1% --rate-limit 50
    """
    names = tuple(within.strip("/").split("/")) if within else ()
    depth = Depth(sample, rate_limit * 1e6 if rate_limit else None)
    with interruptible("It tells what it finds only at its end."), opened(uploads) as datastore, _bar() as bar:
        task = bar.add_task("blocks", total=None)
        report = verify_datastore(
            datastore, names, depth, lambda done, total: bar.update(task, completed=done, total=total)
        )
        note_verify(datastore, names, report, sample)
    click.echo(_json(report) if as_json else _text(report))
    sys.exit(not report.ok)


def _bar() -> Progress:
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _text(report: Report) -> str:
    seen = f"{report.channels} channels, {report.blocks} blocks, {report.nbytes / 1e6:.0f} MB in {report.seconds:.1f} s"
    return "\n".join([*map(str, report.findings), f"{seen}: {len(report.findings) or 'no'} findings"])


def _json(report: Report) -> str:
    return json.dumps(dataclasses.asdict(report) | {"findings": [_finding(each) for each in report.findings]}, indent=1)


def _finding(finding: Finding) -> dict[str, object]:
    box = finding.box and {"zyx_start": finding.box.start, "zyx_stop": finding.box.stop}
    return dataclasses.asdict(finding) | {"box": box}
