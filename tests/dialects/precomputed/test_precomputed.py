"""A channel as precomputed data: what its info says is what its chunks hold."""

from __future__ import annotations

import gzip
import os
from io import BytesIO
from pathlib import Path
from typing import Any

import compressed_segmentation
import numpy as np
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from werkzeug.test import TestResponse

from bosslet.catalog.records import Permission, Role
from bosslet.datastore import Datastore
from bosslet.dialects.content import Representation
from bosslet.dialects.precomputed.kept import KeptChunks
from bosslet.geometry import Box
from bosslet.volume.volume import Volume
from tests.dialects.boss.client import Boss

BASE = "/precomputed/col/exp/em"


def refused(answer: TestResponse, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert (answer.mimetype, answer.get_json()["status"]) == ("application/json", status)
    assert answer.get_json()["code"] == code
    assert answer.get_json()["message"]


def volume(boss: Boss, base: str, resolution: int = 0, dtype: str = "uint8") -> NDArray[Any]:
    """A whole scale (z, y, x), put together from raw chunks by what its info says."""
    info = boss.get(f"{base}/info?encoding=raw").get_json()
    (scale,) = (each for each in info["scales"] if each["key"].endswith(str(resolution)))
    assert info["data_type"] == dtype
    whole = np.zeros(scale["size"][::-1], dtype)
    offset = scale["voxel_offset"]
    for z in range(0, whole.shape[0], 64):
        for y in range(0, whole.shape[1], 64):
            for x in range(0, whole.shape[2], 64):
                inside = tuple(slice(a, min(a + 64, n)) for a, n in zip((z, y, x), whole.shape, strict=True))
                names = (f"{s.start + o}-{s.stop + o}" for s, o in zip(inside[::-1], offset, strict=True))
                answer = boss.get(f"{base}/{scale['key']}/{'_'.join(names)}")
                assert answer.status_code == 200, answer.text
                whole[inside] = np.frombuffer(answer.data, dtype).reshape(whole[inside].shape)
    return whole


def noise(shape: tuple[int, ...], dtype: str = "uint8") -> NDArray[Any]:
    return np.random.default_rng(7).integers(1, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def test_the_info_of_an_image(boss: Boss) -> None:
    boss.make_channel("em")
    assert boss.get(f"{BASE}/info").get_json() == {
        "@type": "neuroglancer_multiscale_volume",
        "type": "image",
        "data_type": "uint8",
        "num_channels": 1,
        "scales": [
            {
                "key": "0",
                "size": [300, 200, 100],
                "voxel_offset": [0, 0, 0],
                "resolution": [4, 4, 35],
                "chunk_sizes": [[64, 64, 64]],
                "encoding": "raw",
            }
        ],
    }


def test_the_info_of_labels(boss: Boss) -> None:
    boss.make_channel("em", "uint64")
    info = boss.get(f"{BASE}/info").get_json()
    assert (info["type"], info["data_type"]) == ("segmentation", "uint64")
    assert info["segment_properties"] == "segment_properties"
    assert info["mesh"] == "mesh"
    (scale,) = info["scales"]
    assert (scale["encoding"], scale["compressed_segmentation_block_size"]) == ("compressed_segmentation", [8, 8, 8])


def test_a_frame_in_another_unit_that_starts_elsewhere(boss: Boss) -> None:
    boss.make_experiment(
        x_start=10, x_stop=95, y_start=-7, y_stop=70, z_start=3, z_stop=9, voxel_unit="micrometers", x_voxel_size=0.5
    )
    boss.make_channel("em")
    voxels = noise((6, 70, 85))
    assert boss.send("cutout/col/exp/em/0/10:95/0:70/3:9/", voxels).status_code == 201
    (scale,) = boss.get(f"{BASE}/info").get_json()["scales"]
    assert (scale["voxel_offset"], scale["size"]) == ([10, 0, 3], [85, 70, 6])
    assert scale["resolution"] == [500, 4000, 35000]
    assert np.array_equal(volume(boss, BASE), voxels)


def test_every_level_that_exists_is_a_scale(boss: Boss) -> None:
    boss.make_experiment(x_start=21, y_start=10, z_start=5)
    prefix = boss.make_channel("em")
    boss.send(f"{prefix}/21:300/10:200/5:100/", noise((95, 190, 279)))
    assert boss.send("cutout/col/exp/em/1/21:150/10:100/5:100/", noise((95, 90, 129))).status_code == 201
    scales = boss.get(f"{BASE}/info").get_json()["scales"]
    assert [scale["key"] for scale in scales] == ["0", "1"]
    assert scales[1]["resolution"] == [8, 8, 35]
    assert (scales[1]["voxel_offset"], scales[1]["size"]) == ([10, 5, 5], [140, 95, 95])
    assert np.array_equal(volume(boss, BASE, 1)[:, 5:, 11:], noise((95, 90, 129)))


def test_the_isotropic_pyramid(boss: Boss, datastore: Datastore) -> None:
    boss.make_experiment()
    boss.make_channel("em")
    image = datastore.image(datastore.catalog.resources.channel("col", "exp", "em"))
    for level in (1, 2, 3, 4):
        image.create_level(level)
    image.create_level(4, iso=True)
    sizes = {
        base: [(scale["key"], scale["size"][2]) for scale in boss.get(f"{base}/info").get_json()["scales"]]
        for base in (BASE, f"{BASE}/iso")
    }
    assert sizes[BASE] == [(str(level), 100) for level in range(5)]
    assert sizes[f"{BASE}/iso"] == [*((str(level), 100) for level in range(4)), ("4", 50)]
    keys = [scale["key"] for scale in boss.get(f"{BASE}/info?iso=true").get_json()["scales"]]
    assert keys == [f"iso/{level}" for level in range(5)]
    assert len(boss.get(f"{BASE}/iso/4/0-19_0-13_0-50").data) == 19 * 13 * 50


def test_what_was_written_through_boss_is_read(boss: Boss) -> None:
    voxels = noise((100, 200, 300))
    boss.send(f"{boss.make_channel('em')}/0:300/0:200/0:100/", voxels)
    assert np.array_equal(volume(boss, BASE), voxels)


@pytest.mark.parametrize("dtype", ["uint16", "uint32", "uint64"])
def test_wider_voxels(boss: Boss, dtype: str) -> None:
    kind = "image" if dtype == "uint16" else "annotation"
    prefix = boss.make_channel("em", dtype, type=kind)
    voxels = noise((9, 70, 80), dtype)
    boss.send(f"{prefix}/0:80/0:70/0:9/", voxels)
    assert np.array_equal(volume(boss, BASE, dtype=dtype)[:9, :70, :80], voxels)


def test_voxels_that_were_never_written_are_zeros(boss: Boss) -> None:
    boss.make_channel("em")
    for name, count in {"0-64_0-64_0-64": 64**3, "256-300_192-200_64-100": 44 * 8 * 36}.items():
        assert boss.get(f"{BASE}/0/{name}").data == bytes(count)


@pytest.mark.parametrize("place", ["compressed_segmentation/0", "0"])
def test_labels_come_compressed(boss: Boss, place: str) -> None:
    voxels = np.arange(8 * 64 * 44, dtype=np.uint64).reshape(8, 64, 44) // 100 << 33
    boss.send(f"{boss.make_channel('em', 'uint64')}/256:300/64:128/64:72/", voxels)
    answer = boss.get(f"{BASE}/{place}/256-300_64-128_64-100")
    whole = compressed_segmentation.decompress(answer.data, (44, 64, 36, 1), np.uint64, (8, 8, 8), order="F")
    assert np.array_equal(whole[..., 0].T[:8], voxels)
    assert not whole[..., 8:, 0].any()


def test_a_jpeg_is_near(boss: Boss) -> None:
    voxels = np.add.outer(np.arange(64), np.add.outer(np.arange(64), np.arange(44))).astype(np.uint8)
    boss.send(f"{boss.make_channel('em')}/256:300/0:64/0:64/", voxels)
    answer = boss.get(f"{BASE}/jpeg/0/256-300_0-64_0-64", headers={"Accept-Encoding": "gzip, zstd"})
    assert (answer.mimetype, "Content-Encoding" in answer.headers) == ("image/jpeg", False)
    pixels = np.asarray(Image.open(BytesIO(answer.data))).astype(int)
    assert np.abs(pixels.reshape(voxels.shape) - voxels).max() < 12
    (scale,) = boss.get(f"{BASE}/jpeg/info").get_json()["scales"]
    assert (scale["key"], scale["encoding"]) == ("0", "jpeg")
    (scale,) = boss.get(f"{BASE}/info?encoding=jpeg").get_json()["scales"]
    assert (scale["key"], scale["encoding"]) == ("jpeg/0", "jpeg")


def test_a_time_series(boss: Boss) -> None:
    boss.make_experiment(num_time_samples=3)
    boss.make_channel("em", default_time_sample=1)
    voxels = noise((3, 5, 6, 7))
    boss.send("cutout/col/exp/em/0/0:7/0:6/0:5/0:3", voxels)
    for base, time in {BASE: 1, f"{BASE}/t0": 0, f"{BASE}/raw/t2": 2}.items():
        assert np.array_equal(volume(boss, base)[:5, :6, :7], voxels[time])
    (scale,) = boss.get(f"{BASE}/info?t=2").get_json()["scales"]
    assert scale["key"] == "t2/0"
    for path in ("t3/0/0-64_0-64_0-64", "t3/info", "info?t=3"):
        refused(boss.get(f"{BASE}/{path}"), 400, "InvalidTime")


def test_the_provenance(boss: Boss) -> None:
    boss.make_channel("em", description="from the left")
    content = boss.get(f"{BASE}/provenance").get_json()
    assert content == {"description": "from the left", "owners": ["bossadmin"], "processing": [], "sources": []}


def test_the_list_of_segments(boss: Boss) -> None:
    prefix = boss.make_channel("em", "uint64")
    empty = boss.get(f"{BASE}/segment_properties/info").get_json()
    assert empty == {"@type": "neuroglancer_segment_properties", "inline": {"ids": [], "properties": []}}
    voxels = np.zeros((5, 6, 7), np.uint64)
    voxels[1, 2, 3], voxels[4, 5, 6] = 2**60, 9
    boss.send(f"{prefix}/290:297/190:196/90:95/", voxels)
    content = boss.get(f"{BASE}/segment_properties/info").get_json()
    assert content["inline"] == {"ids": ["9", str(2**60)], "properties": []}


def test_the_list_of_segments_is_taken_from_a_coarser_level_of_a_large_volume(boss: Boss) -> None:
    prefix = boss.make_channel("em", "uint64")
    boss.send(f"{prefix}/0:300/0:200/0:100/", np.full((100, 200, 300), 5, np.uint64))
    assert boss.get(f"{BASE}/segment_properties/info").get_json()["inline"]["ids"] == []
    boss.send("cutout/col/exp/em/1/0:7/0:6/0:5/", np.full((5, 6, 7), 8, np.uint64))
    assert boss.get(f"{BASE}/segment_properties/info").get_json()["inline"]["ids"] == ["8"]


def test_images_have_no_list_of_segments(boss: Boss) -> None:
    boss.make_channel("em")
    refused(boss.get(f"{BASE}/segment_properties/info"), 404, "NotFound")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("0/1-65_0-64_0-64", 400, "InvalidBox"),
        ("0/0-63_0-64_0-64", 400, "InvalidBox"),
        ("0/256-320_0-64_0-64", 400, "InvalidBox"),
        ("0/320-384_0-64_0-64", 400, "InvalidBox"),
        ("0/64-0_0-64_0-64", 400, "InvalidBox"),
        ("0/00-64_0-64_0-64", 400, "InvalidBox"),
        ("0/-64-0_0-64_0-64", 400, "InvalidBox"),
        ("0/0-64_0-64", 400, "InvalidBox"),
        ("0/" + "9" * 5000, 400, "InvalidBox"),
        ("0/0:64_0:64_0:64", 400, "InvalidBox"),
        ("1/0-64_0-64_0-64", 404, "NotFound"),
        ("10/0-64_0-64_0-64", 404, "NotFound"),
        ("x/0-64_0-64_0-64", 404, "NotFound"),
        ("", 404, "NotFound"),
        ("info/", 404, "NotFound"),
        ("no", 404, "NotFound"),
        ("raw", 404, "NotFound"),
        ("0/../../info", 404, "NotFound"),
        ("info?encoding=png", 400, "InvalidMode"),
        ("info?t=x", 400, "InvalidMode"),
        ("info?t=-1", 400, "InvalidMode"),
        ("compressed_segmentation/info", 400, "InvalidMode"),
        ("compressed_segmentation/0/0-64_0-64_0-64", 400, "InvalidMode"),
    ],
)
def test_what_there_is_not(boss: Boss, path: str, status: int, code: str) -> None:
    boss.make_channel("em")
    refused(boss.get(f"{BASE}/{path}"), status, code)


