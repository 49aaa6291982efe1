"""The floor: the least that a server with bosslet's engine and wire format can do; see ``floor_process``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import tensorstore as ts

from benchmarks.meter import Family
from benchmarks.servers import Server, Voxels, launch, wait_for_line
from bosslet.codecs import blosc
from bosslet.geometry import Box
from bosslet.volume.layout import Layout

CACHE_BYTES = 256 * 2**20


def start(
    voxels: Voxels, folder: Path, *, cache_bytes: int = CACHE_BYTES, chunk: tuple[int, int, int] = (32, 64, 64)
) -> Server:
    """Voxels in an array as bosslet makes it, served by one process."""
    fill(voxels, folder / "array", Layout(voxels.dtype.name, (256, 256, 256), chunk))
    log = folder / "floor.log"
    process = launch(
        [sys.executable, "-m", "benchmarks.servers.floor_process", str(folder / "array"), str(cache_bytes)], log
    )
    port = int(wait_for_line(process, log, "port ([0-9]+)"))
    return Server(
        name="floor",
        port=port,
        family=Family.of(process.pid),
        path=path,
        decode=lambda body, box: blosc.decode(body, box.shape, voxels.dtype),
        resource="/resource",
    )


def path(box: Box) -> str:
    """Six numbers: start and stop of z, y, x."""
    return "/cutout/" + "/".join(map(str, (*box.start, *box.stop)))


def fill(voxels: Voxels, folder: Path, layout: Layout) -> ts.TensorStore:
    """An array with these voxels."""
    spec: dict[str, Any] = {"driver": "zarr3", "kvstore": f"{folder.as_uri()}/"}
    array = ts.open(spec | {"metadata": layout.metadata((1, *voxels.shape))}, create=True).result()
    array[0].write(voxels).result()
    return array
