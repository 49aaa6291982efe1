"""A dataset in an HDF5 file.

Voxel sizes are taken from the attributes that the field writes: ``element_size_um`` (Fiji, ilastik) and ``resolution``
in nanometers (CREMI), both in the order of the axes. h5py is an extra: ``bosslet[hdf5]``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bosslet.errors import UnusableFile
from bosslet.geometry import Box
from bosslet.optional import library
from bosslet.sources import source
from bosslet.sources.axes import Axes
from bosslet.sources.source import About, Hints, Voxels
from bosslet.spacing import Spacing

MAGIC = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset of a file."""

    about: About
    file: Path
    path: str
    axes: Axes

    @property
    def files(self) -> tuple[Path, ...]:
        """The one."""
        return (self.file,)

    def read(self, time: int, box: Box) -> Voxels:
        """The voxels of a box."""
        with _opened(self.file) as opened:
            return self.axes.ordered(np.asarray(opened[self.path][self.axes.index(time, box)]), box)


def dataset(file: Path, hints: Hints) -> Dataset:
    """The dataset that was named, or else the only one that can be meant."""
    with _opened(file) as opened:
        path = hints.dataset if hints.dataset is not None else _only(file, opened)
        found = opened.get(path)
        if not hasattr(found, "dtype"):
            raise UnusableFile(f"{file}: has no dataset {path}; it has {', '.join(_candidates(opened)) or 'none'}")
        axes = Axes.of(f"{file}:{path}", found.shape, hints.axes, hints.color)
        about = About(
            name=f"{file}:{path}",
            shape=axes.shape(found.shape),
            dtype=found.dtype,
            grain=axes.grain(found.chunks) if found.chunks else (1, 1, 1),
            spacing=_spacing(found.attrs, axes),
        )
    return Dataset(about, file, path, axes)


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    h5py = library("h5py", "hdf5", f"{file}: HDF5")
    with source.about(file, KeyError, RuntimeError), h5py.File(file, "r") as opened:
        yield opened


def _only(file: Path, opened: Any) -> str:  # noqa: ANN401 - h5py has no types
    """The dataset with the most axes, if there is only one such."""
    candidates = _candidates(opened)
    most = max(candidates.values(), default=0)
    best = [path for path, axes in candidates.items() if axes == most]
    if len(best) != 1:
        raise UnusableFile(f"{file}: say which by --dataset: {', '.join(best) or 'there is none of voxels'}")
    return best[0]


def _candidates(opened: Any) -> dict[str, int]:  # noqa: ANN401 - h5py has no types
    """Datasets that could be volumes, and how many axes each has."""
    found: dict[str, int] = {}

    def look(path: str, item: Any) -> None:  # noqa: ANN401 - h5py has no types
        if hasattr(item, "dtype") and item.dtype.kind in "uib" and 2 <= len(item.shape) <= 5:
            found[path] = len(item.shape)

    opened.visititems(look)
    return found


def _spacing(attributes: Any, axes: Axes) -> Spacing | None:  # noqa: ANN401 - h5py has no types
    for name, unit in (("element_size_um", "micrometers"), ("resolution", "nanometers")):
        sizes = np.atleast_1d(attributes.get(name, ()))
        if sizes.dtype.kind not in "fui" or len(sizes) not in (3, len(axes.names)):
            continue
        order = axes.names if len(sizes) == len(axes.names) else [name for name in axes.names if name in "zyx"]
        by_axis = dict(zip(order, map(float, sizes), strict=False))
        if set("zyx") <= by_axis.keys():
            return Spacing.of((by_axis["z"], by_axis["y"], by_axis["x"]), unit)
    return None
