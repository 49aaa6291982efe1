"""A channel as an array: what NumPy would give, on the disk when it was assigned."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask.array
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

import bosslet
from bosslet.catalog.records import ADMINISTRATOR, DownsampleStatus
from bosslet.datastore import Datastore
from bosslet.errors import (
    ConfigurationError,
    InvalidResolution,
    MarkedForDeletion,
    NotFound,
    ResolutionNotWritable,
    WrongDtype,
)

SHAPE = (13, 29, 34)


@pytest.fixture(scope="module")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three channels: one sample, three samples, and one for what is refused."""
    folder = tmp_path_factory.mktemp("array") / "uploads"
    store = Datastore.open(folder, block_shape=(8, 12, 16), chunk_shape=(4, 6, 8))
    store.prepare()
    resources, user = store.catalog.resources, store.catalog.users.get(ADMINISTRATOR)
    frame = resources.create_frame(
        "frame", user, start=(0, 0, 0), stop=SHAPE, voxel_size=(4.0, 4.0, 4.0), voxel_unit="nanometers"
    )
    collection = resources.create_collection("col", user)
    for name, samples in (("one", 1), ("three", 3)):
        experiment = resources.create_experiment(
            collection, name, user, frame=frame, num_time_samples=samples, num_hierarchy_levels=2
        )
        for channel in ("ch", "other", "marked"):
            store.create_channel(experiment, channel, user, type="image", datatype="uint16")
        resources.delete_channel(resources.channel("col", name, "marked"))
    store.close()
    return folder


@pytest.fixture(scope="module")
def filled(uploads: Path) -> Iterator[tuple[bosslet.Array, NDArray[Any]]]:
    with bosslet.open(uploads, "col/one/ch") as array:
        voxels = np.arange(array.size, dtype="uint16").reshape(SHAPE)
        array[...] = voxels
        yield array, voxels


def test_it_looks_like_an_array(filled: tuple[bosslet.Array, NDArray[Any]]) -> None:
    array, voxels = filled
    assert (array.shape, array.dtype, array.ndim, array.size, len(array)) == (SHAPE, np.uint16, 3, voxels.size, 13)
    assert (array.chunks, array.nbytes) == ((8, 12, 16), voxels.nbytes)
    assert repr(array) == "<bosslet.Array col/one/ch (13, 29, 34) uint16>"
    np.testing.assert_array_equal(np.asarray(array), voxels)
    assert np.asarray(array, "float32").dtype == np.float32
    with pytest.raises(ValueError, match="copy"):
        np.asarray(array, copy=False)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hnp.basic_indices(SHAPE))
def test_every_index_reads_what_numpy_reads(filled: tuple[bosslet.Array, NDArray[Any]], key: Any) -> None:
    array, voxels = filled
    found, expected = array[key], voxels[key]
    assert np.shape(found) == np.shape(expected)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def test_what_is_assigned_is_there_for_whoever_opens_it_next(uploads: Path) -> None:
    expected = np.zeros(SHAPE, "uint16")
    with bosslet.open(uploads, "col/one/other") as array:
        for key, value in (
            (np.s_[2:11, :, 5:30], 7),
            (np.s_[-1], np.arange(34)),
            (np.s_[..., 3], np.arange(29)),
            (np.s_[4, 5, 6], 0),
            (np.s_[3:3], 9),
            (np.s_[1:2, None, 0, ::1], np.full((1, 1, 34), 65535)),
        ):
            array[key] = value
            expected[key] = value
    with bosslet.open(str(uploads), "col/one/other") as array:
        np.testing.assert_array_equal(array, expected)


def test_samples_come_first(uploads: Path) -> None:
    with bosslet.open(uploads, "col/three/ch") as array:
        voxels = np.arange(array.size, dtype="uint32").astype("uint16").reshape(3, *SHAPE)
        array[1:] = voxels[1:]
        assert (array.shape, array.chunks) == ((3, *SHAPE), (1, 8, 12, 16))
        assert not array[0].any()
        np.testing.assert_array_equal(array[::-2, 3, :, 4:], np.stack([voxels[2], 0 * voxels[0]])[:, 3, :, 4:])


def test_levels_no_longer_show_what_was_written(uploads: Path) -> None:
    with bosslet.open(uploads, "col/one/other") as array:
        catalog = array._datastore.catalog
        catalog.resources.set_downsample_status(array.channel.id, DownsampleStatus.DOWNSAMPLED)
        array[0, 0, 0] = 1
        found = catalog.resources.channel("col", "one", "other").downsample_status
        assert found is DownsampleStatus.NOT_DOWNSAMPLED


def test_dask_reads_and_writes_by_blocks(filled: tuple[bosslet.Array, NDArray[Any]], uploads: Path) -> None:
    array, voxels = filled
    lazy = dask.array.from_array(array, chunks=array.chunks)
    assert lazy.sum().compute() == voxels.sum()
    with bosslet.open(uploads, "col/one/other") as target:
        dask.array.store(65535 - lazy, target, lock=False)
        np.testing.assert_array_equal(target, 65535 - voxels)


def test_a_pickled_array_is_opened_anew(filled: tuple[bosslet.Array, NDArray[Any]]) -> None:
    array, voxels = filled
    with pickle.loads(pickle.dumps(array)) as other:
        np.testing.assert_array_equal(other[3], voxels[3])


def test_no_value_is_changed_on_the_way(filled: tuple[bosslet.Array, NDArray[Any]]) -> None:
    array, voxels = filled
    for value in (-1, 70000, 1.5, np.full(SHAPE, -3), float("nan")):
        with pytest.raises(WrongDtype):
            array[...] = value
    for key in (np.s_[::2], np.s_[::-1]):
        with pytest.raises(IndexError):
            array[key] = 0
    with pytest.raises(ValueError, match="broadcast"):
        array[0] = np.zeros((3, 4))
    np.testing.assert_array_equal(array, voxels)


def test_what_is_not_there_is_refused(uploads: Path, tmp_path: Path) -> None:
    for name, error in (
        ("col/one", ConfigurationError),
        ("col/one/none", NotFound),
        ("col/one/marked", MarkedForDeletion),
    ):
        with pytest.raises(error):
            bosslet.open(uploads, name)
    with pytest.raises(InvalidResolution):
        bosslet.open(uploads, "col/one/ch", 2)
    with bosslet.open(uploads, "col/one/ch", 1) as level, pytest.raises(ResolutionNotWritable):
        level[0] = 1
    with pytest.raises(ConfigurationError, match="not an uploads folder"):
        bosslet.open(tmp_path / "none", "col/one/ch")
    assert not (tmp_path / "none").exists()


def test_to_import_bosslet_is_light() -> None:
    program = (
        "import sys, bosslet; assert 'numpy' not in sys.modules; bosslet.open; assert 'tensorstore' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    with pytest.raises(AttributeError):
        bosslet.nothing  # noqa: B018
