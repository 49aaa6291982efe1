"""One array in one file without compression: NumPy's ``.npy``, and raw voxels whose shape the user says.

The file is mapped, not read: a box costs what it holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bosslet.errors import UnusableFile
from bosslet.geometry import Box
from bosslet.sources import source
from bosslet.sources.axes import Axes
from bosslet.sources.source import About, Hints, Voxels

NPY_MAGIC = b"\x93NUMPY"


@dataclass(frozen=True, slots=True)
class Mapped:
    """An array that lies in a file as it would in memory."""

    about: About
    file: Path
    skip: int
    stored: tuple[int, ...]
    dtype: np.dtype[Any]
    order: Literal["C", "F"]
    axes: Axes

    @property
    def files(self) -> tuple[Path, ...]:
        """The one."""
        return (self.file,)

    def read(self, time: int, box: Box) -> Voxels:
        """The voxels of a box."""
        with source.about(self.file):
            array = np.memmap(self.file, self.dtype, "r", self.skip, self.stored, self.order)
            return np.array(self.axes.ordered(array[self.axes.index(time, box)], box))


def npy(file: Path, hints: Hints) -> Mapped:
    """A ``.npy`` file; never unpickled."""
    with source.about(file), file.open("rb") as stream:
        version = np.lib.format.read_magic(stream)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read_header(stream)
        skip = stream.tell()
    if dtype.hasobject:
        raise UnusableFile(f"{file}: holds Python objects and not numbers")
    return _mapped(file, hints, skip, shape, dtype, "F" if fortran else "C")


def raw(file: Path, hints: Hints) -> Mapped:
    """A file of nothing but voxels, perhaps behind a header that is skipped."""
    if hints.shape is None or hints.dtype is None:
        raise UnusableFile(f"{file}: not of a known format; for raw voxels, say --shape z,y,x and --dtype")
    return _mapped(file, hints, hints.skip, hints.shape, hints.dtype, "C")


def _mapped(
    file: Path, hints: Hints, skip: int, shape: tuple[int, ...], dtype: np.dtype[Any], order: Literal["C", "F"]
) -> Mapped:
    axes = Axes.of(str(file), shape, hints.axes, hints.color)
    expected, size = skip + prod(shape) * dtype.itemsize, file.stat().st_size
    if size < expected:
        raise UnusableFile(f"{file}: {size} bytes, and {' × '.join(map(str, shape))} {dtype} take {expected}")
    if size > expected and hints.shape is not None:
        raise UnusableFile(f"{file}: {size} bytes, and --shape, --dtype and --skip say {expected}")
    return Mapped(About(str(file), axes.shape(shape), dtype), file, skip, shape, dtype, order, axes)
