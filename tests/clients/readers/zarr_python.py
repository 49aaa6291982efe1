"""zarr-python over fsspec and over obstore."""

from __future__ import annotations

from typing import Any

import numpy as np
import zarr
from obstore.store import HTTPStore
from zarr.abc.store import Store
from zarr.storage import FsspecStore, ObjectStore

from tests.clients.readers.site import Site, Volume, Voxels


def over_fsspec(site: Site, volume: Volume) -> Voxels:
    """The usual way."""
    return _read(FsspecStore.from_url(site.zarr(volume)))


def over_obstore(site: Site, volume: Volume) -> Voxels:
    """The fast way."""
    options: Any = {"allow_http": True}
    return _read(ObjectStore(HTTPStore.from_url(site.zarr(volume), client_options=options)))


def _read(store: Store) -> Voxels:
    array: Any = zarr.open_group(store, mode="r")["0"]
    return np.asarray(array[0])
