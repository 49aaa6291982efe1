"""What can be measured, by name, in the order in which it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from benchmarks import dialects, growth, ingest, memory, reads, shapes, transfer, viewer, volumes, writes
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


def durable_writes(settings: Settings) -> Found:
    """Writes of all shapes beside the engine's own."""
    voxels = settings.image()
    with ExitStack() as stack:
        engine = floor.start(voxels, settings.subfolder("floor"))
        stack.callback(engine.end)
        own = bosslet.start(voxels, settings.subfolder("bosslet"))
        stack.callback(own.end)
        return {"cells": writes.compare(engine, own, voxels)}


def slab_ingest(settings: Settings) -> Found:
    """Slab after slab."""
    return {"cells": ingest.measure(settings.folder, volumes.image(ingest.EXTENT))}


def in_memory(settings: Settings) -> Found:
    """Peaks, and what stays."""
    resident = memory.lasting(settings.subfolder("lasting"), settings.image())
    return {"peaks": memory.peaks(settings.folder), "resident": resident}


def growing(settings: Settings) -> Found:
    """Large stores beside small ones."""
    return {"cells": growth.measure(settings.folder, settings.seconds)}


def forms(settings: Settings) -> Found:
    """Images in all forms, not in cache."""
    return {"cells": shapes.measure(settings.folder, settings.image(), settings.seconds, 0)}


def forms_cached(settings: Settings) -> Found:
    """Images in all forms, in cache."""
    return {"cells": shapes.measure(settings.folder, settings.image(), settings.seconds, floor.CACHE_BYTES)}


def forms_labels(settings: Settings) -> Found:
    """Labels in all forms, not in cache."""
    return {"cells": shapes.measure(settings.folder, volumes.labels(), settings.seconds, 0)}


def same_voxels(settings: Settings) -> Found:
    """The dialects beside each other."""
    return {"cells": dialects.measure(settings.folder, settings.seconds)}


def looking(settings: Settings) -> Found:
    """The wait for the viewer."""
    try:
        return viewer.measure(settings.folder)
    except Unavailable as error:
        print(f"viewer: {error}", flush=True)
        return {"missing": str(error)}


def stacks(settings: Settings) -> Found:
    """Stacks of TIFF files in and out, and a backup."""
    return transfer.measure(settings.image(), settings.folder)


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
    "writes": durable_writes,
    "ingest": slab_ingest,
    "memory": in_memory,
    "growth": growing,
    "shapes": forms,
    "shapes-cached": forms_cached,
    "shapes-labels": forms_labels,
    "dialects": same_voxels,
    "viewer": looking,
    "transfer": stacks,
}
