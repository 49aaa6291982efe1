"""The command ``bosslet``: one verb per job, and without a verb the server itself.

What is not a verb is the folder to serve: ``bosslet uploads`` is ``bosslet serve uploads``, and plain ``bosslet`` is
the demonstration. A folder called like a verb is reached as ``./user``.
"""

from __future__ import annotations

from typing import Any

import click

from bosslet import __version__
from bosslet.cli.backup import backup
from bosslet.cli.cp import cp
from bosslet.cli.demonstration import demonstrate
from bosslet.cli.downsample import downsample, work
from bosslet.cli.export import export
from bosslet.cli.index import index
from bosslet.cli.info import info
from bosslet.cli.ingest import ingest
from bosslet.cli.ls import ls
from bosslet.cli.mv import mv
from bosslet.cli.optimize import optimize
from bosslet.cli.pull import pull
from bosslet.cli.purge import purge
from bosslet.cli.push import push
from bosslet.cli.repair import repair
from bosslet.cli.restore import restore
from bosslet.cli.rm import rm
from bosslet.cli.start import serve, serve_folder, serving_options
from bosslet.cli.status import status
from bosslet.cli.user import user
from bosslet.cli.verify import verify
from bosslet.errors import BossletError, ConfigurationError

NO_VERB = ""


class Refused(click.ClickException):
    """What bosslet refuses, as one line on stderr."""

    exit_code = 2


class _Verbs(click.Group):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = args[0] if args else NO_VERB
        verb = first and (first in self.commands or first in (*ctx.help_option_names, "--version"))
        # A shell that completes the first word asks with none.
        whole = verb or (ctx.resilient_parsing and not args)
        return super().parse_args(ctx, args if whole else [NO_VERB, *args])

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 (as click has it)
        try:
            return super().invoke(ctx)
        except BossletError as error:
            raise Refused(_sentence(error)) from error


def _sentence(error: BossletError) -> str:
    """What was wrong. Most errors only name the thing, and their class says what was wrong with it."""
    return str(error) if isinstance(error, ConfigurationError) else f"{error}: {error.__doc__}"


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]}, options_metavar="")
@click.version_option(__version__, prog_name="bosslet", message="%(prog)s %(version)s")
def main() -> None:
    """Serve 3-D images and labels to bossDB clients.

    \b
      bosslet                      a demonstration; its data is destroyed at the end
      bosslet ./uploads            serve what is in a folder, made when absent
      bosslet --port 8000          options work with and without a folder
      bosslet serve --help         all options
    """


@main.command(NO_VERB, hidden=True)
@click.argument("uploads", required=False, type=click.Path())
@serving_options
def _start(uploads: str | None, **options: object) -> None:
    """Serve the folder UPLOADS, or without one a demonstration whose data is destroyed at the end."""
    if uploads is None:
        demonstrate(**options)
    else:
        serve_folder(uploads, **options)


for verb in (serve, user, downsample, index, work, verify, repair, ingest, export):
    main.add_command(verb)
for verb in (ls, info, status, mv, cp, rm, purge, optimize, backup, restore, push, pull):
    main.add_command(verb)
