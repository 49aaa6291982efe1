"""What the tests of the store share: both backends, small layouts, and a look at a folder byte by byte."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bosslet.geometry import Box
from bosslet.volume.layout import Layout
from bosslet.volume.locks import Locks
from bosslet.volume.store import Store

Files = dict[str, tuple[bytes, int, int]]
"""By path: what a file holds, when it was last changed, and its inode, which a rename over it changes."""


def files(folder: Path) -> Files:
    """Every file of a folder, without the locks and the ledger, which every attempt to write touches."""
    found = (path for path in folder.rglob("*") if path.is_file() and not {".locks", ".blocks"} & set(path.parts))
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino)
        for path in sorted(found)
    }


@pytest.fixture
def snapshot(tmp_path: Path) -> Callable[[], Files]:
    """A function: the files of the store as they are now."""
    return lambda: files(tmp_path)


@pytest.fixture
def untouched(tmp_path: Path) -> Callable[[], AbstractContextManager[None]]:
    """A function: a context in which no file of the store may change, come or go."""

    @contextmanager
    def context() -> Iterator[None]:
        before = files(tmp_path)
        yield
        assert files(tmp_path) == before

    return context


@pytest.fixture
def folder(tmp_path: Path) -> Store:
    """A store in a folder."""
    return Store.in_folder(tmp_path)


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A store in every place where voxels can be kept."""
    return Store.in_folder(tmp_path) if request.param == "folder" else Store("memory://", Locks(tmp_path))


@pytest.fixture
def layout() -> Layout:
    """Blocks and chunks with three different sides, eight chunks to a block."""
    return Layout("uint16", block=(8, 12, 16), chunk=(4, 6, 8))


@pytest.fixture
def voxels() -> Callable[..., NDArray[np.uint16]]:
    """A function: voxels that fill a box in some time samples, no two alike and none of them zero."""

    def distinct(box: Box, samples: int = 1, first: int = 1) -> NDArray[np.uint16]:
        count = samples * box.size
        return np.arange(first, first + count, dtype=np.uint16).reshape(samples, *box.shape)

    return distinct
