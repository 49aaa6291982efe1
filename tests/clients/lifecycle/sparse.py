"""20 GB of which most was never written, taken in and written out within the memory that the commands say."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from benchmarks.measured import run
from bosslet.geometry import Box
from tests.clients.lifecycle.commands import Commands
from tests.clients.real_volume import Volumes

Voxels = NDArray[Any]

SHAPE = (2001, 3203, 3205)
SPOTS = 24
LAYERS = 3
"""Of blocks, for each process: what an ingest may have in memory at most."""
CHANNEL = "large/sparse/em"


def check(data: Path, folder: Path, volumes: Volumes, kills: int) -> None:
    """A sparse file of NumPy's in; another one, and a BigTIFF, out."""
    source, uploads = folder / "in.npy", folder / "uploads"
    array = np.lib.format.open_memmap(source, "w+", np.uint8, SHAPE)
    for box, spot in _spots(volumes.em):
        array[box.slices] = spot
    array.flush()
    total = int(array.sum(dtype=np.uint64))
    print(
        f"{source.stat().st_size / 1e9:.1f} GB, of which {source.stat().st_blocks * 512 / 1e6:.0f} MB are on the disk"
    )
    layer = LAYERS * 256 * SHAPE[1] * SHAPE[2]
    _within(["ingest", str(source), CHANNEL, "--voxel-size", "4,4,4nm"], uploads, folder, layer)
    Commands(uploads).run_plainly("verify", uploads)
    for name in ("out.npy", "out.tif"):
        _within(["export", CHANNEL, str(folder / name)], uploads, folder, layer)
        found = _opened(folder / name)
        assert (found.shape, found.dtype) == (SHAPE, np.dtype(np.uint8))
        for z in range(0, SHAPE[0], 64):
            np.testing.assert_array_equal(found[z : z + 64], array[z : z + 64])
        assert int(found.sum(dtype=np.uint64)) == total
        print(f"{name}: {array.size} voxels equal", flush=True)
        (folder / name).unlink()


def _spots(em: Voxels) -> Iterator[tuple[Box, Voxels]]:
    """The volume at both ends, and cut to many sizes in the middle: planes in which there is anything take room."""
    random = np.random.default_rng(0)
    corners = [(0, 0, 0), tuple(side - have for side, have in zip(SHAPE, em.shape, strict=True))]
    corners += [(900, *(random.integers(0, side - 250) for side in SHAPE[1:])) for _ in range(SPOTS)]
    for corner in corners:
        sizes = random.integers(1, 250, 3) if corner not in corners[:2] else em.shape
        spot = em[tuple(slice(int(size)) for size in sizes)]
        z, y, x = map(int, corner)
        yield Box((z, y, x), (z + spot.shape[0], y + spot.shape[1], x + spot.shape[2])), spot


def _within(arguments: list[str], uploads: Path, folder: Path, layers: int) -> None:
    """Run a command, which must not need more memory than it says, nor than so many bytes for each process."""
    command = [sys.executable, "-m", "bosslet", *arguments, "--uploads", str(uploads), "--json"]
    found = run(command, folder)
    said = {line["event"]: line for line in map(json.loads, found.said.splitlines())}
    plan, done = said["plan"], said["done"]
    print(
        f"{arguments[0]} {arguments[-1] if arguments[0] == 'export' else ''}: {found.seconds:.0f} s; memory at most "
        f"{found.peak_bytes / 1e6:.0f} MB of all processes, {plan['memory_bytes'] / 1e6:.0f} MB stated, "
        f"{layers * plan['processes'] / 1e6:.0f} MB in {LAYERS} layers for each of {plan['processes']} processes; "
        f"with pages of files {done['peak_bytes'] / 1e6:.0f} MB",
        flush=True,
    )
    assert found.peak_bytes <= plan["memory_bytes"]
    assert done["peak_bytes"] <= layers * plan["processes"]


def _opened(file: Path) -> Voxels:
    if file.suffix == ".npy":
        return np.load(file, mmap_mode="r")
    return tifffile.memmap(file, mode="r")
