"""What the tests of readers share: volumes with three different sides, and a stack of planes in files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bosslet.geometry import Box
from bosslet.sources.source import Source

Volume = NDArray[Any]
SHAPE = (5, 7, 11)


def distinct(dtype: str = "uint16", shape: tuple[int, ...] = SHAPE) -> Volume:
    """Voxels no two of which are alike, as far as the dtype has so many; the largest number is among them."""
    array = np.arange(1, 1 + np.prod(shape)).astype(dtype).reshape(shape)
    array.flat[-1] = np.iinfo(array.dtype).max
    return array


def assert_holds(source: Source, expected: Volume) -> None:
    """Whole, and in a box that straddles everything; ``expected`` is (z, y, x) or (t, z, y, x)."""
    expected = expected.reshape((1,) * (4 - expected.ndim) + expected.shape)
    assert source.about.shape == expected.shape
    assert source.about.dtype == expected.dtype
    samples, z, y, x = expected.shape
    for time in range(samples):
        np.testing.assert_array_equal(source.read(time, Box.of((z, y, x))), expected[time])
        box = Box((z // 2, y // 3, x // 4), (z, y - y // 4, x - x // 5))
        found = source.read(time, box)
        assert found.flags.writeable or found.base is None
        np.testing.assert_array_equal(found, expected[time][box.slices])


@pytest.fixture
def planes(tmp_path: Path) -> Callable[..., list[Path]]:
    """A function: writes the planes of a volume to files, by a function that writes one."""

    def write(volume: Volume, save: Callable[[Path, Volume], object], pattern: str = "img_%d.png") -> list[Path]:
        files = [tmp_path / (pattern % number) for number in range(8, 8 + len(volume))]
        for file, plane in zip(files, volume, strict=True):
            save(file, plane)
        return files

    return write
