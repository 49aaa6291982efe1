"""What every reader of foreign files gives: a description, made before any voxel is read, and voxels by box.

A source is a value: it can be pickled, and opens its files anew for each read, so that any process and thread may read
from it. All that can be told without reading the voxels is checked when it is made: missing and cut off files, sizes,
dtypes. What only shows later is raised by ``read``, by the same class of error and with the name of the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from bosslet.errors import UnusableFile
from bosslet.geometry import Box, Point
from bosslet.spacing import Spacing

Voxels = NDArray[Any]
Shape = tuple[int, int, int, int]
"""(t, z, y, x)."""


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a volume before its voxels are read."""

    name: str
    """For people: the file, or the first one."""
    shape: Shape
    dtype: np.dtype[Any]
    grain: Point = (1, 1, 1)
    """What is decoded as one piece: reads that cut through it cost as much as the whole of it."""
    spacing: Spacing | None = None
    labels: bool | None = None
    """Whether the voxels are labels; None where the format does not say."""
    origin: Point = (0, 0, 0)
    """Where the volume says that it begins, in voxels."""

    @property
    def nbytes(self) -> int:
        """Of all voxels."""
        times, *sides = self.shape
        return times * Box.of((sides[0], sides[1], sides[2])).size * self.dtype.itemsize


class Source(Protocol):
    """A volume in somebody else's format."""

    @property
    def about(self) -> About:
        """The description."""

    @property
    def files(self) -> tuple[Path, ...]:
        """By which a change of the source is told; empty for what is not on this machine."""

    def read(self, time: int, box: Box) -> Voxels:
        """The voxels of a box (z, y, x) that lies inside; raises UnusableFile."""


@runtime_checkable
class Fills(Protocol):
    """A source that can do without an array of its own: memory that is new to a process costs as much as a copy."""

    def fill(self, time: int, box: Box, into: Voxels) -> None:
        """As ``read``, into an array (z, y, x) of the source's dtype."""


@dataclass(frozen=True, slots=True)
class Hints:
    """What the user says of a source, because the files do not."""

    dataset: str | None = None
    """The path inside of a file or folder that holds several arrays."""
    axes: str | None = None
    """A letter of ``tczyx`` for each axis of an array."""
    color: int | None = None
    """Which of several colours (or channels) to take."""
    shape: tuple[int, ...] | None = None
    """Of raw voxels."""
    dtype: np.dtype[Any] | None = None
    """Of raw voxels."""
    skip: int = 0
    """How many bytes there are in front of raw voxels."""
    join: str | None = None
    """``z`` or ``t``: along which axis volumes in several files follow each other."""
    gaps: bool = False
    """Take missing slices as black."""


NO_HINTS = Hints()


@contextmanager
def about(file: Path | str, *errors: type[Exception]) -> Iterator[None]:
    """Inside it, what a library says against a file becomes our own error, with the file's name and one line of it."""
    expected: tuple[type[Exception], ...] = (OSError, EOFError, ValueError, *errors)
    try:
        yield
    except expected as error:
        said = str(error).strip().split("\n", 1)[0].split(" [tensorstore_spec=")[0].split(" [source locations=")[0]
        raise UnusableFile(f"{file}: {said or type(error).__name__}") from error
