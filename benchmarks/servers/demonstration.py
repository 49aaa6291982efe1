"""``bosslet`` without a folder: the server of the demo volume, which has levels and labels that look like cells."""

from __future__ import annotations

import sys
from pathlib import Path

import requests

from benchmarks.meter import Family
from benchmarks.servers import launch, wait_for_line
from benchmarks.servers.bosslet import Bosslet

EM, CELLS = "demo/tissue/em", "demo/tissue/cells"


def start(folder: Path) -> Bosslet:
    """It, with one worker, so that what is kept in memory is kept once; raises Unavailable."""
    log = folder / "demo.log"
    command = [sys.executable, "-m", "bosslet", "--port", "0", "--workers", "1"]
    process = launch(command, log, PYTHONUNBUFFERED="1", TMPDIR=str(folder))
    url = wait_for_line(process, log, r"--- the page\s+(http://127[^/\s]+)")
    # The socket listened before there was a worker.
    requests.get(f"{url}/ping/", timeout=60).raise_for_status()
    return Bosslet(url, Family.of(process.pid))
