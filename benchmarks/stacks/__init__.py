"""Ways from a stack of TIFF files to an array and back: each a program of its own, ``in STACK FOLDER`` or ``out``.

A stack is a folder of ``%04d.tif``, one uncompressed plane each. Every way uses all cores that it can.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

Voxels = NDArray[Any]


def planes(stack: Path) -> list[Path]:
    """The files, in order."""
    return sorted(stack.glob("*.tif"))


def read(files: list[Path]) -> Voxels:
    """Some planes."""
    first = tifffile.imread(files[0])
    voxels = np.empty((len(files), *first.shape), first.dtype)
    for plane, file in zip(voxels, files, strict=True):
        plane[:] = tifffile.imread(file)
    return voxels


def write(stack: Path, first: int, voxels: Voxels) -> None:
    """Planes, the first of which has this number."""
    for number, plane in enumerate(voxels, first):
        tifffile.imwrite(stack / f"{number:04d}.tif", plane)


def program(take_in: Callable[[Path, Path], None], put_out: Callable[[Path, Path], None]) -> None:
    """What a module does that is run; it says how long that took, in bosslet's words."""
    direction, stack, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    stack.mkdir(exist_ok=True)
    begin = time.perf_counter()
    {"in": take_in, "out": put_out}[direction](stack, folder)
    print(json.dumps({"event": "done", "seconds": time.perf_counter() - begin}))
