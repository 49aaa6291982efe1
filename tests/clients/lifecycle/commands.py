"""``bosslet`` run as a user runs it: in processes of its own, which can be killed all at once and run again."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from tests.live.server import environment

Process = subprocess.Popen[str]
Said = list[dict[str, Any]]
"""The JSON lines of a command."""

TO_GET_THERE = 300
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Commands:
    """On one uploads folder; ``settings`` are of the configuration."""

    uploads: Path
    settings: tuple[tuple[str, object], ...] = ()

    def run(self, *arguments: object) -> Said:
        """What a command says, which has to succeed."""
        said = self.run_plainly(*arguments, "--uploads", self.uploads, "--json")
        return [json.loads(line) for line in said.splitlines()]

    def run_plainly(self, *arguments: object) -> str:
        """The same, of one that takes the folder in another way."""
        command, variables = self._command(arguments), self._environment()
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (arguments, done.stdout[-2000:], done.stderr[-2000:])
        return done.stdout

    def start(self, *arguments: object) -> Process:
        """A command with a session of its own, by which all of its processes can be reached."""
        command = self._command((*arguments, "--uploads", self.uploads, "--json"))
        return subprocess.Popen(
            command,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _command(self, arguments: tuple[object, ...]) -> list[str]:
        return [sys.executable, "-m", "bosslet", *map(str, arguments)]

    def _environment(self) -> dict[str, str]:
        return environment(self.uploads.parent, **dict(self.settings))


@dataclass(frozen=True, slots=True)
class Kills:
    """KILL at random places of a command's work."""

    number: int
    progress: Callable[[Commands], int]
    """How far it is; never less than before."""
    seed: int = 0

    def of(self, commands: Commands, what: str, end: int, arguments: tuple[object, ...]) -> Said:
        """Kill a command so many times and start it again; what it says when at last it is left alone.

        ``end`` is how far it comes. Places that it has passed by the time it is started again are passed once more, so
        that some kills come while it is still being read.
        """
        chance, found = random.Random(self.seed), []
        for place in sorted(chance.choices(range(end), k=self.number)):
            process = commands.start(*arguments)
            self._wait_for(place, commands, process)
            sleep(chance.uniform(0, 0.1 if found[-1:] < [place] else 2))
            assert process.poll() is None, f"{what}: ended before it was killed, at {found}: {process.communicate()}"
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            found.append(self.progress(commands))
        said = commands.run(*arguments)
        print(f"{what}: killed {self.number} times, at {found} of {end}; then it ended: {said[-1]}", flush=True)
        return said

    def _wait_for(self, place: int, commands: Commands, process: Process) -> None:
        limit = monotonic() + TO_GET_THERE
        while process.poll() is None and self.progress(commands) < place:
            assert monotonic() < limit, f"does not come as far as {place}"
            sleep(0.005)


def arrived(commands: Commands) -> int:
    """How many lines the journal of the only transfer that is unfinished has."""
    return sum(_lines(journal) for journal in (commands.uploads / ".jobs").glob("transfer-*.jsonl"))


def blocks(channel: str) -> Callable[[Commands], int]:
    """How many blocks of a channel are stored, of all resolutions."""
    return lambda commands: sum(1 for _ in (commands.uploads / channel).glob("*/c/*/*/*/*"))


def _lines(file: Path) -> int:
    try:
        return file.read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0
