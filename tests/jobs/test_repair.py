"""A catalog that is lost comes back from the files: every field that clients see, and every voxel."""

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bosslet import config
from bosslet.app import create_app
from bosslet.catalog.description import Description
from bosslet.catalog.records import ADMINISTRATOR, Channel, DownsampleStatus
from bosslet.cli import main
from bosslet.datastore import Datastore
from bosslet.errors import UnreadableBlock
from bosslet.geometry import Box
from bosslet.jobs.repair import Repairs, repair
from bosslet.jobs.verify import verify
from tests.jobs.conftest import SAMPLES, MakeChannel, fill

SPACE = Box((0, 0, 0), (13, 29, 34))


@pytest.fixture
def channels(datastore: Datastore, make_channel: MakeChannel) -> list[Channel]:
    """Of two experiments: all that can be said of them, links, a rename, and a mark."""
    resources, user = datastore.catalog.resources, datastore.catalog.users.get(ADMINISTRATOR)
    plain = make_channel("zebra", dtype="uint16", hierarchy_method="isotropic")
    first = make_channel("em", labels=True, dtype="uint64", time_step=3, time_step_unit="milliseconds")
    experiment = first.experiment
    said: dict[str, Any] = {"description": 'µ "x"\n', "public": True, "default_time_sample": 1}
    kept = {"storage_type": "spdb", "bucket": "b", "cv_path": "/a/b"}
    second = datastore.create_channel(
        experiment, "b", user, type="image", datatype="float32", sources=["ch"], **said, **kept
    )
    third = datastore.create_channel(experiment, "a", user, type="image", datatype="uint8", related=["ch", "b"])
    far = datastore.create_channel(experiment, "far", user, type="image", datatype="uint8", base_resolution=12)
    gone = datastore.create_channel(experiment, "gone", user, type="image", datatype="uint8")
    resources.delete_channel(gone)
    datastore.describe(gone)
    renamed = resources.update_channel(third, name="renamed", description="new")
    datastore.describe(renamed)
    datastore.describe(resources.update_collection("zebra", public=True, description="stripes"))
    for channel in (plain, first):
        fill(datastore, channel, SPACE, seed=channel.id)
    return [plain, first, second, renamed, far, gone]


def lose_catalog(datastore: Datastore) -> Datastore:
    datastore.close()
    for file in datastore.uploads.glob("bosslet.db*"):
        file.unlink()
    later = Datastore.open(datastore.uploads)
    later.prepare()
    return later


def facts(datastore: Datastore) -> list[dict[str, Any]]:
    """All that the catalog says of channels, but for ids."""
    return [without_ids(dataclasses.asdict(each)) for each in datastore.catalog.resources.all_channels()]


def without_ids(record: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in record.items() if key != "id"}
    return {key: without_ids(value) if isinstance(value, dict) else value for key, value in kept.items()}


def voxels(datastore: Datastore) -> list[NDArray[Any]]:
    every = datastore.catalog.resources.all_channels()
    return [datastore.image(channel).level(0).read(range(SAMPLES), SPACE) for channel in every]


def files(uploads: Path) -> dict[str, bytes]:
    paths = (path for path in uploads.glob("[!.]*/**/*") if path.is_file())
    return {str(path): path.read_bytes() for path in paths}


def answers(uploads: Path) -> list[object]:
    """What clients see of it."""
    client = create_app(settings=config.load(uploads_path=uploads)).test_client()
    urls = ["collection/", "coord/", "collection/em/", "collection/em/experiment/", "coord/em/", "coord/zebra/"]
    urls += ["collection/em/experiment/exp/", "collection/em/experiment/exp/channel/", "collection/zebra/"]
    urls += [f"collection/em/experiment/exp/channel/{name}/" for name in ("ch", "b", "renamed", "gone", "a", "far")]
    urls += ["collection/zebra/experiment/exp/channel/ch/", "downsample/em/exp/ch/"]
    return [(url, (answer := client.get(f"/v1/{url}")).status_code, answer.get_json()) for url in urls]


def test_everything_that_clients_see_comes_back(datastore: Datastore, channels: list[Channel]) -> None:
    assert repair(datastore) == Repairs()
    before = facts(datastore), answers(datastore.uploads)
    read, stored = voxels(datastore), files(datastore.uploads)
    later = lose_catalog(datastore)
    assert later.catalog.resources.all_channels() == []
    repairs = repair(later)
    assert (facts(later), answers(later.uploads)) == before
    assert all(np.array_equal(a, b) for a, b in zip(read, voxels(later), strict=True))
    assert (len(repairs.restored), repairs.described, repairs.left) == (len(channels), [], {})
    assert files(datastore.uploads) == stored
    assert repair(later) == Repairs()
    assert verify(later).ok


