"""A folder with two experiments, and the command to look after it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from bosslet.catalog.records import ADMINISTRATOR, Channel
from bosslet.cli import main
from bosslet.datastore import Datastore
from bosslet.geometry import Box

SHAPE = (13, 29, 34)
BLOCK = (8, 12, 16)
BLOCKS = 2 * 3 * 3
Run = Callable[..., Result]


@contextmanager
def store(uploads: Path) -> Iterator[Datastore]:
    """The datastore of a folder."""
    opened = Datastore.open(uploads, block_shape=BLOCK, chunk_shape=(4, 6, 8))
    opened.prepare()
    yield opened
    opened.close()


def voxels_of(uploads: Path, name: str) -> Any:
    """All voxels of a channel, as whoever opens the folder finds them."""
    with store(uploads) as datastore:
        return datastore.volume(*name.split("/")).read(range(1), Box.of(SHAPE))[0]


def write(datastore: Datastore, channel: Channel, seed: int) -> Any:
    """Random voxels everywhere."""
    high = 5 if channel.annotation else np.iinfo(channel.datatype).max
    voxels = np.random.default_rng(seed).integers(0, high, (1, *SHAPE), channel.datatype, endpoint=True)
    datastore.image(channel).level(0).write(range(1), Box.of(SHAPE), voxels.copy())
    return voxels[0]


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    """``mouse/cortex`` with the image ``em`` and the labels ``cells`` made from it; ``mouse/spine`` with ``em``."""
    folder = tmp_path / "uploads"
    with store(folder) as datastore:
        resources, user = datastore.catalog.resources, datastore.catalog.users.get(ADMINISTRATOR)
        frame = resources.create_frame(
            "frame", user, start=(0, 0, 0), stop=SHAPE, voxel_size=(40.0, 4.0, 4.0), voxel_unit="nanometers"
        )
        mouse = resources.create_collection("mouse", user, description="a mouse")
        for number, name in enumerate(("cortex", "spine")):
            experiment = resources.create_experiment(mouse, name, user, frame=frame, num_hierarchy_levels=3)
            em = datastore.create_channel(experiment, "em", user, type="image", datatype="uint16")
            write(datastore, em, number)
            if name == "cortex":
                cells = datastore.create_channel(
                    experiment, "cells", user, type="annotation", datatype="uint64", sources=["em"]
                )
                write(datastore, cells, 7)
    return folder


@pytest.fixture
def run(uploads: Path) -> Run:
    """``bosslet`` with these arguments, on that folder."""

    def run(*arguments: str, status: int = 0, on: Path | None = uploads) -> Result:
        where = ["--uploads", str(on)] if on is not None else []
        result = CliRunner().invoke(main, [*map(str, arguments), *where], catch_exceptions=False)
        assert result.exit_code == status, result.output
        if status == 2:
            assert len(result.stderr.splitlines()) == 1 or result.stderr.startswith("Usage"), result.stderr
        return result

    return run


def lines(result: Result) -> list[dict[str, Any]]:
    """What a command said for programs, but for how far it was."""
    said = [json.loads(line) for line in result.stdout.splitlines()]
    return [line for line in said if line["event"] != "progress"]


def everything_in(folder: Path) -> dict[str, bytes]:
    """All files but those that every start may touch: locks, and the journals of databases."""
    files = (file for file in folder.rglob("*") if file.is_file())
    kept = {
        str(file.relative_to(folder)): file for file in files if "-wal" not in file.name and "-shm" not in file.name
    }
    ignored = {".locks", ".blocks", ".jobs"}
    return {name: file.read_bytes() for name, file in kept.items() if not ignored.intersection(file.parts)}
