"""The plugin through which napari opens OME-Zarr, without napari's window."""

from __future__ import annotations

from typing import Any

import numpy as np
import zarr
from napari_ome_zarr import napari_get_reader

from tests.clients.readers.reader import Missing
from tests.clients.readers.site import Site, Volume, Voxels


def layer(site: Site, volume: Volume) -> Voxels:
    """The data of the one layer that it would add; raises Missing for what it only opens as a folder."""
    url = site.zarr(volume)
    if "image-label" in zarr.open_group(url, mode="r").attrs["ome"]:
        raise Missing("opens labels from folders only")
    read: Any = napari_get_reader(url)
    ((data, *_),) = read(url)
    return np.asarray(data[0][0])