def test_an_empty_frame_has_an_info_and_no_chunks(boss: Boss) -> None:
    boss.make_experiment(x_start=10, x_stop=5)
    boss.make_channel("em")
    (scale,) = boss.get(f"{BASE}/info").get_json()["scales"]
    assert scale["size"] == [0, 200, 100]
    refused(boss.get(f"{BASE}/0/10-10_0-64_0-64"), 400, "InvalidBox")


@pytest.mark.parametrize(
    ("accepts", "coding"),
    [
        ("gzip, deflate, br", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd;q=0, gzip", "gzip"),
        ("identity", None),
        ("", None),
        ("br, *", None),
    ],
)
def test_the_content_coding(boss: Boss, accepts: str, coding: str | None) -> None:
    boss.make_channel("em", "uint64")
    answer = boss.get(f"{BASE}/0/0-64_0-64_0-64", headers={"Accept-Encoding": accepts})
    assert answer.headers.get("Content-Encoding") == coding
    plain = boss.get(f"{BASE}/0/0-64_0-64_0-64").data
    decode = {"gzip": gzip.decompress, "zstd": zstandard.decompress, None: bytes}[coding]
    assert decode(answer.data) == plain
    assert "Accept-Encoding" in answer.headers["Vary"]


@pytest.mark.parametrize("accepts", ["gzip", "zstd"])
def test_noise_is_sent_as_it_is_and_what_compresses_is_not(boss: Boss, accepts: str) -> None:
    boss.send(f"{boss.make_channel('em')}/0:64/0:64/0:64/", noise((64, 64, 64)))
    noisy = boss.get(f"{BASE}/0/0-64_0-64_0-64", headers={"Accept-Encoding": accepts})
    assert "Content-Encoding" not in noisy.headers
    empty = boss.get(f"{BASE}/0/64-128_0-64_0-64", headers={"Accept-Encoding": accepts})
    assert empty.headers["Content-Encoding"] == accepts


def test_what_a_client_has_is_not_sent_again_until_it_changes(boss: Boss) -> None:
    prefix = boss.make_channel("em")
    path = f"{BASE}/0/0-64_0-64_0-64"
    first = boss.get(path)
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = boss.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    boss.send(f"{prefix}/0:3/0:2/0:1/", noise((1, 2, 3)))
    changed = boss.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]
    zipped = boss.get(path, headers={"Accept-Encoding": "gzip"})
    assert zipped.headers["ETag"] != changed.headers["ETag"]


