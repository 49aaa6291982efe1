"""``python -m tests.torture [PART [OPTIONS]]…``: the parts one after the other, then a table of what they found."""

from __future__ import annotations

import dataclasses
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from tests.torture.damage import damage
from tests.torture.disks import NoDisk
from tests.torture.faults import faults
from tests.torture.figures import Figure
from tests.torture.fuzz import fuzz
from tests.torture.kill import kill
from tests.torture.load import load
from tests.torture.power import power
from tests.torture.registers import registers
from tests.torture.shim import NoShim
from tests.torture.tears import tears

RESULTS = Path(".torture")
Result = tuple[str, float, list[Figure]]
"""The part, how many seconds it took, and what it found."""


@click.group(chain=True, invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Do the worst to bosslet, and say what came of it; without a part, all of them."""
    if not context.invoked_subcommand:
        for name, part in main.commands.items():
            try:
                context.obj = [*(context.obj or []), context.invoke(part)]
            except (NoDisk, NoShim) as reason:
                click.echo(f"{name} was not run: {reason}", err=True)


@main.result_callback()
@click.pass_context
def report(context: click.Context, results: Sequence[Result] | None) -> None:
    """A table of everything, and the exit status."""
    found = [*(context.obj or []), *(results or [])]
    table = Table("part", "what", "found", "wanted", "")
    for name, seconds, figures in found:
        for number, figure in enumerate(figures):
            table.add_row(name if number == 0 else "", figure.what, f"{figure.found:,}", figure.wanted, _mark(figure))
        for detail in [detail for figure in figures for detail in figure.details][:20]:
            table.add_row("", detail)
        table.add_row("", "seconds that it took", f"{seconds:,.0f}", "", "", end_section=True)
    Console(width=110).print(table)
    sys.exit(not all(figure.ok for _, _, figures in found for figure in figures))


def _part(name: str, work: Callable[..., list[Figure]], **defaults: int | float) -> None:
    """A verb for a part, with an option for each of its numbers."""

    def run(**numbers: Any) -> Result:
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix=f"torture-{name}-") as folder:
            figures = work(Path(folder), **numbers)
        return _kept(name, numbers, (name, time.monotonic() - started, figures))

    options = [
        click.Option([f"--{key}"], type=type(value), default=value, show_default=True)
        for key, value in {**defaults, "seed": 1}.items()
    ]
    main.add_command(click.Command(name, callback=run, params=list(options), help=work.__doc__))


def _kept(name: str, numbers: dict[str, Any], result: Result) -> Result:
    """The same, after it was written to a file."""
    _, seconds, figures = result
    lines = [dataclasses.asdict(figure) | {"ok": figure.ok} for figure in figures]
    machine = f"{platform.platform()}, Python {platform.python_version()}"
    content = {"part": name, **numbers, "machine": machine, "seconds": round(seconds), "figures": lines}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")
    return result


def _mark(figure: Figure) -> str:
    return "" if not figure.wanted else "ok" if figure.ok else "WRONG"


_part("kill", kill, rounds=200, writes=20_000)
_part("power", power, cuts=50)
_part("registers", registers, operations=100_000)
_part("tears", tears, reads=100_000)
_part("faults", faults, step=1)
_part("damage", damage, rounds=100)
_part("fuzz", fuzz, examples=5_000)
_part("load", load, minutes=15.0, clients=4)

if __name__ == "__main__":
    try:
        main()
    except (NoDisk, NoShim) as error:
        sys.exit(str(error))
