"""A file for each plane: TIFF, PNG and JPEG 2000.

The numbers in the names are z as the channel counts it, and, where there are two, the time sample in front of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
import tifffile
from PIL import Image

from bosslet.errors import UnusableFile
from bosslet.geometry import Box, Point
from bosslet.targets.target import Style, Subject, Voxels, partial, refused, take_away
from bosslet.targets.tiff_metadata import plane_options

PLACE = re.compile(r"%0?\d*d")
_THREADS = 4


@dataclass(frozen=True, slots=True)
class Planes:
    """Files by a pattern."""

    subject: Subject
    path: Path
    kind: Literal["tiff", "png", "jp2"]
    style: Style
    overwrite: bool
    parallel: bool = True

    @property
    def grain(self) -> Point:
        """A plane."""
        return 1, self.subject.shape[2], self.subject.shape[3]

    def begin(self) -> None:
        """A folder in which they are until all are there."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._refuse_to_overwrite()
            take_away(self._folder)
            self._folder.mkdir()
        except OSError as error:
            raise refused(self.path, error) from error

    def write(self, time: int, box: Box, voxels: Voxels) -> None:
        """Whole planes."""
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(self._save, (self._name(time, z) for z in range(box.start[0], box.stop[0])), voxels))

    def finish(self) -> None:
        """Each gets its place."""
        try:
            for name in self._names():
                (self._folder / name).rename(self.path.parent / name)
            self._folder.rmdir()
        except OSError as error:
            raise refused(self.path, error) from error

    def discard(self) -> None:
        """Remove the folder."""
        take_away(self._folder)

    @property
    def _folder(self) -> Path:
        return partial(self.path)

    def _save(self, name: str, plane: Voxels) -> None:
        file, style = self._folder / name, self.style
        try:
            if self.kind == "tiff":
                tifffile.imwrite(file, plane, **plane_options(self.subject, style.compression_level or 0))
            elif self.kind == "png":
                level = 6 if style.compression_level is None else style.compression_level
                file.write_bytes(_encoded(plane, "PNG", compress_level=level))
            else:
                lossy = {"quality_mode": "dB", "quality_layers": [style.psnr], "irreversible": True}
                file.write_bytes(_encoded(plane, "JPEG2000", **(lossy if style.psnr else {"irreversible": False})))
        except (OSError, ValueError) as error:
            raise refused(self.path.parent / name, error) from error

    def _name(self, time: int, z: int) -> str:
        z += self.subject.origin[0]
        places = len(PLACE.findall(self.path.name))
        return self.path.name % ((time, z)[2 - places :]) if places else self.path.name

    def _names(self) -> Iterator[str]:
        samples, depth, _, _ = self.subject.shape
        return (self._name(time, z) for time in range(samples) for z in range(depth))

    def _refuse_to_overwrite(self) -> None:
        there = set() if self.overwrite else {path.name for path in self.path.parent.iterdir()}
        for name in self._names():
            if name in there:
                raise UnusableFile(f"{self.path.parent / name}: is there already; --overwrite replaces it")


def _encoded(plane: Voxels, format_name: str, **settings: object) -> bytes:
    """In memory: written to a file by Pillow, JPEG 2000 never ends on a disk that is full."""
    encoded = BytesIO()
    Image.fromarray(np.ascontiguousarray(plane)).save(encoded, format_name, **settings)
    return encoded.getvalue()
