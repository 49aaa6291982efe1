"""From every format that is read to every one that is written: the same voxels, and voxels of the same size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bosslet.datastore import Datastore
from bosslet.jobs import export, ingest
from bosslet.jobs.destination import Wanted
from bosslet.jobs.intake import Manner, into_store
from bosslet.sources.opening import open_source
from bosslet.sources.source import NO_HINTS, Hints
from bosslet.spacing import Spacing
from bosslet.targets.opening import target_at
from bosslet.targets.target import Style
from tests.jobs.formats import NARROW, SOURCES, WIDE, Format
from tests.sources.conftest import assert_holds

Voxels = NDArray[Any]
Names = tuple[str, str, str]

SIZE = Spacing((40.0, 5.0, 4.0), "nanometers")
BLOCK = (16, 12, 20)
SHAPE = (17, 13, 21)
SHAPES = {"a volume": SHAPE, "a slice": (1, 13, 21), "a series": (2, *SHAPE)}
MEMORY = 10**9


@dataclass(frozen=True, slots=True)
class Target:
    """A format that export writes."""

    name: str
    dtypes: tuple[str, ...] = WIDE
    series: str | None = None
    """What it is called for a time series, where it can hold one."""
    sized: bool = True
    style: Style = field(default_factory=Style)


TARGETS = {
    "TIFF stack": Target("s/%03d.tif", series="s/%d_%03d.tif"),
    "TIFF": Target("a.tif", series="a.tif"),
    "compressed TIFF": Target("b.tif", series="b.tif", style=Style(compression_level=6)),
    "OME-TIFF": Target("a.ome.tif", dtypes=WIDE[:3], series="a.ome.tif"),
    "PNG": Target("p/%03d.png", dtypes=NARROW, series="p/%d_%03d.png", sized=False),
    "JPEG 2000": Target("j/%03d.jp2", dtypes=NARROW, series="j/%d_%03d.jp2", sized=False),
    "npy": Target("a.npy", series="a.npy", sized=False),
    "HDF5": Target("a.h5", series="a.h5", style=Style(compression="lzf")),
    "OME-Zarr": Target("a.zarr", series="a.zarr"),
    "precomputed": Target("a.precomputed"),
}
CASES = [
    pytest.param(name, shape, dtype, id=f"{dtype} from {name}, {kind}")
    for name, source in SOURCES.items()
    for kind, shape in SHAPES.items()
    for dtype in (source.dtypes if kind == "a volume" else source.dtypes[:2][-1:])
    if source.series or len(shape) == 3
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Datastore]:
    """One for all, with a collection for each case."""
    folder = tmp_path_factory.mktemp("store") / "uploads"
    datastore = Datastore.open(folder, block_shape=BLOCK, chunk_shape=(8, 6, 10))
    datastore.prepare()
    yield datastore
    datastore.close()


@pytest.mark.parametrize(("name", "shape", "dtype"), CASES)
def test_to_every_target(
    name: str, shape: tuple[int, ...], dtype: str, store: Datastore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    volume, names = noise(dtype, shape), (f"case{CASE.index((name, shape, dtype))}", "exp", "em")
    (tmp_path / "in").mkdir()
    take_in(store, SOURCES[name], volume, tmp_path / "in", names)
    if name == "JPEG":
        volume = pictures_in(tmp_path / "in", shape)
    for target in TARGETS.values():
        where = target.name if len(shape) == 3 else target.series
        if dtype in target.dtypes and where is not None:
            write(store, names, where, target.style)
            source = open_source((where,))
            assert_holds(source, volume)
            assert (source.about.spacing is not None) == target.sized
            assert source.about.spacing is None or source.about.spacing.matches(SIZE), where


CASE = [case.values for case in CASES]


def noise(dtype: str, shape: tuple[int, ...]) -> Voxels:
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


def take_in(store: Datastore, known: Format, volume: Voxels, folder: Path, names: Names) -> None:
    """As the command does, with the voxel size of the file where it has one."""
    said = Hints(shape=volume.shape, dtype=volume.dtype) if known is SOURCES["raw"] else NO_HINTS
    source = open_source((known.write(folder, volume),), said)
    assert (source.about.spacing is not None) == known.sized
    given = None if known.sized else SIZE
    wanted = Wanted.of(names, volume.dtype.name, "image", (0, 0, 0), source.about.shape, given, source.about.spacing)
    into_store(store, ingest.plan(source, (0, 0, 0), BLOCK, 1, MEMORY), wanted, Manner(), nothing)


def write(store: Datastore, names: Names, where: str, style: Style) -> None:
    part = export.cutout(store, names, 0, None, None)
    target = target_at(where, part.subject(), style, format_name=None, overwrite=False)
    export.export(export.plan(part, target, 1, MEMORY), nothing)


def nothing(count: int) -> None:
    pass


def pictures_in(folder: Path, shape: tuple[int, ...]) -> Voxels:
    """What Pillow makes of the files, which is not what they were made of."""
    return np.stack([np.asarray(Image.open(file)) for file in sorted(folder.iterdir())]).reshape(shape)
