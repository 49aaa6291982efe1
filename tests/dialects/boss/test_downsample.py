"""Section 8 of bossDB's API: the table of levels, the states, who may do what, and the work behind it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from bosslet.catalog.downsampling import Place, Progress
from bosslet.catalog.records import Channel, DownsampleStatus, Permission, Role
from bosslet.datastore import Datastore
from bosslet.dialects.boss import downsample
from bosslet.errors import StorageFull
from bosslet.geometry import Box
from bosslet.jobs.queue import stop_runner
from bosslet.volume.volume import Volume
from tests.dialects.boss.client import Boss, assert_error
from tests.jobs import reference

URL = "downsample/col/exp/em"
TISSUE = {"x_stop": 2000, "y_stop": 5000, "z_stop": 200}


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Datastore]:
    """No work is done; how often it was to be seen to is the length of this list."""
    calls: list[Datastore] = []
    monkeypatch.setattr(downsample, "ensure_runner", calls.append)
    return calls


@pytest.fixture
def runner(datastore: Datastore) -> Iterator[None]:
    """Whatever runs in the background has ended when the test has."""
    yield
    stop_runner(datastore.uploads)


def record(datastore: Datastore, name: str = "em") -> Channel:
    return datastore.catalog.resources.channel("col", "exp", name)


def set_status(datastore: Datastore, status: str, name: str = "em") -> None:
    datastore.catalog.resources.set_downsample_status(record(datastore, name).id, DownsampleStatus(status))


def wait_for(boss: Boss, *statuses: str, url: str = URL) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while (answer := boss.get(url).get_json())["status"] not in statuses:
        assert time.monotonic() < deadline, answer
        time.sleep(0.05)
    content: dict[str, Any] = answer
    return content


def test_the_table_of_a_new_channel(boss: Boss) -> None:
    boss.make_channel()
    for url in (URL, f"{URL}/", "/latest/downsample/col/exp/em"):
        assert boss.get(url).get_json() == {
            "status": "NOT_DOWNSAMPLED",
            "num_hierarchy_levels": 4,
            "voxel_size": {
                "0": [4.0, 4.0, 35.0],
                "1": [8.0, 8.0, 35.0],
                "2": [16.0, 16.0, 35.0],
                "3": [32.0, 32.0, 35.0],
            },
            "extent": {"0": [300, 200, 100], "1": [150, 100, 100], "2": [75, 50, 100], "3": [38, 25, 100]},
            "cuboid_size": {level: [512, 512, 16] for level in "0123"},
        }
    assert isinstance(boss.get(URL).get_json()["voxel_size"]["0"][0], float)


@pytest.mark.parametrize(
    ("method", "voxel_size", "query", "extent", "size"),
    [
        ("anisotropic", (4, 4, 35), "", [63, 157, 200], [128.0, 128.0, 35.0]),
        ("anisotropic", (4, 4, 35), "?iso=true", [63, 157, 50], [128.0, 128.0, 140.0]),
        ("isotropic", (6, 6, 6), "", [63, 157, 7], [192.0, 192.0, 192.0]),
        ("isotropic", (6, 6, 6), "?iso=True", [63, 157, 7], [192.0, 192.0, 192.0]),
    ],
)
def test_worked_figures(
    boss: Boss, method: str, voxel_size: tuple[int, int, int], query: str, extent: list[int], size: list[float]
) -> None:
    sizes = dict(zip(("x_voxel_size", "y_voxel_size", "z_voxel_size"), voxel_size, strict=True))
    boss.make_experiment(hierarchy_method=method, num_hierarchy_levels=8, **TISSUE, **sizes)
    boss.make_channel()
    answer = boss.get(f"{URL}{query}").get_json()
    assert (answer["extent"]["5"], answer["voxel_size"]["5"]) == (extent, size)
    assert answer["extent"]["0"] == [2000, 5000, 200]


def test_extent_is_where_the_frame_stops_and_levels_count_from_0(boss: Boss) -> None:
    boss.make_experiment(x_start=100, y_start=50, z_start=10)
    boss.make_channel(base_resolution=2)
    answer = boss.get(URL).get_json()
    assert answer["extent"]["0"] == [300, 200, 100]
    assert list(answer["extent"]) == ["0", "1", "2", "3"]


def test_a_table_has_thirteen_levels_at_most(boss: Boss) -> None:
    boss.make_experiment(num_hierarchy_levels=2**31 - 1)
    boss.make_channel()
    answer = boss.get(URL).get_json()
    assert answer["num_hierarchy_levels"] == 2**31 - 1
    assert [list(answer[key]) for key in ("voxel_size", "extent", "cuboid_size")] == [[str(n) for n in range(13)]] * 3


def test_voxels_that_are_not_square_are_refused_unless_isotropic(boss: Boss, started: list[Datastore]) -> None:
    boss.make_experiment(x_voxel_size=5)
    boss.make_channel()
    assert_error(boss.get(URL), 400, 9001)
    assert_error(boss.post(URL), 400, 9001)
    assert started == []


def test_an_isotropic_experiment_may_have_any_voxels(boss: Boss) -> None:
    boss.make_experiment(x_voxel_size=5, hierarchy_method="isotropic")
    boss.make_channel()
    assert boss.get(URL).status_code == 200


def test_asking_queues_once_and_giving_up_unqueues(boss: Boss, datastore: Datastore, started: list[Datastore]) -> None:
    boss.make_channel()
    answer = boss.post(URL)
    assert (answer.status_code, answer.data, len(started)) == (201, b"", 1)
    assert boss.get(URL).get_json()["status"] == "QUEUED"
    assert_error(boss.post(URL), 409, 2006)
    set_status(datastore, "IN_PROGRESS")
    assert_error(boss.post(URL), 409, 2006)
    answer = boss.delete(URL)
    assert (answer.status_code, answer.data) == (204, b"")
    assert boss.get(URL).get_json()["status"] == "NOT_DOWNSAMPLED"
    assert_error(boss.delete(URL), 409, 2006)
    assert datastore.catalog.downsampling.waiting() == []


@pytest.mark.parametrize(
    ("status", "post", "delete"),
    [("NOT_DOWNSAMPLED", 201, 409), ("FAILED", 201, 409), ("DOWNSAMPLED", 409, 409), ("QUEUED", 409, 204)],
)
def test_what_each_state_allows(
    as_user: Any, datastore: Datastore, started: list[Datastore], status: str, post: int, delete: int
) -> None:
    user = as_user("ann", Role.RESOURCE_MANAGER)
    user.make_experiment()
    for name in ("one", "two"):
        user.make_channel(name)
        set_status(datastore, status, name)
    assert user.post("downsample/col/exp/one").status_code == post
    assert user.delete("downsample/col/exp/two").status_code == delete


def test_an_administrator_may_downsample_again(boss: Boss, datastore: Datastore, started: list[Datastore]) -> None:
    boss.make_channel()
    set_status(datastore, "DOWNSAMPLED")
    assert boss.post(URL).status_code == 201


def test_a_huge_frame_takes_an_administrator(as_user: Any, started: list[Datastore]) -> None:
    user = as_user("ann", Role.RESOURCE_MANAGER)
    user.make_experiment(x_stop=200 * 512, y_stop=200 * 512, z_stop=200 * 16)
    user.make_channel()
    assert user.post(URL).status_code == 201
    user.make_experiment("large", x_stop=200 * 512 + 1, y_stop=200 * 512, z_stop=200 * 16)
    user.post("collection/large/experiment/exp/channel/em", {"type": "image", "datatype": "uint8"})
    assert_error(user.post("downsample/large/exp/em"), 409, 2006)
    assert as_user("bossadmin").post("downsample/large/exp/em").status_code == 201


def test_a_frame_that_ends_before_it_starts_has_no_voxel_to_downsample(as_user: Any, started: list[Datastore]) -> None:
    user = as_user("ann", Role.RESOURCE_MANAGER)
    user.make_experiment(x_stop=-20, y_start=300)
    user.make_channel()
    assert user.get(URL).get_json()["extent"]["1"] == [-10, 100, 100]
    assert user.post(URL).status_code == 201


def test_only_an_administrator_can_restrict_the_region(
    as_user: Any, datastore: Datastore, started: list[Datastore]
) -> None:
    user, admin = as_user("ann", Role.RESOURCE_MANAGER), as_user("bossadmin")
    user.make_channel()

    def region() -> Box | None:
        job = datastore.catalog.downsampling.job(record(datastore).id)
        assert job is not None
        datastore.catalog.downsampling.cancel(record(datastore))
        return job.region

    assert user.post(URL, {"x_start": 10}).status_code == 201
    assert region() is None
    assert admin.post(URL, {}).status_code == 201
    assert region() is None
    assert admin.post(URL, {"x_start": 10, "y_stop": "20", "else": 1}).status_code == 201
    assert region() == Box((0, 0, 10), (100, 20, 300))
    assert_error(admin.post(URL, {"x_start": "ten"}), 400, 1003)
    for wrong in ({"x_start": 300}, {"z_stop": 101}, {"y_start": -1}):
        assert_error(admin.post(URL, wrong), 400, 1001)
    assert admin.get(URL).get_json()["status"] == "NOT_DOWNSAMPLED"


def test_a_lost_race_is_told_as_one(
    boss: Boss, datastore: Datastore, started: list[Datastore], monkeypatch: pytest.MonkeyPatch
) -> None:
    boss.make_channel()
    request = datastore.catalog.downsampling.request

    def somebody_was_quicker(channel: Channel, region: Box | None) -> None:
        request(channel)
        request(channel, region)

    monkeypatch.setattr(datastore.catalog.downsampling, "request", somebody_was_quicker)
    assert_error(boss.post(URL), 400, 1006)
    assert boss.get(URL).get_json()["status"] == "QUEUED"


def test_permissions(as_user: Any, datastore: Datastore, started: list[Datastore]) -> None:
    owner, other, nobody = as_user("ann", Role.RESOURCE_MANAGER), as_user("bob"), as_user()
    owner.make_channel()

    def grant(*permissions: Permission) -> None:
        datastore.catalog.permissions.grant("bob-primary", record(datastore), permissions)

    for call in (other.get, other.post, other.delete):
        assert_error(call(URL), 403, 3001)
    assert_error(nobody.get(URL), 403, 3001)
    assert nobody.post(URL).status_code == nobody.delete(URL).status_code == 401
    grant(Permission.READ_VOLUMETRIC_DATA)
    assert (other.get(URL).status_code, other.post(URL).status_code) == (200, 403)
    grant(Permission.ADD_VOLUMETRIC_DATA)
    assert (other.post(URL).status_code, other.delete(URL).status_code) == (201, 403)
    grant(Permission.DELETE_VOLUMETRIC_DATA)
    assert other.delete(URL).status_code == 204
    owner.put("collection/col/experiment/exp/channel/em", {"public": True})
    assert (nobody.get(URL).status_code, nobody.post(URL).status_code) == (200, 401)


def test_what_is_not_there_or_is_marked(boss: Boss, started: list[Datastore]) -> None:
    boss.make_channel()
    for call in (boss.get, boss.post, boss.delete):
        assert_error(call("downsample/col/exp/other"), 404, 4000)
    assert boss.delete("collection/col/experiment/exp/channel/em").status_code == 204
    for call in (boss.get, boss.post, boss.delete):
        assert_error(call(URL), 404, 4005)
    assert boss.get(f"{URL}/more").status_code == 404
    assert boss.put(URL).status_code == 405
    assert started == []


def test_while_there_is_work_how_far_it_is_and_after_a_failure_why(
    boss: Boss, datastore: Datastore, started: list[Datastore]
) -> None:
    boss.make_channel()
    boss.post(URL)
    jobs = datastore.catalog.downsampling
    job = jobs.begin(jobs.waiting()[0])
    jobs.advance(job, Place(0, 0, (1, 2, 3)), Progress(3, 20))
    assert boss.get(URL).get_json()["progress"] == {"done": 3, "total": 20}
    assert len(started) == 2  # asking revives what was killed
    jobs.fail(job, "no room")
    answer = boss.get(URL).get_json()
    assert (answer["status"], answer["message"]) == ("FAILED", "no room")


@pytest.mark.usefixtures("runner")
@pytest.mark.parametrize(("datatype", "labels"), [("uint8", False), ("uint64", True)])
def test_levels_are_made_in_the_background_and_read(boss: Boss, datatype: str, labels: bool) -> None:
    path = boss.make_channel(datatype=datatype)
    box = "0:101/0:67/0:35"
    voxels = np.random.default_rng(0).integers(1, 5, (35, 67, 101)).astype(datatype)
    assert boss.send(f"{path}/{box}", voxels).status_code == 201
    assert boss.post(URL).status_code == 201
    answer = wait_for(boss, "DOWNSAMPLED", "FAILED")
    assert answer["status"] == "DOWNSAMPLED"
    assert "progress" not in answer
    for level in (1, 2):
        above = np.zeros([side + side % 2 for side in voxels.shape], datatype)  # what lies beyond is zero
        above[tuple(map(slice, voxels.shape))] = voxels
        voxels = reference.reduced(above[: voxels.shape[0]], (1, 2, 2), labels=labels)
        z, y, x = voxels.shape
        read = boss.voxels(f"cutout/col/exp/em/{level}/0:{x}/0:{y}/0:{z}", voxels.shape, datatype)
        np.testing.assert_array_equal(read, voxels)
    assert boss.send(f"{path}/0:1/0:1/0:1", np.ones((1, 1, 1), datatype)).status_code == 201
    assert boss.get(URL).get_json()["status"] == "NOT_DOWNSAMPLED"


@pytest.mark.usefixtures("runner")
def test_one_runner_takes_all_that_wait(boss: Boss, datastore: Datastore) -> None:
    for name in ("one", "two", "three"):
        path = boss.make_channel(name)
        boss.send(f"{path}/0:9/0:8/0:7", np.ones((7, 8, 9), np.uint8))
        assert boss.post(f"downsample/col/exp/{name}").status_code == 201
    for name in ("three", "two", "one"):
        assert wait_for(boss, "DOWNSAMPLED", "FAILED", url=f"downsample/col/exp/{name}")["status"] == "DOWNSAMPLED"
    log = (datastore.uploads / ".jobs" / "runner.log").read_text()
    assert log.count("begins") == 3


@pytest.mark.usefixtures("runner")
def test_a_failure_in_the_background_is_told(boss: Boss, datastore: Datastore) -> None:
    path = boss.make_channel()
    boss.send(f"{path}/0:9/0:8/0:7", np.ones((7, 8, 9), np.uint8))
    (datastore.uploads / "col/exp/em/0/c/0/0/0/0").write_bytes(b"not a block")
    boss.post(URL)
    answer = wait_for(boss, "DOWNSAMPLED", "FAILED")
    assert answer["status"] == "FAILED"
    assert "col/exp/em/0" in answer["message"]
    assert_error(boss.delete(URL), 409, 2006)


@pytest.mark.parametrize("work", ["merge", "clear"])
def test_a_write_that_fails_half_way_makes_the_levels_old_as_well(
    boss: Boss, datastore: Datastore, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    path = boss.make_channel()
    set_status(datastore, "DOWNSAMPLED")

    def full(*_: object) -> None:
        raise StorageFull("no room for the second block")

    monkeypatch.setattr(Volume, work, full)
    if work == "merge":
        answer = boss.send(f"{path}/0:5/0:4/0:3", np.ones((3, 4, 5), np.uint8))
    else:
        answer = boss.put(f"{path}/0:5/0:4/0:3".replace("cutout", "cutout/to_black"))
    assert answer.status_code == 507
    assert record(datastore).downsample_status is DownsampleStatus.NOT_DOWNSAMPLED
