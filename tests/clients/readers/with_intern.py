"""intern in its two ways over bossDB's API, and its CloudVolume remote."""

from __future__ import annotations

import os
from typing import Any
from unittest.mock import patch

import intern
from intern.remote.boss import BossRemote
from intern.remote.cv import CloudVolumeRemote

from tests.clients.readers.site import EXPERIMENT, Site, Volume, Voxels


def cutout(site: Site, volume: Volume) -> Voxels:
    """``get_cutout`` of the remote."""
    remote = _remote(site)
    z, y, x = ([0, side] for side in volume.shape)
    channel = remote.get_channel(volume.name, *EXPERIMENT.split("/"))
    voxels: Voxels = remote.get_cutout(channel, 0, x, y, z)
    return voxels


def array(site: Site, volume: Volume) -> Voxels:
    """The convenient way: something that is sliced."""
    z, y, x = volume.shape
    with patch.dict(os.environ, {"INTERN_PROTOCOL": "http", "INTERN_HOST": site.host, "INTERN_TOKEN": "public"}):
        opened: Any = intern.array(f"bossdb://{volume.path}")
        voxels: Voxels = opened[0:z, 0:y, 0:x]
    return voxels


def cloud_volume_remote(site: Site, volume: Volume) -> Voxels:
    """``s3`` is the one of its protocols that goes to whatever server stands in the path, and then by plain HTTP."""
    remote = CloudVolumeRemote({"protocol": "s3", "cloudpath": site.precomputed(volume)})
    z, y, x = ([0, side] for side in volume.shape)
    voxels: Voxels = remote.get_cutout(remote.cloudvolume(), 0, x, y, z)
    return voxels.T


def _remote(site: Site) -> BossRemote:
    return BossRemote({"protocol": "http", "host": site.host, "token": "public"})
