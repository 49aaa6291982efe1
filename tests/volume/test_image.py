"""What is written is OME-Zarr that other tools open: zarr-python reads the same voxels, and the description is true."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pytest
import zarr
from numpy.typing import NDArray

from bosslet.geometry import Box
from bosslet.pyramid import Pyramid
from bosslet.volume.image import Axes, Image
from bosslet.volume.layout import DTYPES, Layout
from bosslet.volume.locks import Locks
from bosslet.volume.store import Store

PATH = "col/exp/chan"
THICK = Pyramid((35.0, 4.0, 4.0), (21, 90, 52), isotropic=False)
CUBES = Pyramid((6.0, 6.0, 6.0), (21, 90, 52), isotropic=True)
NM = Axes("nanometer")


def layout(dtype: str = "uint8") -> Layout:
    return Layout(dtype, block=(16, 24, 64), chunk=(8, 12, 32))


def image_in(store: Store, pyramid: Pyramid = THICK, **options: Any) -> Image:
    return Image(store, PATH, options.pop("layout", layout()), pyramid, options.pop("axes", NM), **options)


def fill(image: Image, level: int, *, iso: bool = False, samples: int = 1) -> NDArray[Any]:
    """Distinct voxels in a whole level of an image, and what they are."""
    box = Box.of(image.pyramid.extent(level, iso=iso))
    voxels = (np.arange(samples * box.size) * 7919 + level).astype(image.layout.dtype).reshape(samples, *box.shape)
    image.create_level(level, iso=iso).write(range(samples), box, voxels.copy())
    return voxels


def opened(path: Path) -> Any:
    """An array or a group, as zarr-python finds it."""
    return zarr.open(path, mode="r")


def described(folder: Path) -> Any:
    """The one multiscale of a group."""
    (multiscale,) = opened(folder).attrs["ome"]["multiscales"]
    return multiscale


def datasets(folder: Path) -> dict[str, Any]:
    """By path, the kinds of transformations of a dataset and their numbers."""
    return {
        dataset["path"]: [(kind["type"], kind[kind["type"]]) for kind in dataset["coordinateTransformations"]]
        for dataset in described(folder)["datasets"]
    }


@pytest.mark.parametrize("dtype", DTYPES)
def test_zarr_reads_the_voxels_that_were_written(folder: Store, tmp_path: Path, dtype: str) -> None:
    image = image_in(folder, layout=layout(dtype), time_samples=2)
    voxels = fill(image, 0, samples=2)
    array = opened(tmp_path / PATH / "0")
    assert (array.dtype, array.shape, array.chunks, array.shards) == (
        dtype,
        (2, 21, 90, 52),
        (1, 8, 12, 32),
        (1, 16, 24, 64),
    )
    assert array.metadata.dimension_names == ("t", "z", "y", "x")
    assert array.fill_value == 0
    assert np.array_equal(array[:], voxels)


def test_zarr_reads_every_level_that_the_description_lists(folder: Store, tmp_path: Path) -> None:
    image = image_in(folder)
    levels = {str(level): fill(image, level) for level in (0, 1, 5)}
    group = opened(tmp_path / PATH)
    assert [dataset["path"] for dataset in described(tmp_path / PATH)["datasets"]] == ["0", "1", "5"]
    for name, voxels in levels.items():
        assert np.array_equal(group[name][:], voxels)


def test_zarr_reads_zeros_where_nothing_was_written(folder: Store, tmp_path: Path) -> None:
    image_in(folder).create_level(0).write(range(1), Box((9, 13, 17), (10, 15, 20)), np.ones((1, 1, 2, 3), np.uint8))
    array = opened(tmp_path / PATH / "0")
    assert np.count_nonzero(array[:]) == np.count_nonzero(array[0, 9, 13:15, 17:20]) == 6


def test_what_zarr_writes_is_read(folder: Store, tmp_path: Path) -> None:
    image = image_in(folder)
    image.create_level(0)
    voxels = np.arange(21 * 90 * 52).astype(np.uint8).reshape(1, 21, 90, 52)
    there: Any = zarr.open(tmp_path / PATH / "0", mode="r+")
    there[:] = voxels
    assert np.array_equal(image.level(0).read(range(1), Box.of((21, 90, 52))), voxels)


def test_the_second_pyramid_is_a_group_of_its_own(folder: Store, tmp_path: Path) -> None:
    image = image_in(folder)
    plain, iso = fill(image, 5), fill(image, 5, iso=True)
    assert (plain.shape, iso.shape) == ((1, 21, 3, 2), (1, 6, 3, 2))
    assert np.array_equal(opened(tmp_path / PATH / "5")[:], plain)
    assert np.array_equal(opened(tmp_path / PATH / "iso" / "5")[:], iso)
    assert datasets(tmp_path / PATH / "iso") == {
        "5": [("scale", [1.0, 140.0, 128.0, 128.0]), ("translation", [0.0, 52.5, 62.0, 62.0])]
    }


def test_up_to_the_isotropic_level_both_pyramids_are_one(folder: Store, tmp_path: Path) -> None:
    image = image_in(folder)
    assert image.level(3, iso=True).path == image.level(3).path
    fill(image, 3)
    assert image.levels(iso=True) == []
    assert not (tmp_path / PATH / "iso").exists()


@pytest.mark.parametrize(
    ("pyramid", "level", "scale", "shift"),
    [
        (THICK, 0, [35.0, 4.0, 4.0], None),
        (THICK, 2, [35.0, 16.0, 16.0], [0.0, 6.0, 6.0]),
        (CUBES, 0, [6.0, 6.0, 6.0], None),
        (CUBES, 3, [48.0, 48.0, 48.0], [21.0, 21.0, 21.0]),
    ],
)
def test_levels_say_how_large_their_voxels_are_and_where_they_lie(
    folder: Store, tmp_path: Path, pyramid: Pyramid, level: int, scale: list[float], shift: list[float] | None
) -> None:
    image_in(folder, pyramid).create_level(level)
    moved = [] if shift is None else [("translation", [0.0, *shift])]
    assert datasets(tmp_path / PATH) == {str(level): [("scale", [1.0, *scale]), *moved]}


def test_axes_have_their_units_and_the_step_of_time(folder: Store, tmp_path: Path) -> None:
    image_in(folder, axes=Axes("micrometer", 2.5, "second")).create_level(0)
    assert described(tmp_path / PATH)["axes"] == [
        {"name": "t", "type": "time", "unit": "second"},
        {"name": "z", "type": "space", "unit": "micrometer"},
        {"name": "y", "type": "space", "unit": "micrometer"},
        {"name": "x", "type": "space", "unit": "micrometer"},
    ]
    assert datasets(tmp_path / PATH)["0"] == [("scale", [2.5, 35.0, 4.0, 4.0])]
    assert described(tmp_path / PATH)["name"] == "chan"


@pytest.mark.parametrize("labels", [False, True])
def test_labels_say_that_they_are(folder: Store, tmp_path: Path, labels: bool) -> None:
    image_in(folder, layout=layout("uint64"), labels=labels).create_level(0)
    ome = opened(tmp_path / PATH).attrs["ome"]
    assert ome["version"] == "0.5"
    assert ("image-label" in ome) is labels


def test_what_the_catalog_knows_travels_with_the_voxels(folder: Store, tmp_path: Path) -> None:
    image_in(folder, attributes=lambda: {"names": ["col", "exp", "chan"], "é": None}).create_level(0)
    document = json.loads((tmp_path / PATH / "zarr.json").read_text(encoding="utf-8"))
    assert document["attributes"]["bosslet"] == {"names": ["col", "exp", "chan"], "é": None}


def test_an_empty_frame_and_an_experiment_without_time_have_one_voxel(folder: Store) -> None:
    image = image_in(folder, Pyramid((1.0, 1.0, 1.0), (0, -5, 0), isotropic=False), time_samples=0)
    assert image.level(0).shape == (1, 1, 1, 1)
    image.create_level(0)
    assert image.levels() == [0]


def test_asking_for_a_level_makes_nothing(store: Store) -> None:
    image = image_in(store)
    assert (image.level(2).exists, image.levels()) == (False, [])
    assert store.document(f"{PATH}/zarr.json") is None


def test_in_memory_an_image_is_described_too(tmp_path: Path) -> None:
    store = Store("memory://", Locks(tmp_path))
    image_in(store).create_level(1)
    (multiscale,) = json.loads(store.document(f"{PATH}/zarr.json") or b"")["attributes"]["ome"]["multiscales"]
    assert [dataset["path"] for dataset in multiscale["datasets"]] == ["1"]


def test_levels_that_two_processes_make_at_once_are_all_described(tmp_path: Path) -> None:
    """Each thread has a store of its own, as a process would."""
    stores = [Store.in_folder(tmp_path) for _ in range(8)]
    start = Barrier(len(stores))

    def make(number: int) -> None:
        image = image_in(stores[number])
        start.wait(30)
        # Two make each level, in opposite order.
        for level in range(0, 7) if number % 2 else reversed(range(0, 7)):
            image.create_level(level, iso=number % 4 > 1)

    with ThreadPoolExecutor(len(stores)) as pool:
        list(pool.map(make, range(len(stores))))
    assert list(datasets(tmp_path / PATH)) == [str(level) for level in range(7)]
    assert list(datasets(tmp_path / PATH / "iso")) == ["4", "5", "6"]
