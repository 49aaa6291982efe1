"""Frames, collections, experiments and channels: made, found, changed and marked."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bosslet.catalog.catalog import Catalog
from bosslet.catalog.records import (
    Channel,
    Collection,
    DownsampleStatus,
    Experiment,
    Frame,
    Kind,
    Permission,
    User,
)
from bosslet.errors import InUse, InvalidField, InvalidName, InvalidNumber, NameTaken, NotFound

same_catalog = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def everything(catalog: Catalog) -> list[tuple[Any, ...]]:
    """All rows of all tables."""
    with catalog._database.read() as connection:
        dump = connection.connection.driver_connection.iterdump()  # type: ignore[union-attr]
        return list(dump)


def test_a_frame_comes_back_as_it_was_made(catalog: Catalog, frame: Frame) -> None:
    assert catalog.resources.frame("frame") == frame
    assert (frame.start, frame.stop, frame.voxel_size) == ((1, 2, 3), (40, 50, 60), (35.0, 4.5, 4.0))
    assert (frame.voxel_unit, frame.description, frame.creator, frame.marked) == ("nanometers", "", "ann", False)


def test_an_experiment_has_bossdbs_defaults(experiment: Experiment, collection: Collection, frame: Frame) -> None:
    assert (experiment.collection, experiment.frame, experiment.creator) == (collection, frame, "ann")
    assert (experiment.num_hierarchy_levels, experiment.hierarchy_method) == (1, "anisotropic")
    assert (experiment.num_time_samples, experiment.time_step, experiment.time_step_unit) == (1, None, None)
    assert (experiment.public, experiment.description) == (False, "")


def test_a_channel_has_bossdbs_defaults_and_all_that_is_above_it(channel: Channel, experiment: Experiment) -> None:
    assert channel.experiment == experiment
    assert (channel.block_shape, channel.chunk_shape, channel.path) == ((32, 64, 128), (8, 16, 32), "col/exp/ch")
    assert (channel.type, channel.datatype, channel.default_time_sample) == ("annotation", "uint64", 0)
    assert (channel.base_resolution, channel.downsample_status) == (0, DownsampleStatus.NOT_DOWNSAMPLED)
    assert (channel.storage_type, channel.bucket, channel.cv_path) == ("spdb", None, None)
    assert (channel.sources, channel.related) == ((), ())


def test_everything_that_can_be_said_of_a_channel_is_kept(catalog: Catalog, make_channel: Any) -> None:
    fields: dict[str, Any] = {
        "type": "image",
        "datatype": "uint16",
        "description": "größer",
        "public": True,
        "default_time_sample": 3,
        "base_resolution": 2,
        "downsample_status": DownsampleStatus.DOWNSAMPLED,
        "storage_type": "cloudvol",
        "bucket": "b",
        "cv_path": "/col/exp/ch",
        "path": "elsewhere/it/is",
    }
    channel = make_channel("ch", **fields)
    assert catalog.resources.channel("col", "exp", "ch") == channel
    assert {name: getattr(channel, name) for name in fields} == fields


def test_every_experiment_field_is_kept_and_can_change(
    catalog: Catalog, ann: User, collection: Collection, frame: Frame
) -> None:
    fields: dict[str, Any] = {
        "description": "d",
        "public": True,
        "num_hierarchy_levels": 7,
        "hierarchy_method": "isotropic",
        "num_time_samples": 10,
        "time_step": 5,
        "time_step_unit": "seconds",
    }
    experiment = catalog.resources.create_experiment(collection, "e", ann, frame=frame, **fields)
    assert {name: getattr(experiment, name) for name in fields} == fields
    changed = catalog.resources.update_experiment(experiment, time_step=None, num_time_samples=-3, name="f")
    assert (changed.time_step, changed.num_time_samples, changed.name) == (None, -3, "f")
    assert catalog.resources.experiment("col", "f") == changed
    assert catalog.resources.update_experiment(changed) == changed


@pytest.mark.parametrize(
    ("path", "missing"),
    [
        (("no",), "coordinate frame no"),
        (("col", "no"), "experiment col/no"),
        (("no", "exp", "ch"), "collection no"),
        (("col", "no", "ch"), "experiment col/no"),
        (("col", "exp", "no"), "channel col/exp/no"),
        (("COL", "exp", "ch"), "collection COL"),
        (("col", "exp", "Ch"), "channel col/exp/Ch"),
    ],
)
def test_the_level_that_is_missing_is_named(
    catalog: Catalog, channel: Channel, path: tuple[str, ...], missing: str
) -> None:
    find: Any = (catalog.resources.frame, catalog.resources.experiment, catalog.resources.channel)[len(path) - 1]
    with pytest.raises(NotFound, match=f"^{missing}$"):
        find(*path)


def test_what_was_looked_up_and_is_gone_is_not_found(catalog: Catalog, channel: Channel) -> None:
    resources = catalog.resources
    resources.forget_channel(channel)
    resources.forget_channel(channel)
    with pytest.raises(NotFound, match="channel with id"):
        resources.update_channel(channel, description="d")
    with pytest.raises(NotFound, match="channel with id"):
        resources.reserve_ids(channel.id, 1)
    assert resources.channels_in(channel) == []
    assert catalog.groups.resources("ann-primary")[-1].channel is None


@same_catalog
@given(st.one_of(st.text(max_size=300), st.from_regex(r"[A-Za-z0-9_-]{1,300}", fullmatch=True)))
def test_a_name_is_ascii_letters_digits_underscores_and_hyphens(catalog: Catalog, ann: User, name: str) -> None:
    if re.fullmatch("[A-Za-z0-9_-]{1,255}", name):
        created = catalog.resources.create_collection(name, ann)
        assert catalog.resources.collection(name) == created
        catalog.resources.update_collection(name, name=f"used{created.id}")
    else:
        with pytest.raises(InvalidName):
            catalog.resources.create_collection(name, ann)
        with pytest.raises(NotFound):
            # A lone surrogate cannot even be looked for.
            catalog.resources.collection(name.encode(errors="replace").decode())


def test_a_name_is_taken_once_per_parent_even_by_what_is_marked(
    catalog: Catalog, ann: User, channel: Channel, make_channel: Any
) -> None:
    resources = catalog.resources
    other = resources.create_collection("other", ann)
    resources.create_experiment(other, "exp", ann, frame=channel.experiment.frame)
    resources.delete_channel(channel)
    before = everything(catalog)
    with pytest.raises(NameTaken, match="channel ch"):
        make_channel("ch", path="some/other/path")
    with pytest.raises(NameTaken, match="collection other"):
        resources.update_collection("col", name="other", description="not kept")
    with pytest.raises(NameTaken, match="coordinate frame frame"):
        resources.create_frame("frame", ann, start=(0, 0, 0), stop=(1, 1, 1), voxel_size=(1, 1, 1), voxel_unit="m")
    with pytest.raises(InvalidName):
        resources.update_frame("frame", name="a b")
    assert everything(catalog) == before


def test_a_rename_frees_the_name_and_keeps_all_else(catalog: Catalog, channel: Channel, make_channel: Any) -> None:
    resources = catalog.resources
    first = resources.reserve_ids(channel.id, 10)
    catalog.metadata.create(channel, "k", "v")
    renamed = resources.update_channel(channel, name="new")
    assert (renamed.id, renamed.path, renamed.name) == (channel.id, "col/exp/ch", "new")
    assert resources.channel("col", "exp", "new") == renamed
    assert resources.reserve_ids(renamed.id, 1) == first + 10
    assert catalog.metadata.get(renamed, "k") == "v"
    again = make_channel("ch")
    assert again.path == "col/exp/ch.2"
    assert resources.update_collection("col", name="roc").name == "roc"
    assert resources.channel("roc", "exp", "new").path == "col/exp/ch"
    with pytest.raises(NotFound, match="collection col"):
        resources.channel("col", "exp", "new")
    frame = resources.update_frame("frame", name="moved", description="d")
    assert (frame.name, frame.description) == ("moved", "d")
    assert resources.experiment("roc", "exp").frame == frame


def test_a_path_is_free_if_neither_the_catalog_nor_the_caller_knows_it(
    catalog: Catalog, channel: Channel, make_channel: Any
) -> None:
    experiment = channel.experiment
    free = catalog.resources.unused_path
    assert free(experiment, "ch") == "col/exp/ch.2"
    # The same folder on a file system that ignores case.
    assert free(experiment, "CH") == "col/exp/CH.2"
    assert free(experiment, "em") == "col/exp/em"
    assert free(experiment, "em", {"col/exp/em", "col/exp/em.2"}.__contains__) == "col/exp/em.3"
    long = "x" * 255
    make_channel(long)
    assert free(experiment, long) == f"col/exp/{'x' * 253}.2"


def test_what_others_stand_on_cannot_be_deleted(catalog: Catalog, channel: Channel, make_channel: Any) -> None:
    resources = catalog.resources
    child = make_channel("child", sources=["ch"])
    before = everything(catalog)
    with pytest.raises(InUse, match="channel child"):
        resources.delete_channel(channel)
    with pytest.raises(InUse, match="experiment col/exp is used by 2"):
        resources.delete_experiment(channel.experiment)
    with pytest.raises(InUse, match="experiment exp"):
        resources.delete_collection("col")
    with pytest.raises(InUse, match="experiment exp"):
        resources.delete_frame("frame")
    assert everything(catalog) == before
    resources.delete_channel(child)
    resources.delete_channel(channel)
    resources.delete_experiment(channel.experiment)
    resources.delete_collection("col")
    resources.delete_frame("frame")


def test_what_is_marked_is_found_and_hidden_and_can_be_marked_again(
    catalog: Catalog, ann: User, channel: Channel
) -> None:
    resources = catalog.resources
    resources.delete_channel(channel)
    resources.delete_channel(channel)
    found = resources.channel("col", "exp", "ch")
    assert found.marked
    assert found.marked_ancestor == found
    assert resources.channel_names(channel.experiment) == []
    assert resources.update_channel(found, description="still").marked
    resources.delete_experiment(channel.experiment)
    resources.delete_collection("col")
    assert resources.collection_names(ann) == []
    resources.delete_frame("frame")
    assert resources.frame_names() == []
    assert resources.frame("frame").marked
    assert [each.id for each in resources.channels_in(channel)] == [channel.id]


def test_channels_are_found_from_everything_above_them(
    catalog: Catalog, ann: User, channel: Channel, make_channel: Any
) -> None:
    resources = catalog.resources
    both = [channel, make_channel("b")]
    other = resources.create_collection("other", ann)
    resources.create_experiment(other, "exp", ann, frame=channel.experiment.frame)
    for resource in (channel.experiment, channel.experiment.collection, channel.experiment.frame):
        assert resources.channels_in(resource) == both
    assert resources.channels_in(channel) == [channel]
    assert resources.channels_in(other) == []


def test_the_creator_and_the_administrators_hold_everything_on_what_was_made(catalog: Catalog, ann: User) -> None:
    catalog.resources.create_collection("mine", ann)
    resource = catalog.resources.collection("mine")
    assert catalog.permissions_of(ann, resource) == set(Permission) - {p for p in Permission if "volumetric" in p}
    held = catalog.permissions.sets(ann, resource=resource)
    assert [each.group for each in held] == ["ann-primary"]
    assert [each.group for each in catalog.permissions.sets(catalog.users.get("bossadmin"), resource=resource)] == [
        "admin"
    ]
    assert resource.kind is Kind.COLLECTION


def test_a_refused_resource_leaves_no_permission_behind(catalog: Catalog, ann: User, collection: Collection) -> None:
    before = everything(catalog)
    with pytest.raises(NameTaken):
        catalog.resources.create_collection("col", ann)
    assert everything(catalog) == before


@same_catalog
@given(counts=st.lists(st.integers(0, 1000), min_size=1, max_size=8))
def test_reserved_ids_never_overlap(catalog: Catalog, channel: Channel, counts: list[int]) -> None:
    start = catalog.resources.reserve_ids(channel.id, 0)
    firsts = [catalog.resources.reserve_ids(channel.id, count) for count in counts]
    assert firsts == [start + sum(counts[:i]) for i in range(len(counts))]


def test_ids_start_at_one_and_run_out(catalog: Catalog, channel: Channel) -> None:
    reserve = catalog.resources.reserve_ids
    assert reserve(channel.id, 0) == 1
    for impossible in (2**63 - 1, 10**400, -1):
        with pytest.raises(InvalidNumber):
            reserve(channel.id, impossible)
    assert reserve(channel.id, 2**63 - 3) == 1
    assert reserve(channel.id, 1) == 2**63 - 2
    with pytest.raises(InvalidNumber):
        reserve(channel.id, 1)


def test_the_downsample_status_changes_only_from_what_is_expected(catalog: Catalog, channel: Channel) -> None:
    change = catalog.resources.set_downsample_status
    status = DownsampleStatus
    assert not change(channel.id, status.NOT_DOWNSAMPLED, expected=[status.DOWNSAMPLED])
    assert change(channel.id, status.QUEUED, expected=[status.NOT_DOWNSAMPLED, status.FAILED])
    assert not change(channel.id, status.QUEUED, expected={status.NOT_DOWNSAMPLED})
    assert change(channel.id, status.DOWNSAMPLED)
    assert catalog.resources.channel("col", "exp", "ch").downsample_status is status.DOWNSAMPLED
    assert not change(10**6, status.QUEUED)


def test_an_unexpected_status_costs_no_lock(catalog: Catalog, channel: Channel, monkeypatch: Any) -> None:
    monkeypatch.setattr(catalog._database, "write", None)
    status = DownsampleStatus
    catalog.resources.set_downsample_status(channel.id, status.NOT_DOWNSAMPLED, expected=[status.DOWNSAMPLED])


def test_a_default_outside_what_a_column_holds_is_invalid(catalog: Catalog, make_channel: Any) -> None:
    before = everything(catalog)
    with pytest.raises(InvalidField):
        make_channel("ch", base_resolution=2**63)
    assert everything(catalog) == before
