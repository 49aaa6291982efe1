"""The Python side of Neuroglancer, which asks the viewer in a browser for voxels."""

from __future__ import annotations

import neuroglancer

from tests.clients.readers.in_chromium import window
from tests.clients.readers.site import Site, Volume, Voxels

SECONDS = 120


def zarr(site: Site, volume: Volume) -> Voxels:
    """Of precomputed labels it takes the compressed form, which the viewer makes even of raw ones, for voxels."""
    return _read(f"zarr3://{site.zarr(volume)}/", volume.name)[0]


def _read(source: str, name: str) -> Voxels:
    viewer = neuroglancer.Viewer()
    with viewer.txn() as state:
        state.layers[name] = neuroglancer.ImageLayer(source=source)
    with window() as page:
        page.goto(viewer.get_viewer_url())
        voxels: Voxels = viewer.volume(name).result(SECONDS).read().result(SECONDS)
    return voxels
