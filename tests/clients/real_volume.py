"""A real volume, from PNG slices and HDF5 labels, through intern into a fresh bosslet and out again in every way.

    python -m tests.clients.real_volume --data DIR [--uploads DIR]

DIR holds ``grayscale/*.png``, one slice each, and ``groundtruth.h5.gz`` with the labels ``stack`` (z, y, x), as the
samples of https://github.com/janelia-flyem/neuroproof_examples have them. This is not part of the test suite, which
needs no data. It starts a server of its own, prints what it compared, and fails at the first difference:

1. intern's ZSliceIngestJob uploads the slices as ``real/fib25/em``; all of it, read back through intern, is the slices.
2. The labels are written through ``intern.array`` as ``real/fib25/labels`` (uint64), and read back.
3. 200 random unaligned cutouts of both, by 8 processes, while another one writes the same values again and again.
4. With the server stopped, zarr-python reads both from the uploads folder.
"""

from __future__ import annotations

import argparse
import gzip
import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import h5py
import intern
import numpy as np
import zarr
from intern.convenience.array import ZSliceIngestJob
from numpy.typing import NDArray
from PIL import Image

from tests.live.server import Server, serving

Voxels = NDArray[Any]

URI = "bossdb://real/fib25/{}"
READERS, CUTOUTS = 8, 200
STEP = 17
"""Slices that are written again in one go."""


@dataclass(frozen=True, slots=True)
class Volumes:
    """What the files say."""

    em: Voxels
    labels: Voxels

    @classmethod
    def load(cls, data: Path) -> Volumes:
        """Read all slices, and the labels."""
        slices = [np.asarray(Image.open(path)) for path in sorted((data / "grayscale").glob("*.png"))]
        unzipped = BytesIO(gzip.decompress((data / "groundtruth.h5.gz").read_bytes()))
        with h5py.File(unzipped) as file:
            return cls(np.stack(slices), file["stack"][:].astype(np.uint64))

    def items(self) -> dict[str, Voxels]:
        """By the name of the channel."""
        return {"em": self.em, "labels": self.labels}


def main() -> None:
    """All steps, on the volume of ``--data``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with grayscale/ and groundtruth.h5.gz")
    parser.add_argument("--uploads", type=Path, help="a folder that does not exist yet, and is kept")
    options = parser.parse_args()
    volumes = Volumes.load(options.data.resolve())
    print(f"em {volumes.em.dtype} {volumes.em.shape}, {len(np.unique(volumes.labels))} labels {volumes.labels.shape}")
    with uploads_folder(options.uploads) as uploads:
        with serving(uploads) as server, intern_set_up_for(server, uploads.parent):
            upload_slices(options.data.resolve(), volumes.em)
            upload_labels(volumes.labels)
            read_while_written(volumes)
        read_files(uploads, volumes)
    print("all equal")


@contextmanager
def uploads_folder(kept: Path | None) -> Iterator[Path]:
    """The folder to serve: a temporary one if none is to be kept."""
    if kept is not None:
        kept.resolve().parent.mkdir(parents=True, exist_ok=True)
        yield kept.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="real-volume-"))
    try:
        yield folder / "uploads"
    finally:
        shutil.rmtree(folder)


@contextmanager
def intern_set_up_for(server: Server, home: Path) -> Iterator[None]:
    """As its documentation says: by the environment, which its child processes inherit."""
    names = {"INTERN_PROTOCOL": "http", "INTERN_HOST": server.host, "INTERN_TOKEN": "public", "HOME": str(home)}
    before = dict(os.environ)
    os.environ.update(names)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def upload_slices(data: Path, expected: Voxels) -> None:
    """Step 1."""
    start = time.perf_counter()
    image = {"name": URI.format("em"), "path": data / "grayscale", "pattern": "*.png", "dtype": "uint8"}
    assert ZSliceIngestJob(image, voxel_size=(10, 10, 10)).upload(progress=False)
    print(f"ZSliceIngestJob uploaded {len(expected)} slices in {time.perf_counter() - start:.1f} s")
    compare("em, all of it through intern", whole(intern.array(URI.format("em"))), expected)


def upload_labels(expected: Voxels) -> None:
    """Step 2."""
    array = intern.array(
        URI.format("labels"),
        create_new=True,
        dtype="uint64",
        extents=expected.shape,
        voxel_size=(10, 10, 10),
        source_channel="em",
    )
    z, y, x = expected.shape
    start = time.perf_counter()
    array[0:z, 0:y, 0:x] = expected
    print(f"intern.array wrote {expected.nbytes / 1e6:.0f} MB of labels in {time.perf_counter() - start:.1f} s")
    compare("labels, all of it through intern", whole(array), expected)


def read_while_written(volumes: Volumes) -> None:
    """Step 3."""
    context = multiprocessing.get_context("spawn")
    ended = context.Event()
    writes = context.Value("i", 0)
    writer = context.Process(target=write_again, args=(volumes, ended, writes))
    writer.start()
    start = time.perf_counter()
    try:
        with ProcessPoolExecutor(READERS, context, initializer=remember, initargs=(volumes,)) as pool:
            read = sum(pool.map(read_one, range(CUTOUTS)))
    finally:
        ended.set()
        writer.join()
    assert writer.exitcode == 0
    assert writes.value > 0
    seconds = time.perf_counter() - start
    print(
        f"{CUTOUTS} cutouts by {READERS} processes during {writes.value} writes, {seconds:.1f} s: {read} voxels equal"
    )


_volumes: list[Volumes] = []


def remember(volumes: Volumes) -> None:
    """What a reading process compares with."""
    _volumes.append(volumes)


def read_one(seed: int) -> int:
    """One random cutout, compared; how many voxels it has."""
    random = np.random.default_rng(seed)
    name = ("em", "labels")[seed % 2]
    expected = _volumes[0].items()[name]
    box = tuple(slice(*sorted(random.choice(side + 1, 2, replace=False).tolist())) for side in expected.shape)
    found = intern.array(URI.format(name))[box]
    # intern drops axes of one voxel.
    np.testing.assert_array_equal(found, expected[box].squeeze() if found.ndim < 3 else expected[box])
    return int(found.size)


def write_again(volumes: Volumes, ended: Event, writes: Any) -> None:
    """The same values, slab by slab, until it is told to stop."""
    while not ended.is_set():
        for name, voxels in volumes.items().items():
            array = intern.array(URI.format(name))
            z, y, x = voxels.shape
            for first in range(0, z, STEP):
                last = min(first + STEP, z)
                array[first:last, 0:y, 0:x] = voxels[first:last]
                writes.value += 1


def read_files(uploads: Path, volumes: Volumes) -> None:
    """Step 4."""
    for name, expected in volumes.items().items():
        image = zarr.open_group(str(uploads / "real" / "fib25" / name), mode="r", zarr_format=3)
        assert "ome" in image.attrs
        compare(f"{name}, all of it through zarr-python {zarr.__version__}", np.asarray(image["0"])[0], expected)


def whole(array: intern.array) -> Voxels:
    """All voxels of an array."""
    z, y, x = array.shape
    found: Voxels = array[0:z, 0:y, 0:x]
    return found


def compare(what: str, found: Voxels, expected: Voxels) -> None:
    """Print that it is equal, or fail."""
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype
    print(f"{what}: {found.size} voxels equal")


if __name__ == "__main__":
    main()
