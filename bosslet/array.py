"""A channel as an array: NumPy's basic indexing on voxels on disk.

Axes are z, y, x, and for an experiment with several time samples t, z, y, x. An index is a coordinate: the array begins
at 0 and ends where the coordinate frame ends, whatever of it was ever written. To assign is to replace, zeros included
(a POST of bossDB's API merges instead), and returns when the voxels are on the disk.

The first access starts threads of TensorStore, after which this process must not fork: hand an array to workers that
are spawned, or to threads, as dask does by default. A pickled array is opened anew where it arrives.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from pathlib import Path
from time import sleep
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from bosslet.catalog.records import Channel
from bosslet.datastore import CATALOG_FILE, Datastore
from bosslet.errors import (
    Busy,
    ConfigurationError,
    InvalidResolution,
    MarkedForDeletion,
    ResolutionNotWritable,
    WrongDtype,
)
from bosslet.geometry import Box, Grid, Point
from bosslet.indexing import Selection, select
from bosslet.volume.volume import Volume

Voxels = NDArray[Any]
Result = TypeVar("Result")

CACHE_BYTES = 64 * 2**20
ATTEMPTS = 5
"""How often a channel is looked up anew that ``bosslet optimize`` puts elsewhere at this moment."""


def open(
    uploads: Path | str,
    channel: str,
    resolution: int = 0,
    *,
    iso: bool = False,
    catalog_url: str | None = None,
    cache_bytes: int = CACHE_BYTES,
) -> Array:
    """The voxels of ``collection/experiment/channel`` in an uploads folder, safe beside a running server.

    Raises:
        ConfigurationError: no uploads folder, or not the name of a channel.
        NotFound, MarkedForDeletion, InvalidResolution
    """
    return Array(datastore_of(uploads, catalog_url, cache_bytes), channel, resolution, iso=iso)


def datastore_of(uploads: Path | str, catalog_url: str | None = None, cache_bytes: int = CACHE_BYTES) -> Datastore:
    """The datastore of a folder that is there."""
    if catalog_url is None and not (Path(uploads) / CATALOG_FILE).is_file():
        raise ConfigurationError(f"{uploads} is not an uploads folder: there is no {CATALOG_FILE} in it")
    datastore = Datastore.open(uploads, catalog_url=catalog_url, cache_bytes=cache_bytes)
    datastore.prepare()
    return datastore


class Array:
    """One resolution of a channel; for ``dask.array.from_array`` and whatever else takes arrays."""

    def __init__(self, datastore: Datastore, channel: str, resolution: int = 0, *, iso: bool = False) -> None:
        """The datastore is taken over, and closed with the array."""
        self._datastore = datastore
        self._names = _names(channel)
        self.resolution = resolution
        self.iso = iso
        self.channel = self._found()
        base, levels = self.channel.base_resolution, self.channel.experiment.num_hierarchy_levels
        if not base <= resolution < base + levels:
            raise InvalidResolution(f"resolution {resolution}: {channel} has {base} to {base + levels - 1}")

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the voxels."""
        return np.dtype(self.channel.datatype)

    @property
    def shape(self) -> tuple[int, ...]:
        """(z, y, x), or (t, z, y, x) with several time samples."""
        z, y, x = (max(0, side) for side in self.channel.experiment.pyramid.extent(self.resolution, iso=self.iso))
        return (self._samples, z, y, x) if self._has_time else (z, y, x)

    @property
    def chunks(self) -> tuple[int, ...]:
        """What is one file: whoever writes whole ones, in any order, reads nothing back."""
        return (1, *self.channel.block_shape) if self._has_time else self.channel.block_shape

    @property
    def ndim(self) -> int:
        """3, or 4 with several time samples."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many voxels there are."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Of all voxels, uncompressed."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"<bosslet.Array {self.channel} {self.shape} {self.dtype}>"

    def __getitem__(self, key: object) -> Any:  # noqa: ANN401 - an array, or a NumPy scalar
        selection = select(key, self.shape)
        times, box = self._place(selection)
        if not len(times) * box.size:
            return np.empty(selection.shape, self.dtype)
        voxels = self._reaching(lambda volume: volume.read(times, box))
        return (voxels if self._has_time else voxels[0])[selection.within]

    def __setitem__(self, key: object, value: object) -> None:
        selection = select(key, self.shape)
        if not selection.contiguous:
            raise IndexError("voxels can be assigned to slices without steps only")
        if self.resolution != self.channel.base_resolution:
            raise ResolutionNotWritable(f"resolution {self.resolution} of {self.channel}: downsampling makes it")
        values = np.broadcast_to(self._cast(value), selection.shape).reshape(selection.whole_shape)
        times, box = self._place(selection)
        if values.size:
            self._write(times, box, values if self._has_time else values[np.newaxis])

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Voxels:
        if copy is False:
            raise ValueError("voxels on disk cannot be had without a copy")
        voxels: Voxels = self[...]
        return voxels if dtype is None else voxels.astype(dtype, copy=False)

    def __reduce__(self) -> tuple[Callable[..., Array], tuple[object, ...]]:
        store = self._datastore
        arguments = (str(store.uploads), str(self.channel), self.resolution)
        return _reopened, (*arguments, self.iso, store.catalog.url, store.cache_bytes)

    def close(self) -> None:
        """Give back files and connections."""
        self._datastore.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _samples(self) -> int:
        return max(1, self.channel.experiment.num_time_samples)

    @property
    def _has_time(self) -> bool:
        return self._samples > 1

    def _found(self) -> Channel:
        channel = self._datastore.catalog.resources.channel(*self._names)
        if channel.marked_ancestor is not None:
            raise MarkedForDeletion(str(channel))
        return channel

    def _place(self, selection: Selection) -> tuple[range, Box]:
        """The time samples and the box that hold all that is selected."""
        time, (z, y, x) = range(1), selection.ranges[-3:]
        if self._has_time:
            time = selection.ranges[0]
        return time, Box((z.start, y.start, x.start), (z.stop, y.stop, x.stop))

    def _write(self, times: range, box: Box, values: Voxels) -> None:
        try:
            for slab in _slabs(box, self.channel.block_shape):
                # A copy, since what is written is taken over; a slab at a time, so that it needs little memory.
                part = np.array(values[:, *slab.relative_to(box.start).slices])
                self._reaching(partial(Volume.write, times=times, box=slab, voxels=part))
        finally:
            self._datastore.catalog.downsampling.note_write(self.channel.id)

    def _reaching(self, work: Callable[[Volume], Result]) -> Result:
        """Work on the channel where it is now."""
        for _ in range(ATTEMPTS):
            try:
                return work(self._volume())
            except Busy as error:
                sleep(error.wait.total_seconds())
                self.channel = self._found()
        return work(self._volume())

    def _volume(self) -> Volume:
        return self._datastore.image(self.channel).level(self.resolution, iso=self.iso)

    def _cast(self, value: object) -> Voxels:
        """As the channel has it; raises WrongDtype rather than change a value."""
        given = np.asarray(value)
        if given.dtype == self.dtype:
            return given
        with np.errstate(invalid="ignore"):
            cast = given.astype(self.dtype)
        if not np.array_equal(cast, given):
            raise WrongDtype(f"{given.dtype} values that {self.dtype} cannot hold, for {self.channel}")
        return cast


def _names(channel: str) -> tuple[str, str, str]:
    names = channel.split("/")
    if len(names) != 3:
        raise ConfigurationError(f"{channel!r} should be collection/experiment/channel")
    return names[0], names[1], names[2]


def _reopened(uploads: str, channel: str, resolution: int, iso: bool, catalog_url: str, cache_bytes: int) -> Array:
    return open(uploads, channel, resolution, iso=iso, catalog_url=catalog_url, cache_bytes=cache_bytes)


def _slabs(box: Box, block: Point) -> list[Box]:
    (_, y, x), (_, y_stop, x_stop) = box.start, box.stop
    layers = Grid((block[0], max(1, y_stop), max(1, x_stop))).parts(box)
    return [Box((part.box.start[0], y, x), (part.box.stop[0], y_stop, x_stop)) for part in layers if part.box.size]
