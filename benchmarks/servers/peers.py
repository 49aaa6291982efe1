"""Other servers of arrays: from PyPI, each in an environment of its own that is made on the first run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.servers import Server, Voxels

Start = Callable[[Voxels, Path], Server]

PEERS: dict[str, Start] = {}
