"""The voxels that are served: noise as electron microscopes make it, labels of cells, or a real volume.

Images of an electron microscope hardly compress, labels compress a hundredfold: a benchmark of one says nothing about
the other.
"""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Voxels = NDArray[Any]
Shape = tuple[int, int, int]

SHAPE: Shape = (256, 512, 1024)
"""What is served: 8 blocks, which fit into the cache of one worker."""


def image(shape: Shape = SHAPE, seed: int = 0) -> Voxels:
    """Smooth structures under noise that does not compress, without zeros."""
    random = np.random.default_rng(seed)
    z, y, x = (np.linspace(0, 12, side) for side in shape)
    smooth = 128 + 40 * np.sin(z)[:, None, None] * np.sin(y)[:, None] * np.sin(x)
    voxels = np.empty(shape, np.uint8)
    for plane, under in zip(voxels, smooth, strict=True):
        plane[:] = np.clip(under + random.normal(0, 25, under.shape), 1, 255)
    return voxels


def labels(shape: Shape = SHAPE, seed: int = 0) -> Voxels:
    """Cells of about 16 voxels a side, each with an id of its own."""
    random = np.random.default_rng(seed)
    coarse = random.integers(1, 2**40, tuple(-(-side // 16) for side in shape), dtype=np.uint64)
    grown = coarse.repeat(16, 0).repeat(16, 1).repeat(16, 2)
    return np.ascontiguousarray(grown[tuple(slice(side) for side in shape)])


def load(source: Path, shape: Shape = SHAPE) -> Voxels:
    """A real volume, mirrored until it fills the shape: a folder of PNGs, ``.npy``, or the first array of ``.h5[.gz]``.

    Signed labels become uint64. A zero becomes a one, so that a write of it replaces what is there.
    """
    voxels = _read(source)
    if voxels.dtype != np.uint8:
        voxels = voxels.astype(np.uint64)
    missing = [(0, max(0, side - have)) for side, have in zip(shape, voxels.shape, strict=True)]
    filled = np.pad(voxels, missing, mode="symmetric")[tuple(slice(side) for side in shape)]
    return np.ascontiguousarray(np.maximum(filled, 1))


def _read(source: Path) -> Voxels:
    if source.is_dir():
        return np.stack([np.asarray(Image.open(file)) for file in sorted(source.glob("*.png"))])
    if source.suffix == ".npy":
        return np.load(source)
    content = gzip.decompress(source.read_bytes()) if source.suffix == ".gz" else source.read_bytes()
    with h5py.File(io.BytesIO(content)) as file:
        return np.asarray(next(iter(file.values())))
