"""A prepared catalog in memory, two users, and a channel's worth of resources in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bosslet.catalog.catalog import Catalog
from bosslet.catalog.records import Channel, Collection, Experiment, Frame, Role, User

MakeChannel = Callable[..., Channel]


@pytest.fixture
def catalog() -> Iterator[Catalog]:
    catalog = Catalog.open("sqlite://")
    catalog.prepare()
    yield catalog
    catalog.close()


@pytest.fixture
def ann(catalog: Catalog) -> User:
    return catalog.users.create("ann", roles=[Role.RESOURCE_MANAGER])


@pytest.fixture
def bob(catalog: Catalog) -> User:
    return catalog.users.create("bob")


@pytest.fixture
def frame(catalog: Catalog, ann: User) -> Frame:
    return catalog.resources.create_frame(
        "frame", ann, start=(1, 2, 3), stop=(40, 50, 60), voxel_size=(35.0, 4.5, 4.0), voxel_unit="nanometers"
    )


@pytest.fixture
def collection(catalog: Catalog, ann: User) -> Collection:
    return catalog.resources.create_collection("col", ann)


@pytest.fixture
def experiment(catalog: Catalog, ann: User, frame: Frame, collection: Collection) -> Experiment:
    return catalog.resources.create_experiment(collection, "exp", ann, frame=frame)


@pytest.fixture
def make_channel(catalog: Catalog, ann: User, experiment: Experiment) -> MakeChannel:
    def make(name: str, **fields: Any) -> Channel:
        defaults: dict[str, Any] = {
            "type": "annotation",
            "datatype": "uint64",
            "block_shape": (32, 64, 128),
            "chunk_shape": (8, 16, 32),
            "path": catalog.resources.unused_path(experiment, name),
        }
        return catalog.resources.create_channel(experiment, name, ann, **defaults | fields)

    return make


@pytest.fixture
def channel(make_channel: MakeChannel) -> Channel:
    return make_channel("ch")
