"""TIFF files, of one page or of many: plain, BigTIFF, ImageJ and OME, which say how large their voxels are.

tifffile goes on without the pages of a file that was cut off, and only logs that there should be more. Here such a file
is an error, and so is one whose last page reaches past its end.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tifffile import TIFF, TiffFile, TiffPage, TiffPageSeries

from bosslet.errors import MissingLibrary, UnusableFile
from bosslet.geometry import Box
from bosslet.sources import source
from bosslet.sources.axes import Axes
from bosslet.sources.source import About, Hints, Voxels
from bosslet.sources.tiff_spacing import spacing_of

_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_LETTERS = str.maketrans("IQS", "zzc", "")
_SLICES = 512
"""How many pages of a file are looked at for whether they lie within it, at the front and at the end."""

_complaints: ContextVar[list[str] | None] = ContextVar("complaints", default=None)


class _Ear(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if (heard := _complaints.get()) is not None:
            heard.append(record.getMessage())


# With a handler of its own, tifffile no longer writes to stderr.
logging.getLogger("tifffile").addHandler(_Ear(logging.WARNING))


def is_tiff(head: bytes) -> bool:
    """Whether a file that begins like this is one."""
    return head.startswith(_MAGIC)


@dataclass(frozen=True, slots=True)
class TiffVolume:
    """All pages of a file."""

    about: About
    file: Path
    series: int
    stored: tuple[int, ...]
    axes: Axes
    mapped: tuple[int, str] | None
    """Where the voxels begin and their dtype, if they lie in the file as they would in memory."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The one."""
        return (self.file,)

    def read(self, time: int, box: Box) -> Voxels:
        """The voxels of a box."""
        if self.mapped is not None:
            offset, dtype = self.mapped
            with source.about(self.file):
                array = np.memmap(self.file, dtype, "r", offset, self.stored)
                return np.array(self.axes.ordered(array[self.axes.index(time, box)], box))
        voxels = np.empty(box.shape, self.about.dtype)
        with _opened(self.file) as opened:
            pages = opened.series[self.series].pages
            for at, z in enumerate(range(box.start[0], box.stop[0])):
                voxels[at] = self._plane(pages[self._page(time, z)], box)
        return voxels

    def _plane(self, page: Any, box: Box) -> NDArray[Any]:  # noqa: ANN401 - TiffPage or TiffFrame
        if page is None:
            raise UnusableFile(f"{self.file}: a page is missing")
        plane = page.asarray()
        names = self.axes.names[-plane.ndim :]
        where = {"y": box.slices[1], "x": box.slices[2], "c": self.axes.color}
        found: NDArray[Any] = plane[tuple(where[name] for name in names)]
        return found if names.index("y") < names.index("x") else found.T

    def _page(self, time: int, z: int) -> int:
        """The pages count up the axes in front of the plane, the last one fastest."""
        where, number = {"t": time, "z": z, "c": self.axes.color}, 0
        planar = len(self.axes.names) - _plane_axes(self.axes.names)
        for name, length in zip(self.axes.names[:planar], self.stored[:planar], strict=True):
            number = number * length + where[name]
        return number


def volume(file: Path, hints: Hints) -> TiffVolume:
    """The volume in a file; of several that it may hold, the one of the number that ``hints.dataset`` says."""
    with _opened(file) as opened:
        number = _series_number(file, opened, hints)
        series = opened.series[number]
        _refuse_part(file, opened, series)
        shape = _shape(file, series, hints)
        names = hints.axes or _names(series.axes)
        axes = Axes.of(str(file), shape, names, hints.color)
        mapped = _checked(file, opened, series, axes)
        about = About(
            name=str(file),
            shape=axes.shape(shape),
            dtype=series.dtype,
            grain=(1, 1, 1) if mapped else (1, *axes.shape(shape)[2:]),
            spacing=spacing_of(opened),
        )
        return TiffVolume(about, file, number, shape, axes, mapped)


def read_plane(file: Path, color: int | None, rows: slice, columns: slice) -> NDArray[Any]:
    """A part of the only page."""
    found = volume(file, Hints(color=color))
    box = Box((0, rows.start, columns.start), (1, rows.stop, columns.stop))
    plane: NDArray[Any] = found.read(0, box)[0]
    return plane


