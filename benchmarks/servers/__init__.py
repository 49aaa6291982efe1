"""One module per server: ``start(voxels, folder)`` fills a folder, starts the server on it and returns a ``Server``."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from benchmarks.client import Client
from benchmarks.meter import Family
from bosslet.geometry import Box

Voxels = NDArray[Any]
SECONDS_TO_START = 90


class Unavailable(Exception):
    """A server that is not to be had on this machine; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs, and how to ask it."""

    name: str
    port: int
    family: Family
    path: Callable[[Box], str]
    """Where the voxels of a box are; KeyError for a box that this server cannot serve."""
    decode: Callable[[bytes, Box], Voxels]
    """What a client makes of the answer."""
    headers: dict[str, str] = field(default_factory=dict)
    resource: str | None = None
    """A small document of the server."""
    cutout_headers: dict[str, str] = field(default_factory=dict)

    def client(self) -> Client:
        """A connection of its own."""
        return Client(self.port, self.headers)

    def end(self) -> None:
        """Stop it."""
        self.family.end()


def launch(command: list[str], log: Path, **environment: str) -> subprocess.Popen[bytes]:
    """A process of its own that writes to a log."""
    with log.open("wb") as output:
        return subprocess.Popen(command, stdout=output, stderr=output, env=os.environ | environment)


def wait_for_line(process: subprocess.Popen[bytes], log: Path, pattern: str) -> str:
    """The first group of a line of the log, once it is there.

    Raises:
        Unavailable: the process ended, or took too long.
    """
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(pattern, log.read_text(errors="replace")):
            return found[1]
        time.sleep(0.05)
    raise _given_up(process, log)


def wait_for_answer(process: subprocess.Popen[bytes], log: Path, port: int, path: str, **headers: str) -> None:
    """Return when there is an answer to a GET; raises Unavailable as above."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with Client(port, headers) as client:
                client.get(path)
        except (OSError, RuntimeError):
            time.sleep(0.2)
        else:
            return
    raise _given_up(process, log)


def _given_up(process: subprocess.Popen[bytes], log: Path) -> Unavailable:
    ended = process.poll() is not None
    if not ended:
        Family.of(process.pid).end()
    lines = log.read_text(errors="replace").strip().splitlines() or ["nothing"]
    return Unavailable("\n".join([f"{'ended' if ended else 'does not answer'}, its log: {lines[-1]}", *lines[-20:]]))


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