def test_labels_that_were_reserved_are_given_to_nobody_else(datastore: Datastore, channels: list[Channel]) -> None:
    labels = channels[1]
    for count in (1, 10, 700, 3):
        given = datastore.reserve_ids(labels, count) + count
    later = lose_catalog(datastore)
    repair(later)
    again = later.catalog.resources.channel("em", "exp", "ch")
    assert given <= later.reserve_ids(again, 5) < 2 * given


def test_a_pyramid_is_there_but_not_believed_to_be_up_to_date(datastore: Datastore, make_channel: MakeChannel) -> None:
    channel = make_channel()
    level = datastore.image(channel).create_level(1)
    datastore.catalog.resources.set_downsample_status(channel.id, DownsampleStatus.DOWNSAMPLED)
    later = lose_catalog(datastore)
    repair(later)
    (found,) = later.catalog.resources.all_channels()
    assert found.downsample_status is DownsampleStatus.NOT_DOWNSAMPLED
    assert later.image(found).levels() == [0, 1]
    assert level.exists


def test_what_the_catalog_knows_stays_and_only_the_rest_comes_back(
    datastore: Datastore, channels: list[Channel]
) -> None:
    before = facts(datastore)
    datastore.catalog.resources.forget_channel(channels[0])
    repairs = repair(datastore)
    assert repairs.restored == ["zebra/exp/ch"]
    assert sorted(map(str, facts(datastore))) == sorted(map(str, before))


def test_a_description_that_is_gone_or_of_before_is_written_anew(datastore: Datastore, channels: list[Channel]) -> None:
    documents = [datastore.uploads / channel.path / "zarr.json" for channel in channels[:3]]
    whole = [document.read_bytes() for document in documents]
    documents[0].unlink()
    documents[1].write_bytes(whole[1].replace(b'"exp"', b'"old"'))
    documents[2].write_bytes(b"{")
    repairs = repair(datastore)
    assert repairs.described == [str(channel) for channel in channels[:3]]
    assert [document.read_bytes() for document in documents] == whole
    assert repair(datastore) == Repairs()


def changed(**values: object) -> Any:
    def change(document: Path) -> None:
        content = json.loads(document.read_text())
        for place, value in values.items():
            part, _, key = place.partition("__")
            content["attributes"]["bosslet"][part][key] = value
        document.write_text(json.dumps(content))

    return change


LEFT = {
    "not JSON": lambda document: document.write_bytes(b"\xff{"),
    "no description": lambda document: document.unlink(),
    "another program's": lambda document: document.write_text('{"attributes": {"ome": {}}}'),
    "a field of another type": changed(channel__datatype=8),
    "a name that is none": changed(channel__name="../x"),
    "a name that is taken": changed(channel__name="b"),
    "a frame of another size": changed(coordinate_frame__stop=[1, 2, 3]),
    "an experiment of another kind": changed(experiment__hierarchy_method="isotropic"),
    "a number that no column holds": changed(channel__base_resolution=2**70),
}


@pytest.mark.parametrize("damage", LEFT.values(), ids=LEFT.keys())
def test_what_cannot_be_told_is_left_and_said(datastore: Datastore, channels: list[Channel], damage: Any) -> None:
    document = datastore.uploads / "em/exp/a/zarr.json"
    damage(document)
    later = lose_catalog(datastore)
    stored = files(datastore.uploads)
    repairs = repair(later)
    assert (set(repairs.left), len(repairs.restored)) == ({"em/exp/a"}, len(channels) - 1)
    assert files(datastore.uploads) == stored
    assert repair(later).left == repairs.left


@given(st.binary(max_size=64) | st.recursive(st.none() | st.text(), st.lists).map(lambda x: json.dumps(x).encode()))
def test_no_document_does_more_than_be_refused(content: bytes) -> None:
    with pytest.raises(UnreadableBlock):
        Description.in_document(content)


def test_the_command_says_what_it_did_and_what_is_lost(datastore: Datastore, channels: list[Channel]) -> None:
    lose_catalog(datastore).close()
    run = CliRunner()
    done = run.invoke(main, ["repair", str(datastore.uploads)])
    assert done.exit_code == 0, done.output
    assert "brought back: em/exp/renamed\n" in done.output
    assert "tokens" in done.output
    assert run.invoke(main, ["repair", str(datastore.uploads)]).output.startswith("0 channels brought back, 0 ")
    shutil.copytree(datastore.uploads / "em/exp/ch/0", datastore.uploads / "em/exp/found/0")
    done = run.invoke(main, ["repair", str(datastore.uploads)])
    assert done.exit_code == 1
    assert "left as it is: em/exp/found: " in done.output
