"""What push and pull have in common on the command line."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, TypeVar

import click

from bosslet.cli.opening import interruptible, uploads_option
from bosslet.cli.reporting import Reporter
from bosslet.jobs.transfer import Arrived

Function = TypeVar("Function", bound=Callable[..., Any])
Plan = Callable[[int], Callable[[int], None]]


def transfer_options(command: Function) -> Function:
    """Those that both take."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON lines."),
        uploads_option,
        click.option("--jobs", type=click.IntRange(1, 64), default=8, show_default=True, help="Requests side by side."),
        click.option(
            "--token", envvar="BOSSLET_TOKEN", default="public", help="Who we are there; better in BOSSLET_TOKEN."
        ),
    ):
        command = option(command)
    return command


def transferred(what: str, as_json: bool, run: Callable[[Plan], Arrived]) -> None:
    """Do it, and say so."""
    reporter = Reporter(as_json)
    with ExitStack() as stack:
        stack.enter_context(interruptible("What has arrived is noted: the same command goes on from there."))
        arrived = run(lambda nbytes: stack.enter_context(reporter.progress(what, nbytes)))
    before = f", {arrived.before} of them from before" if arrived.before else ""
    reporter.say(
        "done",
        f"{what}: {arrived.nbytes / 1e6:.1f} MB in {arrived.pieces} pieces{before}, all read back and equal",
        pieces=arrived.pieces,
        before=arrived.before,
        bytes=arrived.nbytes,
    )
