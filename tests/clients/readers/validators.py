"""The validators of OME-Zarr: what they find valid, and the voxels that they then name."""

from __future__ import annotations

from typing import Any

import numpy as np
import ome_zarr_models
import yaozarrs
import zarr

from tests.clients.readers.site import Site, Volume, Voxels


def with_yaozarrs(site: Site, volume: Volume) -> Voxels:
    """The array that it opens, handed to TensorStore."""
    yaozarrs.validate_zarr_store(site.zarr(volume))
    array: Any = yaozarrs.open_group(site.zarr(volume))["0"]
    voxels: Voxels = array.to_tensorstore()[0].read().result()
    return voxels


def with_ome_zarr_models(site: Site, volume: Volume) -> Voxels:
    """The array that its model names first."""
    group = zarr.open_group(site.zarr(volume), mode="r")
    model: Any = ome_zarr_models.open_ome_zarr(group)
    array: Any = group[model.attributes.ome.multiscales[0].datasets[0].path]
    return np.asarray(array[0])
