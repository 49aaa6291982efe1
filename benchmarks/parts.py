"""What can be measured, by name, in the order in which it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from benchmarks import reads, volumes
from benchmarks.servers import Server, Unavailable, Voxels, bosslet, floor, nginx
from benchmarks.servers.peers import PEERS
from benchmarks.settings import Settings

Found = dict[str, Any]


def reads_cached(settings: Settings) -> Found:
    """All chunks are in the servers' caches, where they have one."""
    return _reads(settings, settings.image(), others=True)


def reads_uncached(settings: Settings) -> Found:
    """Every chunk is read from the page cache and decompressed again."""
    return _reads(settings, settings.image(), cache_bytes=0)


def reads_labels(settings: Settings) -> Found:
    """Labels, in cache."""
    return _reads(settings, volumes.labels())


def _reads(settings: Settings, voxels: Voxels, *, others: bool = False, cache_bytes: int = floor.CACHE_BYTES) -> Found:
    missing: dict[str, str] = {}
    with ExitStack() as stack:
        starts: dict[str, Callable[[], Server]] = {
            "floor": lambda: floor.start(voxels, settings.subfolder("floor"), cache_bytes=cache_bytes),
            "bosslet": lambda: bosslet.start(voxels, settings.subfolder("bosslet"), cache_bytes=cache_bytes),
        }
        if others:
            asked = reads.all_boxes(voxels.shape)
            starts["nginx"] = lambda: nginx.start(voxels, settings.subfolder("nginx"), asked)
            starts |= {name: lambda s=start, n=name: s(voxels, settings.subfolder(n)) for name, start in PEERS.items()}
        servers = []
        for name, start in starts.items():
            try:
                server = start()
            except Unavailable as error:
                print(f"{name}: {error}", flush=True)
                missing[name] = str(error).splitlines()[0]
                continue
            stack.callback(server.end)
            reads.check(server, voxels)
            servers.append(server)
        cells = reads.compare(servers, voxels.shape, settings.seconds, [*reads.SHAPES, reads.RESOURCE])
    return {"cells": reads.records(cells), "missing": missing}


PARTS: dict[str, Callable[[Settings], Found]] = {
    "reads": reads_cached,
    "reads-uncached": reads_uncached,
    "reads-labels": reads_labels,
}
