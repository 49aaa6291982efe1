"""Two volumes with three resolutions on a live server, and what is known to be in them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import blosc
import numpy as np
import requests
from numpy.typing import NDArray

from tests.live.server import Server

Voxels = NDArray[Any]

SHAPE = (100, 200, 300)
START = (5, 10, 20)
"""(z, y, x): where the frame starts, not at the edge of any chunk."""
LEVELS = range(3)
TO_DOWNSAMPLE = 60


@dataclass(frozen=True, slots=True)
class Published:
    """An experiment with the channels ``em`` (uint8) and ``cells`` (uint64 labels), which everybody may read."""

    server: Server
    token: str
    collection: str

    @property
    def url(self) -> str:
        """Of the server."""
        return self.server.url

    def path(self, channel: str) -> str:
        """As URLs have it."""
        return f"{self.collection}/exp/{channel}"

    def precomputed(self, channel: str) -> str:
        """The URL of a precomputed volume."""
        return f"{self.url}/precomputed/{self.path(channel)}"

    def zarr(self, channel: str) -> str:
        """The URL of an OME-Zarr image."""
        return f"{self.url}/zarr/{self.path(channel)}.ome.zarr"

    def cutout(self, channel: str, resolution: int = 0) -> Voxels:
        """All of a resolution within the frame, as bossDB's API has it."""
        z, y, x = (range(a >> resolution, -(-b >> resolution)) for a, b in zip(START, SHAPE, strict=True))
        # bossDB holds boxes at every resolution against the frame at native resolution.
        first = [max(side.start, a) for side, a in zip((z, y, x), START, strict=True)]
        ranges = "/".join(f"{a}:{side.stop}" for a, side in zip(first[::-1], (x, y, z), strict=True))
        answer = self.call("GET", f"cutout/{self.path(channel)}/{resolution}/{ranges}/", accept="application/blosc")
        shape = [side.stop - a for a, side in zip(first, (z, y, x), strict=True)]
        return np.frombuffer(blosc.decompress(answer.content), DTYPES[channel]).reshape(shape)

    def call(self, method: str, path: str, *, accept: str = "application/json", **options: Any) -> requests.Response:
        """A request to bossDB's API."""
        headers = {"Authorization": f"Token {self.token}", "Accept": accept, **options.pop("headers", {})}
        answer = requests.request(method, f"{self.url}/v1/{path}", headers=headers, timeout=60, **options)
        answer.raise_for_status()
        return answer


DTYPES = {"em": "uint8", "cells": "uint64"}


def truth(channel: str) -> Voxels:
    """What is written (z, y, x), from the start of the frame on; no voxel is zero."""
    z, y, x = (stop - start for start, stop in zip(START, SHAPE, strict=True))
    if channel == "em":
        return np.random.default_rng(0).integers(1, 255, (z, y, x), np.uint8, endpoint=True)
    blocks = np.add.outer(np.arange(z) // 13 * 10_000, np.add.outer(np.arange(y) // 11 * 100, np.arange(x) // 17))
    return blocks.astype(np.uint64) + (1 << 33)


def publish(server: Server, token: str, collection: str, *, downsample: bool = True) -> Published:
    """Make and fill the experiment."""
    made = Published(server, token, collection)
    public = {"public": True}
    made.call("POST", f"collection/{collection}", json=public)
    sides = {
        f"{axis}_{end}": value
        for end, values in (("start", START), ("stop", SHAPE))
        for axis, value in zip("zyx", values, strict=True)
    }
    sizes = {"x_voxel_size": 4, "y_voxel_size": 4, "z_voxel_size": 5, "voxel_unit": "nanometers"}
    made.call("POST", f"coord/{collection}", json=sides | sizes)
    experiment = {"coord_frame": collection, "num_hierarchy_levels": len(LEVELS), "hierarchy_method": "isotropic"}
    made.call("POST", f"collection/{collection}/experiment/exp", json=experiment | public)
    for channel, dtype in DTYPES.items():
        kind = "image" if channel == "em" else "annotation"
        description = {"type": kind, "datatype": dtype, **public}
        made.call("POST", f"collection/{collection}/experiment/exp/channel/{channel}", json=description)
        voxels = truth(channel)
        ranges = "/".join(f"{a}:{b}" for a, b in zip(START[::-1], SHAPE[::-1], strict=True))
        made.call(
            "POST",
            f"cutout/{made.path(channel)}/0/{ranges}/",
            data=blosc.compress(voxels.tobytes(), typesize=8 * voxels.itemsize),
            headers={"Content-Type": "application/blosc"},
        )
        if downsample:
            made.call("POST", f"downsample/{made.path(channel)}")
    for channel in DTYPES if downsample else ():
        _await(lambda name=channel: made.call("GET", f"downsample/{made.path(name)}").json()["status"] == "DOWNSAMPLED")
    return made


def _await(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TO_DOWNSAMPLE
    while not done():
        assert time.monotonic() < deadline, "the levels were not made in time"
        time.sleep(0.1)
