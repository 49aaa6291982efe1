"""BlockFS's ``Directory`` on a bosslet channel: programs for it run with only their import changed.

Where BlockFS has a file ``volume.blockfs`` with its block files beside it, this has a folder of that name: an uploads
folder with one channel, ``blockfs/volume/data``, that every command and server of bosslet takes. A name like
``uploads/mouse/cortex/em``, in a folder that is one already, is a channel there.

There are no writer processes: each process writes its blocks itself, and a block is on the disk when ``write_block``
returns. A process that has written or read a block must not fork afterwards, since TensorStore has threads in it; one
that only made or opened a directory may.

What it follows: https://github.com/chunglabmit/blockfs (``directory.py``, version 1.0.0). Order of arguments is x, y, z
there, and of arrays z, y, x.
"""

from __future__ import annotations

import enum
import json
import os
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from bosslet.blockfs.making import Wish, make_in_another_process, metadata_of, place_of
from bosslet.catalog.records import Channel
from bosslet.datastore import CATALOG_FILE, Datastore
from bosslet.errors import ConfigurationError, InvalidBox, StorageError, WrongShape
from bosslet.geometry import Box, Point
from bosslet.volume.layout import DTYPES
from bosslet.volume.volume import Volume

NOW = range(1)

_used_in: int | None = None
"""The process that started TensorStore's threads here; one that was forked from it would abort."""


class Compression(enum.Enum):
    """BlockFS's codecs; taken, and left to bosslet, see ``bosslet optimize``."""

    zstd = 1
    blosclz = 2
    lz4 = 3
    lz4hc = 4
    zlib = 5
    snappy = 6


class Directory:
    """A volume that is written and read by whole blocks."""

    def __init__(
        self,
        x_extent: int,
        y_extent: int,
        z_extent: int,
        dtype: DTypeLike,
        directory_filename: str | Path,
        n_filenames: int | None = None,
        x_block_size: int = 64,
        y_block_size: int = 64,
        z_block_size: int = 64,
        *_: object,
        metadata: dict[str, Any] | None = None,
        compression: Compression = Compression.zstd,
        compression_level: int = 5,
        **__: object,
    ) -> None:
        """What BlockFS takes; how many files there are, and how they are packed and compressed, is not heeded."""
        self.x_extent, self.y_extent, self.z_extent = int(x_extent), int(y_extent), int(z_extent)
        self.x_block_size, self.y_block_size, self.z_block_size = (
            int(x_block_size),
            int(y_block_size),
            int(z_block_size),
        )
        self.dtype = np.dtype(dtype)
        self.directory_filename = os.path.abspath(directory_filename)  # noqa: PTH100 - a string, as in BlockFS
        self.n_filenames = n_filenames
        self.compression, self.compression_level = compression, compression_level
        self.metadata = dict(metadata or {})
        self._datastore: Datastore | None = None
        self._channel: Channel | None = None

    @staticmethod
    def open(directory_filename: str | Path) -> Directory:
        """A directory that is there.

        Raises:
            ConfigurationError: there is none, or one of BlockFS itself, which ``bosslet ingest`` takes in.
        """
        place = place_of(directory_filename)
        if Path(directory_filename).is_file():
            raise ConfigurationError(
                f"{directory_filename}: a file and no folder; if it is BlockFS's, bosslet ingest takes it in"
            )
        if not (Path(place.uploads) / CATALOG_FILE).is_file():
            raise ConfigurationError(f"{directory_filename}: there is no such directory")
        with closing(Datastore.open(place.uploads)) as datastore:
            datastore.prepare()
            channel = datastore.catalog.resources.channel(*place.names)
            metadata = metadata_of(datastore, channel)
        (z, y, x), (z_block, y_block, x_block) = channel.experiment.frame.stop, channel.block_shape
        return Directory(
            x, y, z, channel.datatype, directory_filename,
            x_block_size=x_block, y_block_size=y_block, z_block_size=z_block, metadata=metadata,
        )  # fmt: skip

    def create(self) -> None:
        """Make the channel, and the folder if need be.

        Raises:
            ConfigurationError: it is there already, its name is none, or voxels of this dtype are not stored.
        """
        if self.dtype.name not in DTYPES:
            raise ConfigurationError(f"{self.dtype}: {self.directory_filename} can have {', '.join(DTYPES)}")
        make_in_another_process(self._wish())

    def start_writer_processes(self, queue_depth: int = 10) -> None:
        """Nothing to start: see above."""

    def close(self) -> None:
        """Give back files and connections; the directory may be used again all the same."""
        if self._datastore is not None and _used_in == os.getpid():
            self._datastore.close()
        self._datastore = self._channel = None

    def write_block(self, block: ArrayLike, x: int, y: int, z: int) -> None:
        """Write a block, z, y, x, to its place; on the disk when this returns. At the end of the volume it is cut off.

        Raises:
            InvalidBox: no block begins there.
            WrongShape, StorageError
        """
        box = self._box(x, y, z)
        voxels = np.array(block, self.dtype, order="C")
        if voxels.shape != box.shape:
            raise WrongShape(f"a block of {voxels.shape} at x,y,z {x},{y},{z}: should be {box.shape}")
        volume, channel, datastore = self._opened()
        try:
            volume.write(NOW, box, voxels[np.newaxis])
        finally:
            datastore.catalog.downsampling.note_write(channel.id)

    def read_block(self, x: int, y: int, z: int) -> NDArray[Any]:
        """The block, z, y, x; zeros where none was written.

        Raises:
            InvalidBox: no block begins there.
            UnreadableBlock: it was written, and cannot be read.
        """
        box = self._box(x, y, z)
        voxels: NDArray[Any] = self._opened()[0].read(NOW, box)[0]
        return voxels

    def get_block_size(self, x: int, y: int, z: int) -> Point:
        """The shape, z, y, x, of the block that begins there."""
        return self._box(x, y, z).shape

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__ | {"_datastore": None, "_channel": None}

    def _box(self, x: int, y: int, z: int) -> Box:
        start, stop = (int(z), int(y), int(x)), (self.z_extent, self.y_extent, self.x_extent)
        block = (self.z_block_size, self.y_block_size, self.x_block_size)
        axes = list(zip(start, block, stop, strict=True))
        if any(first % side or not 0 <= first < last for first, side, last in axes):
            raise InvalidBox(f"no block begins at x,y,z {x},{y},{z} of {self.directory_filename}")
        ends = [min(first + side, last) for first, side, last in axes]
        return Box(start, (ends[0], ends[1], ends[2]))

    def _opened(self) -> tuple[Volume, Channel, Datastore]:
        global _used_in
        if _used_in not in (None, os.getpid()):
            raise StorageError(
                f"{self.directory_filename}: this process was forked from one that had read or written blocks before; "
                "start it first, or by multiprocessing.get_context('spawn')"
            )
        _used_in = os.getpid()
        if self._datastore is None or self._channel is None:
            place = place_of(self.directory_filename)
            self._datastore = Datastore.open(place.uploads)
            self._channel = self._datastore.catalog.resources.channel(*place.names)
        return self._datastore.image(self._channel).level(0), self._channel, self._datastore

    def _wish(self) -> Wish:
        place = place_of(self.directory_filename)
        block = (self.z_block_size, self.y_block_size, self.x_block_size)
        stop = (self.z_extent, self.y_extent, self.x_extent)
        return Wish(place.uploads, place.names, stop, block, self.dtype.name, json.dumps(self.metadata))
