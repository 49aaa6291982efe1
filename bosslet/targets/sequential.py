"""Files that one process writes from the front to the end: compressed TIFF of many pages, and HDF5."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import tifffile

from bosslet.geometry import Box, Point
from bosslet.optional import library
from bosslet.targets.target import Style, Subject, Voxels, partial, prepare, put_in_place, refused, take_away
from bosslet.targets.tiff_metadata import write_options

AHEAD = 2
"""How many planes may wait to be compressed."""


class _Abandoned(Exception):
    """There are no more planes, though there should be: tifffile would take that for an error of ours."""


class CompressedTiff:
    """A TIFF file whose pages are compressed by deflate: tifffile takes them from an iterator, in a thread."""

    parallel = False

    def __init__(self, subject: Subject, path: Path, style: Style, *, ome: bool) -> None:
        self.subject = subject
        self.path = path
        self.grain: Point = (1, subject.shape[2], subject.shape[3])
        self._options = write_options(subject, ome=ome, level=style.compression_level or 0)
        self._planes: Queue[Voxels | None] = Queue(AHEAD)
        self._abandoned = False
        self._failure: OSError | ValueError | None = None
        self._writer = Thread(target=self._run, daemon=True)

    def begin(self) -> None:
        """Start the thread."""
        try:
            prepare(self.path)
        except OSError as error:
            raise refused(self.path, error) from error
        self._writer.start()

    def write(self, time: int, box: Box, voxels: Voxels) -> None:
        """Planes in their order."""
        for plane in voxels:
            self._planes.put(plane)
            self._check()

    def finish(self) -> None:
        """Wait for the thread, then rename the file."""
        self._end()
        self._check()
        put_in_place(self.path)

    def discard(self) -> None:
        """Remove the file."""
        self._abandoned = True
        self._end()
        take_away(partial(self.path))

    def _end(self) -> None:
        if self._writer.is_alive():
            self._planes.put(None)
            self._writer.join()

    def _check(self) -> None:
        if self._failure is not None:
            raise refused(self.path, self._failure) from self._failure

    def _run(self) -> None:
        subject = self.subject
        shape, dtype = subject.array_shape, subject.dtype
        try:
            tifffile.imwrite(partial(self.path), self._given(), shape=shape, dtype=dtype, **self._options)
        except _Abandoned:
            return
        except (OSError, ValueError) as error:
            self._failure = error
            while self._planes.get() is not None:  # whoever puts planes must not wait for ever
                pass

    def _given(self) -> Iterator[Voxels]:
        while (plane := self._planes.get()) is not None:
            yield plane
        if self._abandoned:
            raise _Abandoned


class _Stream(io.FileIO):
    """A file for HDF5, which crashes when it is refused a write: it is told that all went well, and we look here."""

    failure: OSError | None = None
    """The first one; nothing is written after it."""

    def write(self, data: Any) -> int:  # noqa: ANN401 - a buffer, which has no type before Python 3.12
        """All of it."""
        left = memoryview(data).cast("B")
        with self._noted():
            while left and self.failure is None:
                left = left[super().write(left) :]
        return len(data)

    def truncate(self, size: int | None = None) -> int:
        """Make it longer or shorter."""
        with self._noted():
            return super().truncate(size) if self.failure is None else 0
        return 0

    @contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.failure = error


class Hdf5:
    """A dataset in an HDF5 file of its own."""

    parallel = False
    grain: Point = (32, 64, 64)

    def __init__(self, subject: Subject, path: Path, style: Style) -> None:
        self.subject = subject
        self.path = path
        self._h5py = library("h5py", "hdf5", f"{path}: HDF5")
        self._dataset = style.dataset or "volume"
        self._compression = style.compression
        self._level = style.compression_level if style.compression else None
        self._stream: _Stream | None = None
        self._file: Any = None

    def begin(self) -> None:
        """Make the file and the dataset, which says how large a voxel is."""
        shape = self.subject.array_shape
        chunks = tuple(min(side, length) for side, length in zip((1, *self.grain)[-len(shape) :], shape, strict=True))
        filters = {"compression": self._compression, "compression_opts": self._level}
        try:
            self._stream = _Stream(prepare(self.path), "w+")
            self._file = self._h5py.File(self._stream, "w")
            made = self._file.create_dataset(self._dataset, shape, self.subject.dtype, chunks=chunks, **filters)
            if self.subject.spacing is not None:
                made.attrs["element_size_um"] = self.subject.spacing.to("micrometers")
        except (OSError, ValueError) as error:
            raise refused(self.path, error) from error

    def write(self, time: int, box: Box, voxels: Voxels) -> None:
        """A part of the dataset."""
        try:
            self._file[self._dataset][((time,) if self.subject.series else ()) + box.slices] = voxels
        except (OSError, ValueError) as error:
            raise refused(self.path, error) from error
        self._check()

    def finish(self) -> None:
        """Close and rename the file."""
        self._close()
        self._check()
        put_in_place(self.path)

    def discard(self) -> None:
        """Remove the file."""
        self._close()
        take_away(partial(self.path))

    def _close(self) -> None:
        """HDF5 first, which writes what it holds."""
        if self._file is not None:
            self._file.close()
        if self._stream is not None:
            self._stream.close()

    def _check(self) -> None:
        if self._stream is not None and self._stream.failure is not None:
            raise refused(self.path, self._stream.failure) from self._stream.failure
