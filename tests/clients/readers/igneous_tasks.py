"""igneous: the tasks of ``igneous image xfer``, carried out here, and what they wrote."""

from __future__ import annotations

import igneous.task_creation
import numpy as np
from cloudvolume import CloudVolume
from taskqueue import LocalTaskQueue

from tests.clients.readers.site import Site, Volume, Voxels


def transfer(site: Site, volume: Volume) -> Voxels:
    """Labels are encoded anew, so that each task reads voxels."""
    copy = f"precomputed://file://{site.folder}/igneous-{volume.name}"
    source = f"precomputed://{site.precomputed(volume)}"
    tasks = igneous.task_creation.create_transfer_tasks(
        source, copy, encoding="raw", skip_downsamples=True, shape=(128, 128, 128)
    )
    LocalTaskQueue(parallel=1, progress=False).insert_all(tasks)
    opened = CloudVolume(copy, progress=False)
    return np.asarray(opened[opened.bounds.to_slices()])[..., 0].T
