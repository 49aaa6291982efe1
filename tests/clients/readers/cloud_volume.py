"""cloud-volume reads precomputed volumes, in its ways."""

from __future__ import annotations

from itertools import product

import numpy as np
from cloudvolume import Bbox, CloudVolume

from tests.clients.readers.site import Site, Volume, Voxels

WORK = (128, 128, 128)
"""(x, y, z): what a task of a pipeline works on; whole chunks."""


def as_it_is(site: Site, volume: Volume) -> Voxels:
    """As the channel is without a choice: images raw, labels as compressed_segmentation."""
    return _whole(_opened(site.precomputed(volume)))


def raw(site: Site, volume: Volume) -> Voxels:
    """Labels, too."""
    return _whole(_opened(f"{site.precomputed(volume)}/raw"))


def tasks(site: Site, volume: Volume) -> Voxels:
    """As igneous works: task after task downloads a box of whole chunks."""
    opened = _opened(site.precomputed(volume))
    z, y, x = volume.shape
    voxels = np.zeros((x, y, z), volume.dtype)
    for corner in product(*(range(0, side, step) for side, step in zip((x, y, z), WORK, strict=True))):
        asked = Bbox(corner, np.array(corner) + WORK)
        box = Bbox.clamp(asked.expand_to_chunk_size(opened.chunk_size, opened.voxel_offset), opened.bounds)
        voxels[box.to_slices()] = opened.download(box, parallel=1)[..., 0]
    return voxels.T


def transfer(site: Site, volume: Volume) -> Voxels:
    """As ``igneous image xfer`` works when chunks may stay as they are: encoded ones become files, which are read."""
    copy = f"precomputed://file://{site.folder / volume.name}"
    source = _opened(site.precomputed(volume))
    source.transfer_to(copy, source.bounds)
    return _whole(CloudVolume(copy, progress=False))


def _opened(url: str) -> CloudVolume:
    return CloudVolume(f"precomputed://{url}", progress=False)


def _whole(opened: CloudVolume) -> Voxels:
    return np.asarray(opened[opened.bounds.to_slices()])[..., 0].T
