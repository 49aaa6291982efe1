"""The demo volume: made-up tissue as an image and its cells as labels, the same from every start.

``demo/tissue/em`` and ``demo/tissue/cells`` are public, so that they can be read without an account too.
"""

from __future__ import annotations

from typing import Any

from bosslet.catalog.records import ADMINISTRATOR, Experiment, User
from bosslet.datastore import Datastore
from bosslet.demo.tissue import Tissue, grow
from bosslet.geometry import Box, Grid, Point

SHAPE = (320, 384, 448)
SEED = 25
NANOMETERS_A_VOXEL = 8.0
ONE_SAMPLE = range(1)

EM: dict[str, Any] = {"type": "image", "datatype": "uint8", "description": "what an electron microscope would show"}
CELLS: dict[str, Any] = {
    "type": "annotation",
    "datatype": "uint64",
    "description": "which cell a voxel belongs to",
    "sources": ("em",),
}


def make(datastore: Datastore, shape: Point = SHAPE, seed: int = SEED) -> None:
    """Put the demo volume, of a shape with even sides, into a prepared datastore that has none.

    Raises:
        NameTaken: a collection or a coordinate frame is called ``demo``; nothing was changed.
    """
    creator = datastore.catalog.users.get(ADMINISTRATOR)
    experiment = _experiment(datastore, creator, shape)
    for name, settings in (("em", EM), ("cells", CELLS)):
        datastore.create_channel(experiment, name, creator, public=True, **settings)
    _fill(datastore, grow(shape, seed))


def _experiment(datastore: Datastore, creator: User, shape: Point) -> Experiment:
    resources = datastore.catalog.resources
    collection = resources.create_collection("demo", creator, description="made up, to try things on", public=True)
    frame = resources.create_frame(
        "demo",
        creator,
        start=(0, 0, 0),
        stop=shape,
        voxel_size=(NANOMETERS_A_VOXEL,) * 3,
        voxel_unit="nanometers",
        description="",
    )
    return resources.create_experiment(
        collection,
        "tissue",
        creator,
        frame=frame,
        description="a piece of tissue out of a random generator",
        public=True,
        num_hierarchy_levels=4,
        hierarchy_method="isotropic",
        num_time_samples=1,
        time_step=0,
        time_step_unit="seconds",  # intern 1.4.2 cannot open an experiment without one
    )


def _fill(datastore: Datastore, tissue: Tissue) -> None:
    em, cells = (datastore.volume("demo", "tissue", name) for name in ("em", "cells"))
    for part in Grid(datastore.block_shape).parts(Box.of(tissue.shape)):
        em.write(ONE_SAMPLE, part.box, tissue.image(part.box)[None])
        cells.write(ONE_SAMPLE, part.box, tissue.cells(part.box)[None])