def test_head_is_get_without_a_body(boss: Boss) -> None:
    boss.make_channel("em")
    for path in (f"{BASE}/info", f"{BASE}/0/0-64_0-64_0-64"):
        head, whole = boss.call("HEAD", path), boss.get(path)
        assert (head.status_code, head.data) == (200, b"")
        assert head.headers["Content-Length"] == str(len(whole.data))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(boss: Boss, snapshot: Any, method: str) -> None:
    boss.make_channel("em")
    before = snapshot()
    for path in ("info", "0/0-64_0-64_0-64"):
        assert boss.call(method, f"{BASE}/{path}", data=b"x").status_code == 405
    assert snapshot() == before


def test_pages_of_other_sites_may_read(boss: Boss) -> None:
    boss.make_channel("em")
    answer = boss.get(f"{BASE}/info", headers={"Origin": "https://viewer.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_stranger_cannot_tell_private_from_absent(as_user: Any) -> None:
    owner, stranger = as_user("olga", Role.RESOURCE_MANAGER), as_user()
    owner.make_channel("secret")
    owner.make_channel("open", public=True)
    assert owner.get("/precomputed/col/exp/secret/info").status_code == 200
    for path in ("info", "provenance", "0/0-64_0-64_0-64", "nonsense", "info?encoding=png", "", "9/x"):
        private, absent = (stranger.get(f"/precomputed/col/exp/{name}/{path}") for name in ("secret", "absent"))
        assert private.status_code == absent.status_code == 404, path
        assert private.text.replace("secret", "absent") == absent.text
        assert set(private.headers.keys()) == set(absent.headers.keys())
    for path in ("info", "provenance", "0/0-64_0-64_0-64"):
        assert stranger.get(f"/precomputed/col/exp/open/{path}").status_code == 200


def test_the_provenance_names_no_source_that_one_may_not_read(as_user: Any) -> None:
    owner, stranger = as_user("olga", Role.RESOURCE_MANAGER), as_user()
    owner.make_channel("secret")
    owner.make_channel("known", public=True)
    owner.make_channel("cells", "uint64", public=True, sources=["secret", "known"])
    path = "/precomputed/col/exp/cells/provenance"
    assert sorted(owner.get(path).get_json()["sources"]) == ["known", "secret"]
    assert stranger.get(path).get_json()["sources"] == ["known"]


def test_a_channel_may_be_read_by_whom_it_was_given_to(as_user: Any, datastore: Datastore) -> None:
    as_user("olga", Role.RESOURCE_MANAGER).make_channel("em")
    reader = as_user("rita")
    assert reader.get(f"{BASE}/info").status_code == 404
    channel = datastore.catalog.resources.channel("col", "exp", "em")
    datastore.catalog.permissions.grant("rita-primary", channel, [Permission.READ])
    assert reader.get(f"{BASE}/info").status_code == 404  # its name, not its voxels
    datastore.catalog.permissions.grant("rita-primary", channel, [Permission.READ_VOLUMETRIC_DATA])
    assert reader.get(f"{BASE}/info").status_code == 200
    refused(as_user(token="wrong").get(f"{BASE}/info"), 401, "NotAuthenticated")


def test_what_is_marked_for_deletion_is_gone(boss: Boss) -> None:
    boss.make_channel("em")
    assert boss.delete("collection/col/experiment/exp/channel/em").status_code == 204
    refused(boss.get(f"{BASE}/info"), 404, "NotFound")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(name=st.text(st.characters(codec="ascii", exclude_characters="?#%"), max_size=30))
def test_any_name_is_answered_in_json(boss: Boss, name: str) -> None:
    if boss.get("collection/col").status_code == 404:
        boss.make_channel("em")
    answer = boss.get(f"{BASE}/{name}")
    assert answer.status_code in {200, 400, 404} or answer.status_code == 308, answer.text


def age(folder: Path, seconds: float = 10) -> None:
    """Make all files in a folder seem older."""
    for path in folder.rglob("*"):
        if path.is_file():
            written = path.stat().st_mtime_ns - int(seconds * 1e9)
            os.utime(path, ns=(written, written))


def test_what_is_kept_is_no_good_after_a_write(boss: Boss, datastore: Datastore) -> None:
    prefix = boss.make_channel("em", "uint64")
    path, seen = f"{BASE}/0/0-64_0-64_0-64", []
    for label in (1, 2, 3):
        boss.send(f"{prefix}/0:7/0:6/0:40/", np.full((40, 6, 7), label, np.uint64))
        for seconds in (0, 10):  # just written: read each time; then kept
            age(datastore.uploads / "col", seconds)
            answers = [boss.get(path) for _ in range(3)]
            assert len({answer.data for answer in answers}) == 1
            found = compressed_segmentation.decompress(
                answers[0].data, (64, 64, 64, 1), np.uint64, (8, 8, 8), order="F"
            )
            assert found[0, 0, 0, 0] == label
            assert boss.get(path, headers={"Accept-Encoding": "gzip"}).headers["Content-Encoding"] == "gzip"
        seen.append(answers[0].headers["ETag"])
    assert len(set(seen)) == 3


def test_what_is_kept_is_not_read_again(boss: Boss, datastore: Datastore, monkeypatch: pytest.MonkeyPatch) -> None:
    boss.send(f"{boss.make_channel('em', 'uint64')}/0:7/0:6/0:40/", np.ones((40, 6, 7), np.uint64))
    age(datastore.uploads / "col")
    first = boss.get(f"{BASE}/0/0-64_0-64_0-64")
    monkeypatch.setattr(Volume, "read", None)
    assert boss.get(f"{BASE}/0/0-64_0-64_0-64").data == first.data


def test_what_is_kept_of_a_block_that_is_lost_is_no_good(boss: Boss, datastore: Datastore) -> None:
    boss.send(f"{boss.make_channel('em', 'uint64')}/0:7/0:6/0:40/", np.ones((40, 6, 7), np.uint64))
    age(datastore.uploads / "col")
    assert boss.get(f"{BASE}/0/0-64_0-64_0-64").status_code == 200
    (datastore.uploads / "col/exp/em/0/c/0/0/0/0").unlink()
    refused(boss.get(f"{BASE}/0/0-64_0-64_0-64"), 500, "UnreadableBlock")


def test_no_more_is_kept_than_there_is_room_for() -> None:
    kept = KeptChunks(max_bytes=100)
    keys = [("path", time, Box.of((1, 1, 1)), "raw", None) for time in range(4)]
    for number, key in enumerate(keys):
        kept.put(key, (number,), Representation(bytes(40), None, str(number)))
    assert [kept.get(key, (number,)) is not None for number, key in enumerate(keys)] == [False, False, True, True]
    assert kept.get(keys[3], (9,)) is None
    assert kept.get(keys[3], None) is None
    kept.put(keys[3], (3,), Representation(bytes(101), None, "x"))
    assert all(kept.get(key, (number,)) is None for number, key in enumerate(keys))
