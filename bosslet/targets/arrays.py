"""An array that lies in a file as it would in memory: npy, and TIFF files whose pages are not compressed.

The file is made at its full size, sparse where the file system can, and mapped by whoever writes a part of it that is
not all zeros.
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
        """Into the mapped file."""
        if not voxels.any():
            return
        array = np.lib.format.open_memmap(partial(self.path), "r+")
        array.reshape(self.subject.shape)[(time, *box.slices)] = voxels
        array.flush()  # a disk that is full is told by this

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
        """Into the mapped file."""
        if not voxels.any():
            return
        made = partial(self.path)
        with tifffile.TiffFile(made) as file:
            offset, order = file.series[0].dataoffset, file.byteorder
        array = np.memmap(made, self.subject.dtype.newbyteorder(order), "r+", offset or 0, self.subject.shape)
        array[(time, *box.slices)] = voxels
        array.flush()

    def finish(self) -> None:
        """Rename it."""
        put_in_place(self.path)

    def discard(self) -> None:
        """Remove it."""
        take_away(partial(self.path))
