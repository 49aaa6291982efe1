"""Images and labels taken in from their files by a command that is killed again and again."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bosslet.datastore import Datastore
from bosslet.geometry import Box
from tests.clients.levels import mean, vote
from tests.clients.lifecycle.commands import Commands, Kills, Said, blocks
from tests.clients.real_volume import Volumes, compare

Voxels = NDArray[Any]

SIZE = ("--voxel-size", "10,10,10nm", "--downsample")
SMALL = (("block_size", 64), ("chunk_size", 32))
"""So that there are many places in which an ingest of so small a volume can be killed."""
WIDE = (61, 601, 1103)
"""So that there are three resolutions of it."""


@dataclass(frozen=True, slots=True)
class Given:
    """Files, and what they hold."""

    channel: str
    source: str
    voxels: Voxels


def check(data: Path, folder: Path, volumes: Volumes, kills: int) -> None:
    """All sources with blocks of the usual size undisturbed, and with small blocks killed."""
    usual, small = Commands(folder / "usual"), Commands(folder / "killed", SMALL)
    sources = [*as_they_are(data, folder, volumes), *mirrored(folder, volumes)]
    for number, given in enumerate(sources):
        options = ("ingest", given.source, given.channel, *SIZE)
        usual.run(*options)
        # So little memory that there are many pieces.
        slow = (*options, "--n-workers", 2, "--memory", 430)
        alone, progress = Commands(folder / f"alone-{number}", SMALL), blocks(given.channel)
        undisturbed = alone.run(*slow)
        times = Kills(kills, progress, seed=number)
        killed = times.of(small, f"ingest of {given.channel}", progress(alone), (*slow, "--resume"))
        assert _checksum(killed) == _checksum(undisturbed)
        shutil.rmtree(alone.uploads)
    for commands in (usual, small):
        commands.run_plainly("verify", commands.uploads)
        for given in sources:
            _check_levels(commands.uploads, given)


def as_they_are(data: Path, folder: Path, volumes: Volumes) -> Iterator[Given]:
    """The slices, and the labels unpacked."""
    labels = folder / "groundtruth.h5"
    with gzip.open(data / "groundtruth.h5.gz") as packed, labels.open("wb") as unpacked:
        shutil.copyfileobj(packed, unpacked)
    yield Given("real/fib25/em", f"{data}/grayscale/*.png", volumes.em)
    yield Given("real/fib25/labels", str(labels), volumes.labels)


def mirrored(folder: Path, volumes: Volumes) -> Iterator[Given]:
    """Some of both, beside their mirror images."""
    em, labels = (_mirrored(volume) for volume in (volumes.em, volumes.labels))
    (folder / "slices").mkdir()
    for number, plane in enumerate(em):
        Image.fromarray(plane).save(folder / "slices" / f"iso.{number}.png", compress_level=1)
    yield Given("real/wide/em", f"{folder}/slices/iso.%d.png", em)
    with h5py.File(folder / "wide.h5", "w") as file:
        file.create_dataset("stack", data=labels, chunks=(32, 64, 64), compression="lzf")
    yield Given("real/wide/labels", str(folder / "wide.h5"), labels)


def _mirrored(voxels: Voxels) -> Voxels:
    missing = [(0, max(0, wanted - side)) for wanted, side in zip(WIDE, voxels.shape, strict=True)]
    found: Voxels = np.pad(voxels[: WIDE[0]], missing, mode="symmetric")
    return found


def _check_levels(uploads: Path, given: Given) -> None:
    with closing(Datastore.open(uploads)) as datastore:
        channel, voxels = datastore.catalog.resources.channel(*given.channel.split("/")), given.voxels
        assert channel.experiment.frame.voxel_size == (10.0, 10.0, 10.0)
        for level in range(channel.experiment.num_hierarchy_levels):
            if level:
                voxels = (vote if channel.annotation else mean)(voxels, (2, 2, 2))
            z, y, x = voxels.shape
            found = datastore.image(channel).level(level).read(range(1), Box.of((z, y, x)))[0]
            compare(f"{uploads.name}, {given.channel}, level {level}", found.astype(voxels.dtype), voxels)


def _checksum(said: Said) -> str:
    return str(next(line["checksum"] for line in said if line["event"] == "done"))
