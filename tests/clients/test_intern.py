"""The unmodified client of bossDB, intern 1.4.2, against a live server: arrays, projects, cutouts, time and labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import intern
import numpy as np
import pytest
from intern.remote.boss import BossRemote
from intern.resource.boss.resource import (
    ChannelResource,
    CollectionResource,
    CoordinateFrameResource,
    ExperimentResource,
)
from intern.service.boss.httperrorlist import HTTPErrorList
from intern.service.boss.v1.volume import CacheMode
from numpy.typing import NDArray
from requests import HTTPError

from tests.clients.conftest import Account

# What it says of every array whose voxels are not on S3.
pytestmark = pytest.mark.filterwarnings("ignore:CloudVolume is not installed:ImportWarning")

SHAPE = (45, 300, 290)
"""Of all volumes here (z, y, x): in four blocks."""
X, Y, Z = [250, 273], [7, 261], [3, 14]
"""A box in all four, as intern wants it."""
BOX = np.s_[3:14, 7:261, 250:273]
BOX_SHAPE = (11, 254, 23)


def voxels(dtype: str, shape: tuple[int, ...] = BOX_SHAPE, seed: int = 1) -> NDArray[Any]:
    """Distinct by place, of the whole range of the dtype, none of them zero."""
    return np.random.default_rng(seed).integers(1, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def new_array(collection: str, channel: str = "em", dtype: str = "uint8", **options: Any) -> intern.array:
    return intern.array(
        f"bossdb://{collection}/experiment/{channel}",
        create_new=True,
        dtype=dtype,
        extents=SHAPE,
        voxel_size=(30, 4, 5),
        **options,
    )


def new_experiment(remote: BossRemote, collection: str, **options: Any) -> ExperimentResource:
    z, y, x = SHAPE
    remote.create_project(CollectionResource(collection, "made by a test"))
    remote.create_project(CoordinateFrameResource(f"{collection}-frame", "", 0, x, 0, y, 0, z, 5, 4, 30))
    return remote.create_project(ExperimentResource("experiment", collection, f"{collection}-frame", **options))


def new_channel(
    remote: BossRemote, experiment: ExperimentResource, dtype: str = "uint8", name: str = "channel", **options: Any
) -> ChannelResource:
    kind = "image" if dtype in {"uint8", "uint16"} else "annotation"
    return remote.create_project(
        ChannelResource(name, experiment.coll_name, experiment.name, kind, datatype=dtype, **options)
    )


# intern.array


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint64"])
def test_an_array_is_created_written_and_read(dtype: str, remote: BossRemote, collection: str) -> None:
    array, new = new_array(collection, dtype=dtype), voxels(dtype)
    assert (array.shape, array.dtype, array.voxel_unit) == (SHAPE, dtype, "nanometers")
    assert array.downsample_status == "NOT_DOWNSAMPLED"
    assert array.available_resolutions == [0, 1, 2, 3, 4, 5]
    array[BOX] = new
    np.testing.assert_array_equal(array[BOX], new)
    np.testing.assert_array_equal(array[5:9, 200:260, 251:262], new[2:6, 193:253, 1:12])
    np.testing.assert_array_equal(array[3:14, 8, 250:273], new[:, 1])
    np.testing.assert_array_equal(array[4, 7:261, 250:273], new[1])
    assert array[0:3, 0:7, 0:250].max() == 0


def test_an_array_that_exists_is_opened_by_its_name(remote: BossRemote, collection: str) -> None:
    new = voxels("uint16")
    new_array(collection, dtype="uint16")[BOX] = new
    again = intern.array(f"bossdb://{collection}/experiment/em")
    np.testing.assert_array_equal(again[BOX], new)
    # Once more with create_new, and other settings: what is there stays as it is.
    assert new_array(collection, dtype="uint8").dtype == "uint16"
    np.testing.assert_array_equal(new_array(collection)[BOX], new)


def test_a_whole_plane_is_read_by_its_number(remote: BossRemote, collection: str) -> None:
    array, plane = new_array(collection), voxels("uint8", SHAPE[1:])
    array[17:18, 0 : SHAPE[1], 0 : SHAPE[2]] = plane
    np.testing.assert_array_equal(array[17], plane)


def test_labels_name_the_channel_that_they_were_drawn_on(remote: BossRemote, collection: str) -> None:
    new_array(collection)
    new_array(collection, "cells", "uint64", source_channel="em")
    assert remote.get_channel("cells", collection, "experiment").sources == ["em"]


# BossRemote: what there is


def test_a_project_is_made_listed_changed_and_deleted(remote: BossRemote, collection: str) -> None:
    experiment = new_experiment(remote, collection, num_hierarchy_levels=3, time_step_unit="seconds")
    channel = new_channel(remote, experiment)
    assert collection in remote.list_collections()
    assert f"{collection}-frame" in remote.list_coordinate_frames()
    assert remote.list_experiments(collection) == ["experiment"]
    assert remote.list_channels(collection, "experiment") == ["channel"]

    channel.description, channel.name = "changed", "renamed"
    assert remote.update_project("channel", channel).description == "changed"
    assert remote.list_channels(collection, "experiment") == ["renamed"]

    frame = CoordinateFrameResource(f"{collection}-frame")
    for resource in (channel, experiment, frame, CollectionResource(collection)):
        remote.delete_project(resource)
    assert collection not in remote.list_collections()
    with pytest.raises(HTTPError, match="404"):
        remote.get_project(CollectionResource(collection))


def test_a_collection_with_experiments_is_not_deleted(remote: BossRemote, collection: str) -> None:
    new_experiment(remote, collection)
    with pytest.raises(HTTPError, match="4003"):
        remote.delete_project(CollectionResource(collection))
    assert remote.list_experiments(collection) == ["experiment"]


# BossRemote: voxels


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint64"])
def test_a_cutout_is_what_was_written(dtype: str, remote: BossRemote, collection: str) -> None:
    channel, new = new_channel(remote, new_experiment(remote, collection), dtype), voxels(dtype)
    remote.create_cutout(channel, 0, X, Y, Z, new)
    np.testing.assert_array_equal(remote.get_cutout(channel, 0, X, Y, Z), new)
    for mode in CacheMode:
        np.testing.assert_array_equal(remote.get_cutout(channel, 0, X, Y, Z, access_mode=mode), new)


def test_zeros_are_filled_in_and_only_to_black_erases(remote: BossRemote, collection: str) -> None:
    channel = new_channel(remote, new_experiment(remote, collection), "uint16")
    first, second = voxels("uint16"), voxels("uint16", seed=2)
    second[::2] = 0
    for new in (first, second):
        remote.create_cutout(channel, 0, X, Y, Z, new)
    expected = np.where(second, second, first)
    np.testing.assert_array_equal(remote.get_cutout(channel, 0, X, Y, Z), expected)
    remote.create_cutout_to_black(channel, 0, [255, 260], [200, 258], [4, 6])
    expected[1:3, 193:251, 5:10] = 0
    np.testing.assert_array_equal(remote.get_cutout(channel, 0, X, Y, Z), expected)


def test_a_time_series_is_written_and_read_sample_by_sample(remote: BossRemote, collection: str) -> None:
    experiment = new_experiment(remote, collection, num_time_samples=7, time_step=2, time_step_unit="milliseconds")
    channel, new = new_channel(remote, experiment, default_time_sample=4), voxels("uint8", (3, *BOX_SHAPE))
    remote.create_cutout(channel, 0, X, Y, Z, new, time_range=[3, 6])
    np.testing.assert_array_equal(remote.get_cutout(channel, 0, X, Y, Z, time_range=[3, 6]), new)
    np.testing.assert_array_equal(remote.get_cutout(channel, 0, X, Y, Z, time_range=[5, 6]), new[2:])
    np.testing.assert_array_equal(remote.get_cutout(channel, 0, X, Y, Z), new[1])
    assert remote.get_cutout(channel, 0, X, Y, Z, time_range=[0, 3]).max() == 0
    remote.create_cutout_to_black(channel, 0, X, Y, Z, time_range=[4, 5])
    assert remote.get_cutout(channel, 0, X, Y, Z).max() == 0


def test_a_cutout_can_show_some_labels_only(remote: BossRemote, collection: str) -> None:
    channel = new_channel(remote, new_experiment(remote, collection), "uint64")
    labels = np.random.default_rng(3).choice(np.array([1, 7, 2**40, 2**64 - 1], np.uint64), BOX_SHAPE)
    remote.create_cutout(channel, 0, X, Y, Z, labels)
    shown = remote.get_cutout(channel, 0, X, Y, Z, id_list=[7, 2**64 - 1, 99])
    np.testing.assert_array_equal(shown, np.where(np.isin(labels, [7, 2**64 - 1]), labels, 0))


def test_what_is_refused_changes_nothing(remote: BossRemote, collection: str) -> None:
    channel, new = new_channel(remote, new_experiment(remote, collection)), voxels("uint8")
    remote.create_cutout(channel, 0, X, Y, Z, new)
    refused: list[tuple[int, list[int], NDArray[Any], str]] = [
        (0, [280, 303], new + 1, "1001"),
        (0, X, (new + 1).astype(np.uint16), "2002"),
        (0, X, new[:, :, 1:], "2002"),
        (5, X, new + 1, "1002"),
    ]
    for resolution, x, wrong, code in refused:
        with pytest.raises(HTTPError, match=code):
            remote.create_cutout(channel, resolution, x, Y, Z, wrong)
    with pytest.raises(HTTPError, match="1001"):
        remote.get_cutout(channel, 0, [280, 303], Y, Z)
    np.testing.assert_array_equal(remote.get_cutout(channel, 0, X, Y, Z), new)


# BossRemote: about what there is


def test_metadata_is_kept_with_each_resource(remote: BossRemote, collection: str) -> None:
    experiment = new_experiment(remote, collection)
    for resource in (CollectionResource(collection), experiment, new_channel(remote, experiment)):
        remote.create_metadata(resource, {"instrument": "FIB-SEM", "μ": "größer als 1 %"})
        assert remote.list_metadata(resource) == ["instrument", "μ"]
        assert remote.get_metadata(resource, ["μ"]) == {"μ": "größer als 1 %"}
        remote.update_metadata(resource, {"instrument": "ssTEM"})
        assert remote.get_metadata(resource, ["instrument"]) == {"instrument": "ssTEM"}
        with pytest.raises(HTTPErrorList):
            remote.create_metadata(resource, {"μ": "again"})
        remote.delete_metadata(resource, ["μ"])
        assert remote.list_metadata(resource) == ["instrument"]


def test_labels_are_reserved_listed_and_located(remote: BossRemote, collection: str) -> None:
    channel = new_channel(remote, new_experiment(remote, collection), "uint64")
    first = remote.reserve_ids(channel, 10)
    assert remote.reserve_ids(channel, 1) == first + 10
    labels = np.zeros(BOX_SHAPE, np.uint64)
    labels[2:5, 100:251, 3:11] = first
    labels[0, 0, 0] = 2**63 + 1
    remote.create_cutout(channel, 0, X, Y, Z, labels)
    assert remote.get_ids_in_region(channel, 0, X, Y, Z) == [first, 2**63 + 1]
    assert remote.get_ids_in_region(channel, 0, [251, 273], Y, Z) == [first]
    tight = remote.get_bounding_box(channel, 0, first, "tight")
    assert (tight["x_range"], tight["y_range"], tight["z_range"]) == ([253, 261], [107, 258], [5, 8])


# Who may do what


def test_a_public_channel_is_read_by_everybody_and_written_by_nobody_else(
    accounts: Callable[..., Account], remote: BossRemote, collection: str
) -> None:
    public, new = accounts().remote, voxels("uint8")
    experiment = new_experiment(remote, collection)
    channel, secret = (new_channel(remote, experiment, name=name) for name in ("open", "secret"))
    for one in (channel, secret):
        remote.create_cutout(one, 0, X, Y, Z, new)
    remote.set_project_public_visibility(channel, True)
    np.testing.assert_array_equal(public.get_cutout(channel, 0, X, Y, Z), new)
    with pytest.raises(HTTPError, match="3001"):
        public.get_cutout(secret, 0, X, Y, Z)
    with pytest.raises(HTTPError, match="3001"):
        public.create_cutout(channel, 0, X, Y, Z, new + 1)
    with pytest.raises(HTTPError, match="3000"):
        public.create_project(CollectionResource(f"{collection}-mine"))
    np.testing.assert_array_equal(remote.get_cutout(channel, 0, X, Y, Z), new)


def test_a_group_is_let_in_and_out(accounts: Callable[..., Account], remote: BossRemote, collection: str) -> None:
    colleague, new = accounts(f"colleague-{collection}").remote, voxels("uint8")
    channel = new_channel(remote, new_experiment(remote, collection))
    remote.create_cutout(channel, 0, X, Y, Z, new)
    remote.create_group(f"lab-{collection}")
    remote.add_group_member(f"lab-{collection}", f"colleague-{collection}")
    with pytest.raises(HTTPError, match="3001"):
        colleague.get_cutout(channel, 0, X, Y, Z)
    remote.add_permissions(f"lab-{collection}", channel, ["read", "read_volumetric_data"])
    np.testing.assert_array_equal(colleague.get_cutout(channel, 0, X, Y, Z), new)
    with pytest.raises(HTTPError, match="3001"):
        colleague.create_cutout(channel, 0, X, Y, Z, new)
    remote.delete_permissions(f"lab-{collection}", channel)
    with pytest.raises(HTTPError, match="3001"):
        colleague.get_cutout(channel, 0, X, Y, Z)


def test_a_token_that_nobody_holds_is_refused(accounts: Callable[..., Account]) -> None:
    wrong = Account(accounts().server, "0" * 40)
    with pytest.raises(HTTPError, match="401"):
        wrong.remote.list_collections()


# Programs that start processes of their own


@pytest.mark.parametrize("program", ["large_cutouts.py", "slices.py"])
def test_a_program_that_uses_intern_ends_well(
    program: str, scientist: Account, collection: str, tmp_path: Path
) -> None:
    done = scientist.run(Path(__file__).parent / "programs" / program, collection, home=tmp_path)
    assert done.returncode == 0, done.stderr
