"""gunicorn, set up for bosslet: threads in a few processes, each of which makes its own application.

The application is made after the fork, never before: TensorStore starts threads when an array is opened, and a process
forked from one that has them aborts. Every worker unwinds the stack of the process that it was forked from, so code
around ``run`` that cleans up must check that it still is in the process where it began.

What the workers count for ``/metrics`` is in a folder that they share, and that is gone when the server ends.

Settings: https://docs.gunicorn.org/en/stable/settings.html
"""

from __future__ import annotations

import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from gunicorn.app.base import BaseApplication

from bosslet import memory
from bosslet.dialects.metrics.meters import FOLDER as METRICS_FOLDER
from bosslet.dialects.metrics.meters import forget_worker
from bosslet.errors import ConfigurationError
from bosslet.shared_folder import PARENT, SharedFolder
from bosslet.worker import Log, Worker

Wsgi = Callable[..., Any]
BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class Certificate:
    """What it takes to speak TLS; the two files may be one."""

    chain: Path
    key: Path

    def check(self) -> None:
        """Raise ConfigurationError where they cannot be used."""
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(self.chain, self.key, password="")
        except (OSError, ValueError) as error:  # SSLError is an OSError
            raise ConfigurationError(f"BOSSLET_CERTFILE: {self.chain} with key {self.key}: {error}") from error


class _Gunicorn(BaseApplication):  # type: ignore[misc]  # gunicorn is not typed
    def __init__(self, make_application: Callable[[], Wsgi], options: dict[str, object]) -> None:
        self._make_application = make_application
        self._options = options
        super().__init__(prog="bosslet")

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Wsgi:
        return self._make_application()


def listen(host: str, port: int) -> socket.socket:
    """A socket that already listens, so that a taken port is known before anything else is done; 0 is any free port.

    Raises:
        OSError: the address is in use, forbidden or not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def run(
    make_application: Callable[[], Wsgi],
    listener: socket.socket,
    *,
    workers: int,
    threads: int,
    certificate: Certificate | None = None,
) -> NoReturn:
    """Serves until a signal ends it, then leaves through SystemExit; takes the listener over."""
    shared = SharedFolder.make()
    os.environ[METRICS_FOLDER] = str(shared.path)
    memory.set_up()
    options: dict[str, object] = {
        "bind": f"fd://{listener.detach()}",
        "worker_class": Worker,
        "logger_class": Log,
        "workers": workers,
        "threads": threads,
        "preload_app": False,
        "control_socket_disable": True,
        "keepalive": 75,
        "graceful_timeout": 30,
        "limit_request_line": 8190,
        # The heartbeat of a worker must not wait for a disk that is busy with blocks.
        "worker_tmp_dir": str(PARENT),
        "child_exit": lambda _server, worker: forget_worker(worker.pid, shared.path),
        "on_exit": lambda _server: shared.remove(),
    }
    if certificate is not None:
        options |= {"certfile": str(certificate.chain), "keyfile": str(certificate.key)}
    _Gunicorn(make_application, options).run()
    sys.exit()  # unreachable by gunicorn's own account, and the honest status if that changes


def end_on_signals() -> None:
    """Makes TERM and Ctrl-C leave through SystemExit with status 0, until gunicorn takes the signals over."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: sys.exit())
