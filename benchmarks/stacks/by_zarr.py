"""tifffile to zarr-python as scripts have it: slab by slab, each library with its own threads, and its own defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import zarr

from benchmarks.stacks import planes, program, read, write

SIDE = 64


def take_in(stack: Path, folder: Path) -> None:
    """From planes to chunks."""
    files = planes(stack)
    first = read(files[:1])
    shape = (len(files), *first.shape[1:])
    array: Any = zarr.create_array(folder, shape=shape, dtype=first.dtype, chunks=(SIDE, SIDE, SIDE))
    for z in range(0, len(files), SIDE):
        array[z : z + SIDE] = read(files[z : z + SIDE])


def put_out(stack: Path, folder: Path) -> None:
    """From chunks to planes."""
    array: Any = zarr.open_array(folder, mode="r")
    for z in range(0, array.shape[0], SIDE):
        write(stack, z, array[z : z + SIDE])


if __name__ == "__main__":
    program(take_in, put_out)
