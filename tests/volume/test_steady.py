"""The state of a box is another one after every write, and is not told of what was just written or never."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bosslet.geometry import Box
from bosslet.volume.layout import Layout
from bosslet.volume.locks import Locks
from bosslet.volume.steady import steady_state
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

BOX = Box((0, 0, 0), (8, 12, 32))
NOW = range(1)


def settle(folder: Path) -> None:
    for path in folder.rglob("[0-9]*"):
        if path.is_file():
            os.utime(path, ns=(path.stat().st_mtime_ns - 10**10,) * 2)


def test_each_write_makes_another_state(
    folder: Store, tmp_path: Path, layout: Layout, voxels: Callable[..., NDArray[np.uint16]]
) -> None:
    volume = Volume(folder, "a/b/c", layout, (1, 8, 12, 64))
    assert steady_state(volume, 0, BOX) is None
    volume.write(NOW, Box((0, 0, 0), (8, 12, 16)), voxels(Box((0, 0, 0), (8, 12, 16))))
    settle(tmp_path)
    assert steady_state(volume, 0, BOX) is None  # its second block is absent
    volume.write(NOW, BOX, voxels(BOX))
    assert steady_state(volume, 0, BOX) is None  # just now
    seen = []
    for first in (1, 2, 3):
        volume.write(NOW, BOX, voxels(BOX, first=first))
        settle(tmp_path)
        seen.append(steady_state(volume, 0, BOX))
        assert steady_state(volume, 0, BOX) == seen[-1] is not None
    assert len(set(seen)) == 3
    volume.write(NOW, Box((0, 0, 32), (8, 12, 48)), voxels(Box((0, 0, 32), (8, 12, 48))))
    assert steady_state(volume, 0, BOX) == seen[-1]  # a neighbour


def test_nothing_is_told_in_memory(tmp_path: Path, layout: Layout, voxels: Callable[..., NDArray[np.uint16]]) -> None:
    volume = Volume(Store("memory://", Locks(tmp_path)), "a/b/c", layout, (1, 8, 12, 64))
    volume.write(NOW, BOX, voxels(BOX))
    assert steady_state(volume, 0, BOX) is None
