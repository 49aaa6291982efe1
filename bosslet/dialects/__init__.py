"""HTTP in and out: one folder a dialect, strangers to each other, each with ``register(app, datastore, limits)``.

A new dialect is a folder, its cases under ``tests/dialects/<name>/`` and its line in ``DIALECTS``.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from bosslet.datastore import Datastore
from bosslet.dialects import boss, mesh, metrics, neuroglancer, ome_zarr, precomputed, web
from bosslet.dialects.http import Limits

DIALECTS: dict[str, Callable[[Flask, Datastore, Limits], None]] = {
    "metrics": metrics.register,  # first, so that it sees every request before anybody answers it
    "boss": boss.register,
    "precomputed": precomputed.register,
    "ome_zarr": ome_zarr.register,
    "mesh": mesh.register,
    "neuroglancer": neuroglancer.register,
    "web": web.register,
}
