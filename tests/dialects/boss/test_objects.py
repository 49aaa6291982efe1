"""Reserved ids, the ids of a box, and the box of an id."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bosslet.catalog.records import Role
from bosslet.datastore import Datastore
from bosslet.dialects.boss import objects
from bosslet.volume import labels as index
from bosslet.volume.label_cache import LabelCache
from tests.dialects.boss.client import Boss, assert_error

SHAPE = (40, 100, 150)
BOX = "0:150/0:100/0:40"
WHOLE = "0:300/0:200/0:100"
LARGEST = 2**64 - 1
OWNER = Role.RESOURCE_MANAGER
DTYPES = ["uint8", "uint16", "uint32", "uint64"]


def bodies(dtype: str = "uint64") -> NDArray[Any]:
    """Two labels that lie across blocks, and the largest that there is."""
    voxels = np.zeros(SHAPE, dtype)
    voxels[3:9, 10:70, 20:30] = 7
    voxels[30:36, 60:66, 100:150] = 10
    voxels[39, 99, 149] = np.iinfo(dtype).max
    return voxels


@pytest.fixture
def labels(boss: Boss) -> str:
    """The path of a channel ``seg``, without the service."""
    boss.send(f"{boss.make_channel('seg', 'uint64')}/{BOX}/", bodies())
    return "col/exp/seg"


def ids(boss: Boss, path: str) -> list[str]:
    answer = boss.get(f"ids/{path}")
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "application/json"
    content = answer.get_json()
    assert set(content) == {"ids"}
    found: list[str] = content["ids"]
    return found


@pytest.mark.parametrize("prefix", ["/v1", "/latest"])
@pytest.mark.parametrize("tail", ["", "/"])
def test_ids_come_in_the_order_of_their_numbers(boss: Boss, labels: str, prefix: str, tail: str) -> None:
    answer = boss.get(f"{prefix}/ids/{labels}/0/{BOX}{tail}")
    assert answer.data == b'{"ids":["7","10","18446744073709551615"]}'
    assert answer.content_length == len(answer.data)


@pytest.mark.parametrize("dtype", DTYPES)
def test_annotations_of_every_width(boss: Boss, dtype: str) -> None:
    boss.send(f"{boss.make_channel('seg', dtype, type='annotation')}/{BOX}/", bodies(dtype))
    largest = np.iinfo(dtype).max
    for _ in range(2):
        assert ids(boss, f"col/exp/seg/0/{WHOLE}") == ["7", "10", str(largest)]
        found = boss.get(f"boundingbox/col/exp/seg/0/{largest}/?type=tight").get_json()
        assert found == {"x_range": [149, 150], "y_range": [99, 100], "z_range": [39, 40], "t_range": [0, 1]}


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ("0:20/0:100/0:40", []),
        ("0:21/0:100/0:40", ["7"]),
        ("0:150/69:70/8:9", ["7"]),
        ("0:150/70:100/0:40", [str(LARGEST)]),
        ("0:300/0:200/36:100", [str(LARGEST)]),
        ("100:101/65:66/35:36", ["10"]),
        ("200:300/100:200/50:100", []),
    ],
)
def test_ids_of_boxes_that_cut_through_blocks(boss: Boss, labels: str, box: str, expected: list[str]) -> None:
    assert ids(boss, f"{labels}/0/{box}") == expected
    ids(boss, f"{labels}/0/{WHOLE}")
    assert ids(boss, f"{labels}/0/{box}") == expected


def test_many_ids_are_one_list(boss: Boss, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "IDS_AT_ONCE", 100)
    many = np.arange(1, 30 * 40 * 50 + 1, dtype=np.uint64).reshape(30, 40, 50)
    path = boss.make_channel("seg", "uint64")
    assert ids(boss, f"col/exp/seg/0/{BOX}") == []
    boss.send(f"{path}/7:57/5:45/3:33/", many)
    assert ids(boss, f"col/exp/seg/0/{BOX}") == [str(label) for label in range(1, many.size + 1)]


def test_an_enormous_box_of_nothing(boss: Boss) -> None:
    boss.make_experiment(x_stop=10**9, y_stop=10**9, z_stop=10**9)
    path = boss.make_channel("seg", "uint64")
    everything = f"0:{10**9}/0:{10**9}/0:{10**9}"
    assert ids(boss, f"col/exp/seg/0/{everything}") == []
    boss.send(f"{path}/999999000:999999001/5:6/3:4/", np.full((1, 1, 1), 5, np.uint64))
    assert ids(boss, f"col/exp/seg/0/{everything}") == ["5"]
    tight = boss.get("boundingbox/col/exp/seg/0/5/?type=tight").get_json()
    assert tight["x_range"] == [999999000, 999999001]


def test_a_time_range_is_checked_and_the_first_sample_searched(boss: Boss) -> None:
    boss.make_experiment(num_time_samples=3)
    path = boss.make_channel("seg", "uint64", default_time_sample=1)
    boss.send(f"{path}/{BOX}/0:1/", bodies())
    boss.send(f"{path}/{BOX}/1:2/", np.full(SHAPE, 99, np.uint64))
    for tail in ("", "/0:1/", "/1:3", "/2:3/"):
        assert ids(boss, f"col/exp/seg/0/{BOX}{tail}") == ["7", "10", str(LARGEST)]
    for wrong in ("1:1", "2:1", "3:4", "0:4"):
        assert_error(boss.get(f"ids/col/exp/seg/0/{BOX}/{wrong}/"), 400, 1000)
    assert_error(boss.get("boundingbox/col/exp/seg/0/99"), 404, 4004)


def test_a_level_above_has_ids_of_its_own(boss: Boss, labels: str) -> None:
    boss.send(f"cutout/{labels}/1/3:5/4:7/5:9/", np.full((4, 3, 2), 3, np.uint64))
    assert ids(boss, f"{labels}/1/{WHOLE}") == ["3"]
    assert ids(boss, f"{labels}/2/{WHOLE}") == []
    tight = boss.get(f"boundingbox/{labels}/1/3/?type=tight").get_json()
    assert (tight["x_range"], tight["y_range"], tight["z_range"]) == ([3, 5], [4, 7], [5, 9])


def test_loose_boxes_are_of_whole_cuboids(boss: Boss) -> None:
    boss.make_experiment(x_stop=2000, y_stop=1500, z_stop=100)
    path = boss.make_channel("seg", "uint64")
    boss.send(f"{path}/500:530/490:512/15:33/", np.full((18, 22, 30), 5, np.uint64))
    loose = {"x_range": [0, 1024], "y_range": [0, 512], "z_range": [0, 48], "t_range": [0, 1]}
    assert boss.get("boundingbox/col/exp/seg/0/5").get_json() == loose
    assert boss.get("boundingbox/col/exp/seg/0/5/?type=loose").get_json() == loose
    tight = {"x_range": [500, 530], "y_range": [490, 512], "z_range": [15, 33], "t_range": [0, 1]}
    assert boss.get("boundingbox/col/exp/seg/0/005/?type=tight").get_json() == tight


def test_what_is_erased_is_gone(boss: Boss, labels: str) -> None:
    boss.get(f"boundingbox/{labels}/0/10")
    boss.call("PUT", f"cutout/to_black/{labels}/0/120:150/0:100/0:40/")
    assert boss.get(f"boundingbox/{labels}/0/10/?type=tight").get_json()["x_range"] == [100, 120]
    assert ids(boss, f"{labels}/0/{BOX}") == ["7", "10"]
    boss.call("PUT", f"cutout/to_black/{labels}/0/{BOX}/")
    assert_error(boss.get(f"boundingbox/{labels}/0/10"), 404, 4004)
    assert ids(boss, f"{labels}/0/{BOX}") == []


@pytest.mark.parametrize("label", ["0", "000", "8", str(2**63), str(2**64), "9" * 21, "9" * 5000])
def test_a_label_that_is_nowhere(boss: Boss, labels: str, label: str, snapshot: Any) -> None:
    boss.get(f"boundingbox/{labels}/0/7")
    before = snapshot()
    assert_error(boss.get(f"boundingbox/{labels}/0/{label}"), 404, 4004)
    assert snapshot() == before


def test_what_is_no_label(boss: Boss, labels: str) -> None:
    for wrong in ("-1", "x", "1.5", "", "1:2"):
        assert boss.get(f"boundingbox/{labels}/0/{wrong}").status_code == 404
        assert boss.get(f"reserve/{labels}/{wrong}").status_code == 404


def test_requests_that_are_refused(boss: Boss, labels: str, snapshot: Any) -> None:
    boss.make_channel("em")
    before = snapshot()
    for service in (f"ids/{{}}/0/{BOX}", "boundingbox/{}/0/7", "reserve/{}/5"):
        assert_error(boss.get(service.format("col/exp/em")), 400, 2003)
        assert_error(boss.get(service.format("col/exp/none")), 404, 4000)
        assert_error(boss.get(service.format("none/exp/seg")), 404, 4000)
        assert_error(boss.get(service.format(labels), headers={"Accept": "application/blosc"}), 406)
        assert boss.post(service.format(labels)).status_code == 405
    assert_error(boss.get(f"ids/{labels}/4/{BOX}"), 400, 1002)
    assert_error(boss.get(f"ids/{labels}/0/0:301/0:10/0:10"), 400, 1001)
    assert_error(boss.get(f"ids/{labels}/0/5:5/0:10/0:10"), 400, 1001)
    assert_error(boss.get(f"ids/{labels}/0/0:{'9' * 400}/0:10/0:10"), 400, 1002)
    assert_error(boss.get(f"boundingbox/{labels}/4/7"), 400, 1002)
    assert_error(boss.get(f"boundingbox/{labels}/0/7/?type=snug"), 400, 1005)
    assert_error(boss.get("boundingbox/none/exp/em/0/7/?type="), 400, 1005)
    assert_error(boss.get(f"reserve/{labels}/{'9' * 400}"), 400, 1002)
    assert snapshot() == before


def test_a_browser_is_shown_a_page(boss: Boss, labels: str) -> None:
    for service in (f"ids/{labels}/0/{BOX}", f"boundingbox/{labels}/0/7", f"reserve/{labels}/5"):
        answer = boss.get(service, headers={"Accept": "text/html"})
        assert (answer.status_code, answer.mimetype) == (200, "text/html")


def test_what_is_deleted_has_no_objects(boss: Boss, labels: str) -> None:
    boss.delete("collection/col/experiment/exp/channel/seg")
    for service in (f"ids/{labels}/0/{BOX}", f"boundingbox/{labels}/0/7", f"reserve/{labels}/5"):
        assert_error(boss.get(service), 404, 4005)


def test_nothing_is_kept_of_the_labels_of_a_deleted_channel(
    boss: Boss,
    labels: str,
    datastore: Datastore,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Other tests write the same blocks: what is in memory of those would be taken, and nothing written.
    monkeypatch.setattr(index, "_CACHE", LabelCache())
    boss.make_channel("never_asked", "uint64")
    ids(boss, f"{labels}/0/{BOX}")
    kept = datastore.uploads / ".index" / labels
    assert [path for path in kept.rglob("*") if path.is_file()]
    for name in ("seg", "never_asked"):
        assert boss.delete(f"collection/col/experiment/exp/channel/{name}").status_code == 204
    assert not kept.exists()
    assert caplog.text == ""


def test_reserved_ids_follow_each_other(boss: Boss, labels: str) -> None:
    boss.make_channel("other", "uint64")
    assert boss.get(f"reserve/{labels}/10").get_json() == {"start_id": 1, "count": "10"}
    assert boss.get(f"reserve/{labels}/0/").get_json() == {"start_id": 11, "count": "0"}
    assert boss.get(f"reserve/{labels}/007").get_json() == {"start_id": 11, "count": "007"}
    assert boss.get("reserve/col/exp/other/1").get_json() == {"start_id": 1, "count": "1"}
    boss.put("collection/col/experiment/exp/channel/seg", {"name": "renamed"})
    assert boss.get("reserve/col/exp/renamed/1").get_json()["start_id"] == 18


def test_nobody_is_given_what_another_has(boss: Boss, labels: str, datastore: Datastore) -> None:
    channel = datastore.catalog.resources.channel("col", "exp", "seg")
    with ThreadPoolExecutor(4) as pool:
        first = sorted(pool.map(lambda _: datastore.catalog.resources.reserve_ids(channel.id, 3), range(40)))
    assert first == list(range(1, 121, 3))


def test_who_may_ask(as_user: Any) -> None:
    owner, other, public, nobody = as_user("owner", OWNER), as_user("other"), as_user(token="public"), as_user()
    owner.send(f"{owner.make_channel('seg', 'uint64')}/{BOX}/", bodies())
    services = {
        "ids": f"ids/col/exp/seg/0/{BOX}",
        "box": "boundingbox/col/exp/seg/0/7",
        "ids given": "reserve/col/exp/seg/5",
    }
    for service in services.values():
        assert owner.get(service).status_code == 200
        for user in (other, public, nobody):
            assert_error(user.get(service), 403, 3001)
    owner.put("collection/col/experiment/exp/channel/seg", {"public": True})
    for user in (other, public, nobody):
        assert user.get(services["box"]).status_code == 200
        assert_error(user.get(services["ids"]), 403, 3001)
        assert_error(user.get(services["ids given"]), 403, 3001)
