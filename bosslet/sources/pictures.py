"""Single planes in files: PNG, JPEG and JPEG 2000 by Pillow, TIFF by tifffile.

Pillow's classes are called by name and not through ``Image.open``, which guesses the format and refuses pictures of
more pixels than a web server should decode: slices of electron microscopes have more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Jpeg2KImagePlugin, JpegImagePlugin, PngImagePlugin, features
from PIL.ImageFile import ImageFile

from bosslet.errors import MissingLibrary, UnusableFile
from bosslet.sources import source, tiff
from bosslet.sources.source import Hints
from bosslet.spacing import Spacing

JP2, J2K = b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"
_OPEN: dict[bytes, Callable[[Path], ImageFile]] = {
    b"\x89PNG\r\n\x1a\n": PngImagePlugin.PngImageFile,
    b"\xff\xd8\xff": JpegImagePlugin.JpegImageFile,
    JP2: Jpeg2KImagePlugin.Jpeg2KImageFile,
    J2K: Jpeg2KImagePlugin.Jpeg2KImageFile,
}
_ENDS = {b"\x89PNG\r\n\x1a\n": b"IEND", b"\xff\xd8\xff": b"\xff\xd9"}
_TAIL = 4096
_DTYPES = {"1": "bool", "L": "uint8", "I;16": "<u2", "I;16B": ">u2", "I": "int32"}
_BANDS = {"LA": 2, "RGB": 3, "RGBA": 4, "YCbCr": 3, "CMYK": 4}


@dataclass(frozen=True, slots=True)
class Look:
    """What a file says of its plane before that is decoded."""

    shape: tuple[int, int]
    dtype: np.dtype[Any]
    pages: int = 1
    spacing: Spacing | None = None
    rows: Rows | None = None
    """Where they are, if they lie in the file as they would in memory: then some can be had without the others."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The voxels of a plane, one row after the other."""

    offset: int
    width: int
    dtype: np.dtype[Any]
    """With its byte order."""

    def read(self, file: Path, rows: slice, into: NDArray[Any]) -> None:
        """Some of the rows, into an array that lies together; raises UnusableFile when they are not all there."""
        stored = into if into.dtype == self.dtype else np.empty(into.shape, self.dtype)
        with source.about(file), file.open("rb") as stream:
            stream.seek(self.offset + rows.start * self.width * self.dtype.itemsize)
            found = stream.readinto(stored.data.cast("B"))
        if found < stored.nbytes:
            raise UnusableFile(f"{file}: is cut off since it was looked at")
        if stored is not into:
            into[...] = stored


def is_picture(head: bytes) -> bool:
    """Whether a file that begins like this can hold a plane."""
    return tiff.is_tiff(head) or any(head.startswith(magic) for magic in _OPEN)


def look(file: Path, hints: Hints) -> Look:
    """What is in a file, which is whole as far as can be told from its ends; raises UnusableFile."""
    head, tail = _ends(file)
    if tiff.is_tiff(head):
        return _look_at_tiff(file, hints)
    with _opened(file, head) as picture:
        for magic, end in _ENDS.items():
            if head.startswith(magic) and end not in tail:
                raise UnusableFile(f"{file}: is cut off")
        dtype = _dtype(file, picture.mode, hints.color)
        return Look((picture.height, picture.width), dtype)


def read(file: Path, color: int | None, rows: slice, columns: slice) -> NDArray[Any]:
    """A part of the plane (y, x)."""
    head, _ = _ends(file)
    if tiff.is_tiff(head):
        return tiff.read_plane(file, color, rows, columns)
    with _opened(file, head) as picture:
        plane = np.asarray(picture)
        return plane[rows, columns] if plane.ndim == 2 else plane[rows, columns, color or 0]


def _look_at_tiff(file: Path, hints: Hints) -> Look:
    volume = tiff.volume(file, hints)
    times, z, *plane = volume.about.shape
    about = volume.about
    return Look((plane[0], plane[1]), about.dtype, times * z, about.spacing, _rows(volume))


def _rows(volume: tiff.TiffVolume) -> Rows | None:
    """Not of a file with several pages or colours, which is no plane of a stack."""
    width = volume.about.shape[3]
    if volume.mapped is None or volume.stored != volume.about.shape[2:] or volume.axes.names != "yx":
        return None
    return Rows(volume.mapped[0], width, np.dtype(volume.mapped[1]))


def _ends(file: Path) -> tuple[bytes, bytes]:
    with source.about(file), file.open("rb") as stream:
        head = stream.read(16)
        stream.seek(max(0, file.stat().st_size - _TAIL))
        return head, stream.read()


@contextmanager
def _opened(file: Path, head: bytes) -> Iterator[ImageFile]:
    magic = next((magic for magic in _OPEN if head.startswith(magic)), None)
    if magic is None:
        raise UnusableFile(f"{file}: not of a known format" if head else f"{file}: is empty")
    if magic in (JP2, J2K) and not features.check("jpg_2000"):
        raise MissingLibrary(f"{file}: JPEG 2000 needs Pillow with OpenJPEG: pip install 'bosslet[jp2k]'")
    with source.about(file, SyntaxError), _OPEN[magic](file) as picture:
        yield picture


def _dtype(file: Path, mode: str, color: int | None) -> np.dtype[Any]:
    if mode in _BANDS:
        if color is None or color >= _BANDS[mode]:
            raise UnusableFile(f"{file}: is in colour ({mode}); choose one by --color 0 to {_BANDS[mode] - 1}")
        return np.dtype(np.uint8)
    if mode not in _DTYPES:
        raise UnusableFile(f"{file}: pictures of mode {mode} are not grey values")
    return np.dtype(_DTYPES[mode])
