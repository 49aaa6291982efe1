"""ome-zarr-py, which napari's plugin reads with; its arrays are dask's, which also opens them by itself."""

from __future__ import annotations

import dask.array
import numpy as np
from ome_zarr.io import parse_url
from ome_zarr.reader import Reader

from tests.clients.readers.site import Site, Volume, Voxels


def image(site: Site, volume: Volume) -> Voxels:
    """Found by its metadata."""
    location = parse_url(site.zarr(volume))
    assert location is not None
    return np.asarray(next(iter(Reader(location)())).data[0][0])


def dask_array(site: Site, volume: Volume) -> Voxels:
    """``dask.array.from_zarr``."""
    return np.asarray(dask.array.from_zarr(site.zarr(volume), component="0")[0])
