"""TensorStore, with the drivers of two formats over its ``http`` one."""

from __future__ import annotations

from typing import Any

import tensorstore

from tests.clients.readers.site import Site, Volume, Voxels


def precomputed(site: Site, volume: Volume) -> Voxels:
    """Its ``neuroglancer_precomputed`` driver."""
    array: Any = tensorstore.open({"driver": "neuroglancer_precomputed", "kvstore": site.precomputed(volume)}).result()
    voxels: Voxels = array[..., 0].read().result().T
    return voxels


def zarr3(site: Site, volume: Volume) -> Voxels:
    """Its ``zarr3`` driver."""
    array: Any = tensorstore.open({"driver": "zarr3", "kvstore": f"{site.zarr(volume)}/0/"}).result()
    voxels: Voxels = array[0].read().result()
    return voxels
