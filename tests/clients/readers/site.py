"""Where clients find the volumes, and what is in them: an experiment with the channels ``em`` and ``labels``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import blosc
import numpy as np
import requests
from numpy.typing import NDArray

Voxels = NDArray[Any]
Shape = tuple[int, int, int]

EXPERIMENT = "real/fib25"
VOXEL_SIZE = 10
"""In nm, in all directions."""
SLAB = 64
"""Slices that are written in one request."""


@dataclass(frozen=True, slots=True)
class Volume:
    """What a client is told of a channel before it reads it."""

    name: str
    dtype: str
    shape: Shape
    """(z, y, x); the volume starts at 0."""

    @property
    def path(self) -> str:
        """As URLs have it."""
        return f"{EXPERIMENT}/{self.name}"


@dataclass(frozen=True, slots=True)
class Site:
    """Two servers on one folder, for Neuroglancer reads bossDB's API over TLS alone."""

    url: str
    tls_url: str
    certificate: Path
    folder: Path
    """Where clients may put files."""

    @property
    def host(self) -> str:
        """Host and port."""
        return self.url.removeprefix("http://")

    def cutout(self, volume: Volume) -> str:
        """The URL of all voxels, as bossDB's API has it."""
        z, y, x = volume.shape
        return f"{self.url}/v1/cutout/{volume.path}/0/0:{x}/0:{y}/0:{z}/"

    def precomputed(self, volume: Volume) -> str:
        """The URL of a precomputed volume."""
        return f"{self.url}/precomputed/{volume.path}"

    def zarr(self, volume: Volume) -> str:
        """The URL of an OME-Zarr image."""
        return f"{self.url}/zarr/{volume.path}.ome.zarr"


def publish(url: str, contents: Mapping[str, Voxels]) -> list[Volume]:
    """Make and fill the channels on a server that has nothing yet; those of uint64 are labels."""
    collection, experiment = EXPERIMENT.split("/")
    z, y, x = next(iter(contents.values())).shape
    _post(f"{url}/v1/collection/{collection}")
    sides = {f"{axis}_start": 0 for axis in "xyz"} | {"x_stop": x, "y_stop": y, "z_stop": z}
    sizes = {f"{axis}_voxel_size": VOXEL_SIZE for axis in "xyz"}
    _post(f"{url}/v1/coord/{experiment}", json={**sides, **sizes, "voxel_unit": "nanometers"})
    description = {"coord_frame": experiment, "num_hierarchy_levels": 1}
    _post(f"{url}/v1/collection/{collection}/experiment/{experiment}", json=description)
    return [_fill(url, name, voxels) for name, voxels in contents.items()]


def _fill(url: str, name: str, voxels: Voxels) -> Volume:
    collection, experiment = EXPERIMENT.split("/")
    kind = "annotation" if voxels.dtype == np.uint64 else "image"
    path = f"{url}/v1/collection/{collection}/experiment/{experiment}/channel/{name}"
    _post(path, json={"type": kind, "datatype": voxels.dtype.name})
    z, y, x = voxels.shape
    for first in range(0, z, SLAB):
        slab = np.ascontiguousarray(voxels[first : first + SLAB])
        box = f"0:{x}/0:{y}/{first}:{first + len(slab)}"
        body = blosc.compress(slab.tobytes(), typesize=slab.itemsize)
        headers = {"Content-Type": "application/blosc"}
        _post(f"{url}/v1/cutout/{EXPERIMENT}/{name}/0/{box}/", data=body, headers=headers)
    return Volume(name, voxels.dtype.name, (z, y, x))


def _post(url: str, **body: Any) -> None:
    answer = requests.post(url, timeout=60, **body)
    assert answer.status_code == 201, answer.text
