"""How long commands say what they do: sentences and a bar on a terminal, or JSON lines for programs.

The bar and its rate go to stderr, and only to a terminal; sentences and JSON go to stdout.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

INTERRUPTED = 130
"""The exit status after Ctrl-C, as shells have it."""
SECONDS_BETWEEN_LINES = 1.0


@dataclass(frozen=True, slots=True)
class Reporter:
    """One way of saying it, for all of a command."""

    as_json: bool = False
    silent: bool = False

    def say(self, event: str, sentence: str, **values: object) -> None:
        """Something happened."""
        if self.as_json:
            click.echo(json.dumps({"event": event} | values))
        elif not self.silent:
            click.echo(sentence)

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator[Callable[[int], None]]:
        """A function to be called with how many more bytes are done."""
        with self._bar(DownloadColumn(), TransferSpeedColumn()) as bar:
            task = bar.add_task(what, total=total)
            lines = _Lines(self.as_json, monotonic(), monotonic())
            done = 0

            def advance(count: int) -> None:
                nonlocal done
                done += count
                bar.update(task, completed=done)
                lines.say(bytes=done, total=total)

            yield advance

    @contextmanager
    def count(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """A function to be called with how many things are done, and how many there are."""
        with self._bar(MofNCompleteColumn()) as bar:
            task = bar.add_task(what, total=None)
            lines = _Lines(self.as_json, monotonic(), monotonic())

            def show(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)
                lines.say(done=done, total=total)

            yield show

    def _bar(self, *columns: ProgressColumn) -> Progress:
        console = Console(stderr=True)
        hidden = self.as_json or self.silent or not console.is_terminal
        shown = TextColumn("{task.description}"), BarColumn(), *columns, TimeRemainingColumn()
        return Progress(*shown, console=console, transient=True, disable=hidden)


@dataclass(slots=True)
class _Lines:
    """At most one a second."""

    wanted: bool
    started: float
    said: float

    def say(self, **values: object) -> None:
        now = monotonic()
        if self.wanted and now - self.said >= SECONDS_BETWEEN_LINES:
            self.said = now
            click.echo(json.dumps({"event": "progress", "seconds": round(now - self.started, 1)} | values))
