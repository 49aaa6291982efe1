"""A real bosslet in processes of its own, for tests that need sockets, several workers or a sudden death.

The processes of a server are a session and a process group of their own, so that one signal reaches all of them at the
same instant, and so that whatever is left of them can be found.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import psutil
import requests

ROOT = Path(__file__).parents[2]
TO_END = 40
"""Seconds that a server may take to end: longer than the 30 that gunicorn gives its workers."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that was started and has said where it listens."""

    process: subprocess.Popen[str]
    url: str
    uploads: Path
    log: Path
    """What it wrote to stderr."""

    @property
    def host(self) -> str:
        """Host and port, as clients want them."""
        return self.url.removeprefix("http://")

    def workers(self) -> list[psutil.Process]:
        """The processes that answer requests."""
        return [process for process in self.family() if process.pid != self.process.pid]

    def family(self) -> list[psutil.Process]:
        """All of its processes that are alive."""
        return [process for process in psutil.process_iter() if _in_session(process, self.process.pid)]

    def end(self) -> None:
        """TERM, and all that is expected of the end."""
        self.process.terminate()
        assert self.process.wait(TO_END) == 0, self.log.read_text()
        assert self.family() == []
        assert self.complaints() == []

    def complaints(self) -> list[str]:
        """What it wrote that is more than a note of each request."""
        return [line for line in self.log.read_text().splitlines() if " INFO " not in line]

    def kill(self) -> None:
        """KILL to all of its processes, at once."""
        if self.family():
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(TO_END)
        psutil.wait_procs(self.family(), timeout=TO_END)


@contextmanager
def serving(
    uploads: Path, *options: str, variables: Mapping[str, str] = MappingProxyType({}), **settings: object
) -> Iterator[Server]:
    """A server on a folder until the block ends, unless it ended before; ``settings`` are of the configuration.

    ``variables`` are of its environment.
    """
    log = Path(tempfile.mkstemp(prefix="server-", suffix=".log", dir=uploads.parent)[1])
    server = _started(uploads, log, options, settings, variables)
    try:
        # The socket listened before there was a worker: the first answer says that there is one.
        trusted = options[options.index("--certfile") + 1] if "--certfile" in options else True
        requests.get(f"{server.url}/ping/", timeout=TO_END, verify=trusted).raise_for_status()
        yield server
        if server.process.poll() is None:
            server.end()
    except BaseException as error:
        error.add_note("\n".join([f"the server on {uploads} wrote:", *server.complaints()]))
        raise
    finally:
        server.kill()


def environment(home: Path, **settings: object) -> dict[str, str]:
    """The environment of this process, but for the settings of bosslet and the home, which are as given here."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BOSSLET_", "INTERN_"))}
    chosen = {f"BOSSLET_{name.upper()}": str(value) for name, value in settings.items()}
    return {**kept, **chosen, "HOME": str(home), "PYTHONPATH": str(ROOT)}


def _started(
    uploads: Path, log: Path, options: tuple[str, ...], settings: dict[str, object], variables: Mapping[str, str]
) -> Server:
    command = [sys.executable, "-m", "bosslet", "serve", str(uploads), "--port", "0", *options]
    with log.open("w") as stderr:
        process = subprocess.Popen(
            command,
            env={**environment(uploads.parent, **{"log_level": "warning", **settings}), **variables},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )
    assert process.stdout is not None
    with process.stdout:
        greeting = process.stdout.readline()
    address = re.search(r"https?://\S+", greeting)
    assert address, log.read_text()
    return Server(process, address.group(), uploads, log)


def _in_session(process: psutil.Process, session: int) -> bool:
    try:
        return os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False
