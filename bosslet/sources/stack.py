"""Volumes in many files: a stack of planes, or volumes that follow each other along z or in time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

import numpy as np

from bosslet.errors import UnusableFile
from bosslet.geometry import Box
from bosslet.sources import pictures
from bosslet.sources.source import About, Hints, Source, Voxels

_THREADS = 8
Planes = tuple[tuple[Path | None, ...], ...]
"""``[t][z]``; None where a plane is missing, and black."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A file for each plane."""

    about: About
    planes: Planes
    color: int | None
    rows: pictures.Rows | None = None
    """Where they are in each of the files, if that is the same place in all."""

    @property
    def files(self) -> tuple[Path, ...]:
        """All that are there."""
        return tuple(_present(self.planes))

    def read(self, time: int, box: Box) -> Voxels:
        """The voxels of a box; each plane that it touches is decoded."""
        voxels = np.empty(box.shape, self.about.dtype)
        self.fill(time, box, voxels)
        return voxels

    def fill(self, time: int, box: Box, into: Voxels) -> None:
        """The same, into an array."""
        for plane, file in zip(into, self.planes[time][box.slices[0]], strict=True):
            if file is None:
                plane[...] = 0
            else:
                self._read_plane(file, box, plane)

    def _read_plane(self, file: Path, box: Box, into: Voxels) -> None:
        _, rows, columns = box.slices
        if self.rows is not None and box.shape[2] == self.about.shape[3] and into.flags.c_contiguous:
            self.rows.read(file, rows, into)
            return
        found = pictures.read(file, self.color, rows, columns)
        if found.shape != into.shape:
            raise UnusableFile(f"{file}: has another size than when it was looked at")
        into[...] = found


@dataclass(frozen=True, slots=True)
class Joined:
    """Volumes one after the other along z (axis 1) or in time (axis 0)."""

    about: About
    parts: tuple[Source, ...]
    axis: int

    @property
    def files(self) -> tuple[Path, ...]:
        """Those of all parts."""
        return tuple(file for part in self.parts for file in part.files)

    def read(self, time: int, box: Box) -> Voxels:
        """The voxels of a box."""
        ends = list(accumulate(part.about.shape[self.axis] for part in self.parts))
        if self.axis == 0:
            which = bisect_right(ends, time)
            return self.parts[which].read(time - (ends[which - 1] if which else 0), box)
        pieces = []
        for part, end in zip(self.parts, ends, strict=True):
            first = end - part.about.shape[1]
            here = box.intersection(Box((first, *box.start[1:]), (end, *box.stop[1:])))
            if here.size:
                pieces.append(part.read(time, here.relative_to((first, 0, 0))))
        return np.concatenate(pieces)


def stack(planes: Planes, hints: Hints) -> Stack:
    """Planes of one size and dtype; raises UnusableFile, with the name of the first file that is otherwise."""
    files = list(_present(planes))
    same_place = True
    with ThreadPoolExecutor(_THREADS) as pool:
        looks = zip(files, pool.map(lambda file: pictures.look(file, hints), files), strict=True)
        first, known = next(looks)
        for file, look in looks:
            same_place &= look.rows == known.rows
            if (look.shape, look.dtype) != (known.shape, known.dtype):
                raise UnusableFile(f"{file}: is {_described(look)}, and {first.name} is {_described(known)}")
            if look.pages > 1:
                raise UnusableFile(f"{file}: has {look.pages} pages, in a stack of single ones")
    y, x = known.shape
    about = About(
        name=str(first),
        shape=(len(planes), len(planes[0]), y, x),
        dtype=known.dtype,
        grain=(1, 1, 1) if known.rows is not None else (1, y, x),
        spacing=known.spacing,
    )
    return Stack(about, planes, hints.color, known.rows if same_place else None)


def joined(parts: list[Source], axis: str) -> Source:
    """Volumes of one dtype, and of one size but for the axis along which they follow each other."""
    first, number = parts[0].about, "tz".index(axis)
    for part in parts:
        shape = list(part.about.shape)
        shape[number] = first.shape[number]
        if tuple(shape) != first.shape or part.about.dtype != first.dtype:
            raise UnusableFile(f"{part.about.name}: is {_volume(part.about)}, and {first.name} is {_volume(first)}")
    total = sum(part.about.shape[number] for part in parts)
    t, z, y, x = (total if i == number else side for i, side in enumerate(first.shape))
    return Joined(replace(first, shape=(t, z, y, x)), tuple(parts), number)


def _present(planes: Planes) -> Iterator[Path]:
    return (file for files in planes for file in files if file is not None)


def _described(look: pictures.Look) -> str:
    return f"{look.shape[0]} × {look.shape[1]} {look.dtype}"


def _volume(about: About) -> str:
    return f"{' × '.join(map(str, about.shape))} {about.dtype}"
