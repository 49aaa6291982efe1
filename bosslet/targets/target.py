"""What every writer has in common: it writes boxes of voxels to a hidden place, and puts that in its place at the end.

A target is a value where it can be written by several processes at once: each opens the files anew. Until ``finish``,
all that there is bears a hidden name with ``.partial`` at its end. A run that was killed leaves that behind, and the
next one to the same place takes it away.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bosslet.errors import StorageFull, UnusableFile
from bosslet.geometry import Box, Point
from bosslet.spacing import Spacing

Voxels = NDArray[Any]
Shape = tuple[int, int, int, int]
"""(t, z, y, x)."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is written."""

    name: str
    """For people."""
    shape: Shape
    dtype: np.dtype[Any]
    spacing: Spacing | None
    origin: Point
    """Where its first voxel lies in what it is taken from."""
    labels: bool

    @property
    def series(self) -> bool:
        """Whether there is more than one time sample."""
        return self.shape[0] > 1

    @property
    def array_shape(self) -> tuple[int, ...]:
        """Of an array that has a time axis only if there is need for one."""
        return self.shape if self.series else self.shape[1:]

    @property
    def axes(self) -> str:
        """Of such an array."""
        return "TZYX" if self.series else "ZYX"


@dataclass(frozen=True, slots=True)
class Style:
    """What the user says of how it should be written."""

    compression: str | None = None
    compression_level: int | None = None
    dataset: str | None = None
    psnr: float | None = None


class Target(Protocol):
    """A place in somebody else's format."""

    @property
    def subject(self) -> Subject:
        """What is written to it."""

    @property
    def grain(self) -> Point:
        """What is encoded as one piece: boxes begin at multiples of it."""

    @property
    def parallel(self) -> bool:
        """Whether several processes may write at once; if not, boxes are to come in ascending order."""

    def begin(self) -> None:
        """Make the place, without voxels; raises UnusableFile, StorageFull."""

    def write(self, time: int, box: Box, voxels: Voxels) -> None:
        """Voxels (z, y, x) of a box, which is counted from the subject's first voxel."""

    def finish(self) -> None:
        """Everything is written: put it in place."""

    def discard(self) -> None:
        """Leave nothing."""


def partial(path: Path) -> Path:
    """Where something is until it is finished."""
    return path.with_name(f".{path.name}.partial")


def take_away(path: Path) -> None:
    """A file or a folder, if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        with suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()


def prepare(path: Path) -> Path:
    """The name to write to, which is free, in a folder that exists."""
    path.parent.mkdir(parents=True, exist_ok=True)
    take_away(partial(path))
    return partial(path)


def put_in_place(path: Path) -> None:
    """Give what was written its name; what had it before is gone.

    Raises:
        StorageFull: some disks say only now that they are.
    """
    made = partial(path)
    try:
        if made.is_file():
            with made.open("r+b") as stream:
                os.fsync(stream.fileno())
        if path.is_dir() or made.is_dir():
            take_away(path)
        made.rename(path)
    except OSError as error:
        raise refused(path, error) from error


def refused(path: Path, error: Exception) -> UnusableFile | StorageFull:
    """In our own words, what a library said."""
    text = str(error).strip().split("\n", 1)[0].split(" [tensorstore_spec=")[0].split(" [source locations=")[0]
    if isinstance(error, OSError):
        return StorageFull(f"{path}: cannot be written: {text}")
    return UnusableFile(f"{path}: {text}")