@contextmanager
def _opened(file: Path) -> Iterator[TiffFile]:
    heard: list[str] = []
    token = _complaints.set(heard)
    try:
        errors = (struct.error, LookupError, TypeError, ZeroDivisionError)
        with source.about(file, *errors), TiffFile(file, _multifile=False) as opened:
            yield opened
    finally:
        _complaints.reset(token)


def _refuse_part(file: Path, opened: TiffFile, series: TiffPageSeries) -> None:
    """No other file is opened because this one names it: whoever sent it may not be one who may read that."""
    if series.kind != "ome" and "FileName" in (opened.ome_metadata or ""):
        raise UnusableFile(f"{file}: is a part of an OME-TIFF volume in several files; rewrite it as one file")


def _series_number(file: Path, opened: TiffFile, hints: Hints) -> int:
    count = len(opened.series)
    _refuse_cut_off(file)
    if hints.dataset is None and count == 1:
        return 0
    if hints.dataset is None or not hints.dataset.isdecimal() or int(hints.dataset) >= count:
        shapes = ", ".join(f"{n}: {' × '.join(map(str, s.shape))} {s.dtype}" for n, s in enumerate(opened.series))
        raise UnusableFile(f"{file}: holds {count} volumes, say which by --dataset: {shapes}")
    return int(hints.dataset)


def _shape(file: Path, series: TiffPageSeries, hints: Hints) -> tuple[int, ...]:
    """Pages in the order that ``hints.shape`` says; in that of the file where it does not."""
    if hints.shape is None:
        return tuple(series.shape)
    planes = series.shape[-2:]
    if prod(hints.shape) * prod(planes) != prod(series.shape):
        count = prod(series.shape) // prod(planes)
        raise UnusableFile(f"{file}: has {count} pages, and not {' × '.join(map(str, hints.shape))}")
    return (*hints.shape, *planes)


def _names(axes: str) -> str:
    """tifffile's letters in ours: I and Q are pages that nobody named, S are samples of a pixel."""
    if "Z" in axes:
        return axes.replace("S", "C").lower()
    return axes.translate(_LETTERS).lower()


def _plane_axes(names: str) -> int:
    """How many of the axes are within a page."""
    return 3 if names.endswith(("yxc", "xyc")) else 2


def _checked(file: Path, opened: TiffFile, series: TiffPageSeries, axes: Axes) -> tuple[int, str] | None:
    """Where the voxels are, if one after the other; raises where they are not all there."""
    dtype, nbytes, size = series.dtype, prod(series.shape) * series.dtype.itemsize, file.stat().st_size
    if series.dataoffset is not None:
        if series.dataoffset + nbytes > size:
            raise UnusableFile(f"{file}: is cut off: {size} bytes of {series.dataoffset + nbytes}")
        return series.dataoffset, dtype.newbyteorder(opened.byteorder).str
    expected = prod(series.shape) // prod(series.shape[-_plane_axes(axes.names) :])
    if len(series.pages) != expected:
        raise UnusableFile(
            f"{file}: pages of axes {series.axes} that bosslet cannot take apart; rewrite it as OME-TIFF"
        )
    _check_decodable(file, series.keyframe)
    for page in (*series.pages[:_SLICES], *series.pages[-_SLICES:]):
        if page is not None and page.parent is opened and _end(page) > size:
            raise UnusableFile(f"{file}: is cut off: {size} bytes of {_end(page)}")
    _refuse_cut_off(file)
    return None


def _refuse_cut_off(file: Path) -> None:
    if heard := _complaints.get():
        raise UnusableFile(f"{file}: is cut off or damaged: {heard[0].partition('> ')[2] or heard[0]}")


def _check_decodable(file: Path, page: TiffPage) -> None:
    try:
        TIFF.DECOMPRESSORS[page.compression]
        TIFF.UNPREDICTORS[page.predictor]
    except KeyError as error:
        raise MissingLibrary(
            f"{file}: is compressed in a way that needs imagecodecs: pip install 'bosslet[tiff]'"
        ) from error


def _end(page: Any) -> int:  # noqa: ANN401 - TiffPage or TiffFrame
    pieces = zip(page.dataoffsets, page.databytecounts, strict=False)
    return max((offset + count for offset, count in pieces), default=0)
