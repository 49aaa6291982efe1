"""Other servers of arrays: from PyPI, each in an environment of its own that is made on the first run.

What was chosen for each is in its module, and so that it is at its best: the chunks that cost it least, no compression
that does not pay, no log where that can be chosen, no permissions.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.servers import Server, Voxels, bossphorus, caterva2, hsds, tiled

Start = Callable[[Voxels, Path], Server]

PEERS: dict[str, Start] = {
    "hsds": hsds.start,
    "tiled": tiled.start,
    "caterva2": caterva2.start,
    "bossphorus": bossphorus.start,
}
