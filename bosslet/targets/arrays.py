"""An array that lies in a file as it would in memory: npy, and TIFF files whose pages are not compressed.

The file is made at its full size, sparse where the file system can, and planes that are all zeros stay so. It is not
mapped to be written: in a mapping a disk that is full is no error, but the end of the process.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile

from bosslet.geometry import Box, Point
from bosslet.targets.target import Subject, Voxels, partial, prepare, put_in_place, refused, take_away
from bosslet.targets.tiff_metadata import write_options


@dataclass(frozen=True, slots=True)
class Npy:
    """A ``.npy`` file: (z, y, x), or (t, z, y, x) where there are several time samples."""

    subject: Subject
    path: Path
    parallel: bool = True
    grain: Point = (1, 1, 1)

    def begin(self) -> None:
        """The header, and room for all voxels."""
        try:
            made = prepare(self.path)
            np.lib.format.open_memmap(made, "w+", self.subject.dtype, self.subject.array_shape)
        except OSError as error:
            raise refused(self.path, error) from error

    def write(self, time: int, box: Box, voxels: Voxels) -> None:
        """Where they belong in the file."""
        with partial(self.path).open("rb") as stream:
            np.lib.format.read_magic(stream)
            np.lib.format.read_array_header_1_0(stream)
            offset = stream.tell()
        _write(self, offset, time, box, voxels)

    def finish(self) -> None:
        """Rename it."""
        put_in_place(self.path)

    def discard(self) -> None:
        """Remove it."""
        take_away(partial(self.path))


@dataclass(frozen=True, slots=True)
class Tiff:
    """A TIFF file of many pages, uncompressed; BigTIFF when it is large."""

    subject: Subject
    path: Path
    ome: bool
    parallel: bool = True
    grain: Point = (1, 1, 1)

    def begin(self) -> None:
        """The headers, and room for all voxels."""
        try:
            made, subject = prepare(self.path), self.subject
            options = write_options(subject, ome=self.ome)
            tifffile.imwrite(made, shape=subject.array_shape, dtype=subject.dtype, **options)
        except (OSError, ValueError) as error:
            raise refused(self.path, error) from error

    def write(self, time: int, box: Box, voxels: Voxels) -> None:
        """Where they belong in the file."""
        with tifffile.TiffFile(partial(self.path)) as file:
            offset, order = file.series[0].dataoffset, file.byteorder
        _write(self, offset or 0, time, box, voxels.astype(self.subject.dtype.newbyteorder(order), copy=False))

    def finish(self) -> None:
        """Rename it."""
        put_in_place(self.path)

    def discard(self) -> None:
        """Remove it."""
        take_away(partial(self.path))


def _write(target: Npy | Tiff, offset: int, time: int, box: Box, voxels: Voxels) -> None:
    _, depth, height, width = target.subject.shape
    y, x = box.start[1:]
    try:
        with partial(target.path).open("r+b") as stream:
            for z, plane in enumerate(voxels, box.start[0]):
                # What lies together in the file: all rows, or each.
                runs = [plane] if plane.shape[1] == width else plane
                for row, run in enumerate(runs if plane.any() else (), y):
                    stream.seek(offset + (((time * depth + z) * height + row) * width + x) * voxels.itemsize)
                    stream.write(np.ascontiguousarray(run).data)
    except OSError as error:
        raise refused(target.path, error) from error
