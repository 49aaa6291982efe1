"""tiled, the server of arrays of the Bluesky project, on a Zarr folder, which is how it keeps arrays itself.

Chosen in its favour: chunks of 1 MiB (bosslet's, and flatter ones, cost it more) that are not compressed, a part of the
array in one request (``array/full`` with ``slice``) as raw bytes, no compression in HTTP (the client does not ask for
it), no log of requests, no metrics, no API key for reading. It keeps no chunks in memory: every request reads them from
the page cache. One process, as ``tiled serve`` starts it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import tensorstore as ts

from benchmarks.meter import Family
from benchmarks.servers import Server, Voxels, environments, free_port, launch, wait_for_answer
from bosslet.geometry import Box

REQUIREMENTS = ("tiled[server]==0.2.20", "zarr==3.1.6", "numpy==2.4.6", "uvicorn==0.54.0", "starlette==1.10.0")
CHUNK = (64, 128, 128)
MODULE = """
from tiled.adapters.zarr import ZarrAdapter

image = ZarrAdapter.from_uris("{uri}")
"""
"""Beside the configuration, where tiled looks for what a tree names. A catalog in SQL would cost more per request."""


def start(voxels: Voxels, folder: Path) -> Server:
    """Voxels in an array that a new tiled serves.

    Raises:
        Unavailable: it cannot be installed or started.
    """
    program = environments.python("tiled", REQUIREMENTS)
    _fill(voxels, folder / "array")
    (folder / "served.py").write_text(MODULE.format(uri=(folder / "array").as_uri()))
    (folder / "config.yml").write_text(json.dumps(_configuration()))
    port, log = free_port(), folder / "tiled.log"
    command = [str(program), "-m", "tiled", "serve", "config", str(folder / "config.yml")]
    process = launch([*command, "--port", str(port)], log)
    wait_for_answer(process, log, port, "/api/v1/metadata/image")
    return Server(
        name="tiled",
        port=port,
        family=Family.of(process.pid),
        path=_path,
        decode=lambda body, box: np.frombuffer(body, voxels.dtype).reshape(box.shape),
        resource="/api/v1/metadata/image",
        cutout_headers={"Accept": "application/octet-stream"},
    )


def _fill(voxels: Voxels, folder: Path) -> None:
    codec = [{"name": "bytes", "configuration": {"endian": "little"}}]
    grid = {"name": "regular", "configuration": {"chunk_shape": CHUNK}}
    metadata = {"shape": voxels.shape, "data_type": voxels.dtype.name, "chunk_grid": grid, "codecs": codec}
    spec: dict[str, Any] = {"driver": "zarr3", "kvstore": f"{folder.as_uri()}/", "metadata": metadata}
    ts.open(spec, create=True).result().write(voxels).result()


def _configuration() -> dict[str, Any]:
    return {
        "trees": [{"path": "/image", "tree": "served:image"}],
        "authentication": {"allow_anonymous_access": True},
        "metrics": {"prometheus": False},
        "response_bytesize_limit": 500_000_000,
        "uvicorn": {"access_log": False, "log_level": "warning"},
    }


def _path(box: Box) -> str:
    selection = ",".join(f"{start}:{stop}" for start, stop in zip(box.start, box.stop, strict=True))
    return f"/api/v1/array/full/image?slice={selection}"
