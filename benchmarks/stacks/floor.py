"""The floor: the stack read, and the engine's own durable write of whole blocks; or the engine's read, and planes.

Each core has a process, and each process whole layers of blocks. There are no names, journals, checksums or locks.
"""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import tensorstore as ts

from benchmarks.stacks import planes, program, read, write
from bosslet.volume.layout import Layout

SIDE = 256


def take_in(stack: Path, folder: Path) -> None:
    """From planes to blocks that are on the disk."""
    files = planes(stack)
    first = read(files[:1])
    layout = Layout(first.dtype.name, (SIDE, SIDE, SIDE), (32, 64, 64))
    spec = {"driver": "zarr3", "kvstore": f"{folder.absolute().as_uri()}/"}
    metadata = layout.metadata((1, len(files), *first.shape[1:]))
    ts.open(spec | {"metadata": metadata}, create=True).result()
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        pool.starmap(_layer_in, [(stack, folder, z) for z in range(0, len(files), SIDE)], chunksize=1)


def put_out(stack: Path, folder: Path) -> None:
    """From blocks to planes."""
    depth = _opened(folder).shape[1]
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        pool.starmap(_layer_out, [(stack, folder, z) for z in range(0, depth, SIDE)], chunksize=1)


def _layer_in(stack: Path, folder: Path, z: int) -> None:
    voxels = read(planes(stack)[z : z + SIDE])
    array = _opened(folder)
    array[0, z : z + len(voxels)].write(voxels, can_reference_source_data_indefinitely=True).result()


def _layer_out(stack: Path, folder: Path, z: int) -> None:
    array = _opened(folder)
    write(stack, z, array[0, z : min(z + SIDE, array.shape[1])].read().result())


def _opened(folder: Path) -> ts.TensorStore:
    return ts.open({"driver": "zarr3", "kvstore": f"{folder.absolute().as_uri()}/"}, open=True).result()


if __name__ == "__main__":
    program(take_in, put_out)
