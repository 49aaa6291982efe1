"""Cutouts: what is written is read, in every encoding, and what is wrong is refused with the store as it was."""

from __future__ import annotations

import io
import pickle
import zlib
from typing import Any

import blosc
import numpy as np
import pytest
from PIL import Image

from tests.dialects.boss.client import Boss, assert_error

BOX = "7:57/5:45/3:33"  # x, y, z: 50, 40, 30, across blocks of 64, 64, 32
SHAPE = (30, 40, 50)
DTYPES = ["uint8", "uint16", "uint32", "uint64"]


def made(shape: tuple[int, ...], dtype: str, seed: int = 0) -> Any:
    """Voxels without a zero, distinct enough that a swapped axis shows."""
    high = min(np.iinfo(dtype).max, 2**40)
    return np.random.default_rng(seed).integers(1, high, shape, dtype=dtype, endpoint=True)


@pytest.mark.parametrize("prefix", ["/v1/", "/latest/"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_posted_as_blosc_is_read_back(boss: Boss, dtype: str, prefix: str) -> None:
    path = prefix + boss.make_channel("ch", dtype)
    voxels = made(SHAPE, dtype)
    answer = boss.send(f"{path}/{BOX}/", voxels)
    assert (answer.status_code, answer.data) == (201, b"")
    np.testing.assert_array_equal(boss.voxels(f"{path}/{BOX}/", SHAPE, dtype), voxels)
    np.testing.assert_array_equal(boss.voxels(f"{path}/{BOX}", SHAPE, dtype), voxels)
    inner = boss.voxels(f"{path}/10:20/6:13/4:9/", (5, 7, 10), dtype)
    np.testing.assert_array_equal(inner, voxels[1:6, 1:8, 3:13])


def test_uint64_image_channels_are_kept(boss: Boss) -> None:
    path = boss.make_channel("wide", "uint64", type="image")
    assert boss.send(f"{path}/{BOX}/", made(SHAPE, "uint64")).status_code == 201
    np.testing.assert_array_equal(boss.voxels(f"{path}/{BOX}/", SHAPE, "uint64"), made(SHAPE, "uint64"))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("timed", [False, True])
def test_npygz_and_blosc_python_go_both_ways(boss: Boss, dtype: str, timed: bool) -> None:
    boss.make_experiment(num_time_samples=5)
    path = boss.make_channel("ch", dtype)
    shape = (2, *SHAPE) if timed else SHAPE
    url = f"{path}/{BOX}/2:4/" if timed else f"{path}/{BOX}/"
    first, second = made(shape, dtype, 1), made(shape, dtype, 2)

    buffer = io.BytesIO()
    np.save(buffer, first)
    sent = boss.call("POST", url, data=zlib.compress(buffer.getvalue()), headers={"Content-Type": "application/npygz"})
    assert sent.status_code == 201
    answer = boss.get(url, headers={"Accept": "application/npygz"})
    assert answer.mimetype == "application/npygz"
    np.testing.assert_array_equal(np.load(io.BytesIO(zlib.decompress(answer.data))), first)

    headers = {"Content-Type": "application/blosc-python"}
    packed = blosc.compress(pickle.dumps(second), typesize=second.itemsize)
    assert boss.call("POST", url, data=packed, headers=headers).status_code == 201
    answer = boss.get(url, headers={"Accept": "application/blosc-python"})
    assert answer.mimetype == "application/blosc-python"
    np.testing.assert_array_equal(boss.voxels(url, shape, dtype), second)


def test_jpeg_stacks_the_slices(boss: Boss) -> None:
    path = boss.make_channel()
    smooth = np.broadcast_to(np.arange(50, 90, dtype=np.uint8)[:, None], SHAPE)
    boss.send(f"{path}/{BOX}/", smooth)
    for options in ({"headers": {"Accept": "image/jpeg"}}, {"query_string": {"format": "jpg"}}):
        answer = boss.get(f"{path}/{BOX}/", **options)
        assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
        picture = np.asarray(Image.open(io.BytesIO(answer.data)))
        assert picture.shape == (30 * 40, 50)
        assert np.abs(picture.reshape(SHAPE).astype(int) - smooth).max() < 12


def test_jpeg_is_refused_for_wide_voxels_and_for_time(boss: Boss) -> None:
    wide, narrow = boss.make_channel("wide", "uint16"), boss.make_channel("narrow")
    accept = {"Accept": "image/jpeg"}
    assert_error(boss.get(f"{wide}/{BOX}/", headers=accept), 400, 2001)
    assert_error(boss.get(f"{narrow}/{BOX}/0:1/", headers=accept), 400, 2005)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "application/blosc"),
        ("*/*", "application/blosc"),
        ("application/*", "application/blosc"),
        ("text/html,*/*;q=0.8", "text/html"),
        ("application/npygz", "application/npygz"),
    ],
)
def test_accept_chooses_the_encoding(boss: Boss, accept: str | None, media_type: str) -> None:
    path = boss.make_channel()
    answer = boss.get(f"{path}/{BOX}/", headers={"Accept": accept} if accept else {})
    assert (answer.status_code, answer.mimetype) == (200, media_type)


@pytest.mark.parametrize("accept", ["application/json", "image/png", "text/plain"])
def test_an_encoding_that_there_is_not_is_not_acceptable(boss: Boss, accept: str) -> None:
    path = boss.make_channel()
    assert_error(boss.get(f"{path}/{BOX}/", headers={"Accept": accept}), 406)
    assert_error(boss.get(f"{path}/{BOX}/?format=tiff"), 404)
    assert boss.get(f"{path}/{BOX}/?format=bin", headers={"Accept": accept}).mimetype == "application/blosc"


def test_space_that_was_never_written_is_zeros_at_every_level(boss: Boss) -> None:
    path = boss.make_channel()
    for resolution in range(4):
        url = f"{path[:-1]}{resolution}/0:300/0:200/0:100/"
        assert not boss.voxels(url, (100, 200, 300)).any()
    answer = boss.get(f"{path[:-1]}4/0:1/0:1/0:1/")
    assert_error(answer, 400, 1002)


def test_a_posted_zero_overwrites_nothing_but_to_black_does(boss: Boss) -> None:
    path = boss.make_channel("cells", "uint64")
    below = made(SHAPE, "uint64", 1)
    above = made(SHAPE, "uint64", 2)
    above[np.random.default_rng(3).random(SHAPE) < 0.5] = 0
    boss.send(f"{path}/{BOX}/", below)
    boss.send(f"{path}/{BOX}/", above)
    merged = np.where(above == 0, below, above)
    np.testing.assert_array_equal(boss.voxels(f"{path}/{BOX}/", SHAPE, "uint64"), merged)

    black = path.replace("cutout/", "cutout/to_black/")
    answer = boss.call("PUT", f"{black}/10:20/6:13/4:9/", headers={"Content-Type": "application/blosc"})
    assert (answer.status_code, answer.data) == (200, b"")
    merged[1:6, 1:8, 3:13] = 0
    np.testing.assert_array_equal(boss.voxels(f"{path}/{BOX}/", SHAPE, "uint64"), merged)
    assert boss.get(f"{black}/10:20/6:13/4:9/").status_code == 405
    assert_error(boss.call("PUT", f"{black}/10:20/6:13/4:9/", headers={"Accept": "application/blosc"}), 406)


def test_to_black_erases_every_sample_of_a_range(boss: Boss) -> None:
    boss.make_experiment(num_time_samples=4)
    path = boss.make_channel()
    voxels = made((4, *SHAPE), "uint8")
    boss.send(f"{path}/{BOX}/0:4/", voxels)
    assert boss.call("PUT", f"{path.replace('cutout', 'cutout/to_black')}/{BOX}/1:3/").status_code == 200
    voxels[1:3] = 0
    np.testing.assert_array_equal(boss.voxels(f"{path}/{BOX}/0:4/", (4, *SHAPE)), voxels)


def test_a_collection_may_be_called_to_black(boss: Boss) -> None:
    boss.make_experiment("to_black", "e")
    assert (
        boss.post("collection/to_black/experiment/e/channel/c", {"type": "image", "datatype": "uint8"}).status_code
        == 201
    )
    url = f"cutout/to_black/e/c/0/{BOX}/"
    assert boss.send(url, made(SHAPE, "uint8")).status_code == 201
    np.testing.assert_array_equal(boss.voxels(url, SHAPE), made(SHAPE, "uint8"))


def test_only_a_time_range_in_the_url_makes_the_answer_four_dimensional(boss: Boss) -> None:
    boss.make_experiment(num_time_samples=5)
    path = boss.make_channel(default_time_sample=3)
    voxels = made(SHAPE, "uint8")
    boss.send(f"{path}/{BOX}/", voxels)
    np.testing.assert_array_equal(boss.voxels(f"{path}/{BOX}/3:4/", (1, *SHAPE))[0], voxels)
    np.testing.assert_array_equal(boss.voxels(f"{path}/{BOX}/2:5/", (3, *SHAPE))[1], voxels)
    assert not boss.voxels(f"{path}/{BOX}/0:3/", (3, *SHAPE)).any()
    for wrong in ("5:6", "0:6", "3:3", "4:2"):
        assert_error(boss.get(f"{path}/{BOX}/{wrong}/"), 400, 1000)


def test_samples_added_later_can_be_written(boss: Boss) -> None:
    boss.make_experiment(num_time_samples=1)
    path = boss.make_channel()
    boss.send(f"{path}/{BOX}/", made(SHAPE, "uint8", 1))
    assert boss.put("collection/col/experiment/exp", {"num_time_samples": 3}).status_code == 200
    assert not boss.voxels(f"{path}/{BOX}/2:3/", (1, *SHAPE)).any()
    assert boss.send(f"{path}/{BOX}/2:3/", made((1, *SHAPE), "uint8", 2)).status_code == 201
    np.testing.assert_array_equal(boss.voxels(f"{path}/{BOX}/2:3/", (1, *SHAPE))[0], made(SHAPE, "uint8", 2))
    np.testing.assert_array_equal(boss.voxels(f"{path}/{BOX}/", SHAPE), made(SHAPE, "uint8", 1))


def test_filter_keeps_only_the_labels_that_are_named(boss: Boss) -> None:
    for dtype in ("uint64", "uint8"):
        path = boss.make_channel(f"cells_{dtype}", dtype, type="annotation")
        labels = (np.arange(np.prod(SHAPE)).reshape(SHAPE) % 11).astype(dtype)
        boss.send(f"{path}/{BOX}/", labels)
        for text, kept in {"1,7,9": [1, 7, 9], "5,abc,6": [5], "": [], "4,900": [4]}.items():
            seen = boss.voxels(f"{path}/{BOX}/?filter={text}&access-mode=no-cache", SHAPE, dtype)
            np.testing.assert_array_equal(seen, np.where(np.isin(labels, kept), labels, 0))
    path = boss.make_channel()
    assert_error(boss.get(f"{path}/{BOX}/?filter=1"), 400, 2003)
    assert boss.send(f"{path}/{BOX}/?filter=1", np.ones(SHAPE, np.uint8)).status_code == 201


def test_access_mode_is_checked_and_changes_nothing(boss: Boss) -> None:
    path = boss.make_channel()
    boss.send(f"{path}/{BOX}/", made(SHAPE, "uint8"))
    for query in ("access-mode=cache", "access-mode=NO-CACHE", "access-mode=raw", "no-cache=true", "no-cache=False"):
        np.testing.assert_array_equal(boss.voxels(f"{path}/{BOX}/?{query}", SHAPE), made(SHAPE, "uint8"))
    for query in ("access-mode=fast", "no-cache=1", "access-mode=raw&no-cache=true"):
        assert_error(boss.get(f"{path}/{BOX}/?{query}"), 400, 1001)


def test_iso_is_a_pyramid_of_its_own_above_the_isotropic_level(boss: Boss) -> None:
    # 4, 4, 35 nm: level 3 is the most isotropic one, so that iso differs from level 4 on.
    boss.make_experiment(num_hierarchy_levels=6)
    boss.make_channel(base_resolution=3)
    path = "cutout/col/exp/em/4"
    plain, iso = made(SHAPE, "uint8", 1), made(SHAPE, "uint8", 2)
    assert boss.send(f"{path}/{BOX}/", plain).status_code == 201
    assert boss.send(f"{path}/{BOX}/?iso=true", iso).status_code == 201
    np.testing.assert_array_equal(boss.voxels(f"{path}/{BOX}/?iso=false", SHAPE), plain)
    np.testing.assert_array_equal(boss.voxels(f"{path}/{BOX}/?iso=TRUE", SHAPE), iso)
    path = "cutout/col/exp/em/3"
    boss.send(f"{path}/{BOX}/?iso=true", iso)
    np.testing.assert_array_equal(boss.voxels(f"{path}/{BOX}/", SHAPE), iso)


def test_only_the_native_level_and_the_next_are_writable(boss: Boss) -> None:
    boss.make_channel(base_resolution=1)
    for resolution, status, code in (
        (0, 400, 1002),
        (1, 201, 0),
        (2, 201, 0),
        (3, 400, 9001),
        (4, 400, 9001),
        (5, 400, 1002),
    ):
        answer = boss.send(f"cutout/col/exp/em/{resolution}/{BOX}/", made(SHAPE, "uint8"))
        if status == 201:
            assert answer.status_code == 201
        else:
            assert_error(answer, status, code)
    assert_error(boss.call("PUT", f"cutout/to_black/col/exp/em/3/{BOX}/"), 400, 9001)


@pytest.mark.parametrize(
    ("box", "code"),
    [
        ("0:301/0:200/0:100", 1001),
        ("0:300/0:201/0:100", 1001),
        ("0:300/0:200/0:101", 1001),
        ("5:5/0:200/0:100", 1001),
        ("6:5/0:200/0:100", 1001),
        ("0:300/0:200/100:101", 1001),
        (f"0:{'9' * 5000}/0:200/0:100", 1002),
    ],
)
def test_a_box_that_makes_no_sense_is_refused(boss: Boss, snapshot: Any, box: str, code: int) -> None:
    path = boss.make_channel()
    before = snapshot()
    assert_error(boss.get(f"{path}/{box}/"), 400, code)
    assert_error(boss.send(f"{path}/{box}/", made((1, 2, 5), "uint8")), 400, code)
    assert snapshot() == before


@pytest.mark.parametrize(
    "box",
    [
        "-1:5/0:2/0:1",
        "1/0:2/0:1",
        "0:1.5/0:2/0:1",
        "0:5:2/0:2/0:1",
        "0,5/0:2/0:1",
        "0:٥/0:2/0:1",
        "0:+5/0:2/0:1",
        "0:1_0/0:2/0:1",
        "0:5%0a/0:2/0:1",
    ],
)
def test_what_is_no_box_at_all_is_no_url(boss: Boss, snapshot: Any, box: str) -> None:
    path = boss.make_channel()
    before = snapshot()
    for answer in (boss.get(f"{path}/{box}/"), boss.send(f"{path}/{box}/", made((1, 2, 5), "uint8"))):
        assert_error(answer, 404, 1000)
    assert snapshot() == before
    for unknown in ("/v2/cutout/", "/v1/", "/v1/cutouts/col/exp/em/", "/latest/nothing"):
        answer = boss.get(unknown)
        assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_a_frame_may_start_anywhere(boss: Boss) -> None:
    boss.make_experiment(x_start=1000, x_stop=1100, y_start=-50, y_stop=70, z_start=500, z_stop=560)
    path = boss.make_channel()
    voxels = made((20, 30, 40), "uint8")
    assert boss.send(f"{path}/1050:1090/10:40/520:540/", voxels).status_code == 201
    np.testing.assert_array_equal(boss.voxels(f"{path}/1050:1090/10:40/520:540/", voxels.shape), voxels)
    assert_error(boss.get(f"{path}/999:1001/0:1/500:501/"), 400, 1001)
    assert_error(boss.get(f"{path}/1000:1101/0:1/500:501/"), 400, 1001)


def test_unscaled_coordinates_at_a_level_are_kept(boss: Boss) -> None:
    # bossDB checks a box against the unscaled frame at every level, so that one may write past a level's own extent.
    boss.make_channel()
    path = "cutout/col/exp/em/1"
    voxels = made((10, 20, 30), "uint8")
    assert boss.send(f"{path}/260:290/170:190/80:90/", voxels).status_code == 201
    np.testing.assert_array_equal(boss.voxels(f"{path}/260:290/170:190/80:90/", voxels.shape), voxels)


def test_a_body_that_is_not_the_box_is_refused(boss: Boss, snapshot: Any) -> None:
    path = boss.make_channel("em", "uint16")
    good = made(SHAPE, "uint16")
    boss.send(f"{path}/{BOX}/", good)
    before = snapshot()
    url = f"{path}/{BOX}/"

    def post(body: bytes, kind: str, status: int, code: int | None) -> None:
        assert_error(boss.call("POST", url, data=body, headers={"Content-Type": kind}), status, code)

    def npy(array: Any) -> bytes:
        buffer = io.BytesIO()
        np.save(buffer, array)
        return zlib.compress(buffer.getvalue())

    post(blosc.compress(good.astype("uint8").tobytes()), "application/blosc", 400, 2002)
    post(blosc.compress(good[1:].tobytes()), "application/blosc", 400, 2002)
    post(b"", "application/blosc", 400, 2002)
    post(b"garbage that is no blosc frame at all", "application/blosc", 400, 2001)
    post(blosc.compress(good.tobytes())[:-1], "application/blosc", 400, 2001)
    post(npy(good.astype("uint8")), "application/npygz", 400, 2001)
    post(npy(good.astype(">u2")), "application/npygz", 400, 2001)
    post(npy(good[:, :, 1:]), "application/npygz", 400, 2002)
    post(npy(good.transpose(2, 1, 0)), "application/npygz", 400, 2002)
    post(b"garbage", "application/npygz", 400, 2001)
    post(blosc.pack_array(good.astype("uint8")), "application/blosc-python", 400, 2001)
    post(blosc.pack_array(good[:5]), "application/blosc-python", 400, 2002)
    post(b"garbage", "application/blosc-python", 400, 2001)
    post(good.tobytes(), "application/octet-stream", 415, None)
    post(good.tobytes(), "application/json", 415, None)
    assert snapshot() == before
    np.testing.assert_array_equal(boss.voxels(url, SHAPE, "uint16"), good)


def test_a_pickle_is_never_run(boss: Boss, tmp_path: Any) -> None:
    marker = tmp_path / "ran"

    class Attack:
        def __reduce__(self) -> Any:
            return (open, (str(marker), "w"))

    path = boss.make_channel()
    body = blosc.compress(pickle.dumps(Attack()))
    answer = boss.call("POST", f"{path}/{BOX}/", data=body, headers={"Content-Type": "application/blosc-python"})
    assert_error(answer, 400, 2001)
    assert not marker.exists()


def test_a_short_or_chunked_body_is_refused(boss: Boss, snapshot: Any) -> None:
    path = boss.make_channel()
    body = blosc.compress(made(SHAPE, "uint8").tobytes())
    before = snapshot()
    kind = {"Content-Type": "application/blosc"}
    url = f"{path}/{BOX}/"

    def claim(length: int) -> Any:
        claimed = {"CONTENT_LENGTH": str(length)}
        return boss.call("POST", url, input_stream=io.BytesIO(body), headers=kind, environ_overrides=claimed)

    assert_error(claim(len(body) + 1), 400)
    assert_error(claim(10**12), 413, 2000)
    chunked = boss.call(
        "POST",
        f"{path}/{BOX}/",
        input_stream=io.BytesIO(body),
        headers={**kind, "Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert_error(chunked, 411)
    assert snapshot() == before


def test_a_three_dimensional_array_goes_to_the_first_sample_of_a_range(boss: Boss) -> None:
    boss.make_experiment(num_time_samples=4)
    path = boss.make_channel()
    voxels = made(SHAPE, "uint8")
    buffer = io.BytesIO()
    np.save(buffer, voxels)
    headers = {"Content-Type": "application/npygz"}
    answer = boss.call("POST", f"{path}/{BOX}/1:3/", data=zlib.compress(buffer.getvalue()), headers=headers)
    assert answer.status_code == 201
    stored = boss.voxels(f"{path}/{BOX}/0:4/", (4, *SHAPE))
    np.testing.assert_array_equal(stored[1], voxels)
    assert not stored[[0, 2, 3]].any()


def test_the_size_limit_is_bossdbs(boss: Boss) -> None:
    big = {"x_stop": 100_000, "y_stop": 100_000, "z_stop": 100_000}
    boss.make_experiment(**big)
    narrow, wide = boss.make_channel(), boss.make_channel("cells", "uint64")
    assert_error(boss.get(f"{narrow}/0:100000/0:100000/0:100000/"), 413, 2000)
    assert_error(boss.get(f"{narrow}/0:8192/0:1024/0:66/"), 413, 2000)
    # 64-bit voxels may be four times as many bytes.
    assert_error(boss.get(f"{wide}/0:8192/0:1024/0:33/"), 413, 2000)
    assert_error(boss.call("PUT", f"{narrow.replace('cutout', 'cutout/to_black')}/0:8192/0:1024/0:66/"), 413, 2000)


def test_unknown_and_marked_channels_are_not_found(boss: Boss) -> None:
    path = boss.make_channel()
    for wrong in ("cutout/no/exp/em/0", "cutout/col/no/em/0", "cutout/col/exp/no/0"):
        assert_error(boss.get(f"{wrong}/{BOX}/"), 404, 4000)
        assert_error(boss.send(f"{wrong}/{BOX}/", made(SHAPE, "uint8")), 404, 4000)
    assert boss.delete("collection/col/experiment/exp/channel/em").status_code == 204
    assert_error(boss.get(f"{path}/{BOX}/"), 404, 4005)
    assert_error(boss.send(f"{path}/{BOX}/", made(SHAPE, "uint8")), 404, 4005)


def test_voxels_follow_a_rename_and_the_old_name_is_free(boss: Boss) -> None:
    path = boss.make_channel()
    voxels = made(SHAPE, "uint8")
    boss.send(f"{path}/{BOX}/", voxels)
    assert boss.put("collection/col/experiment/exp/channel/em", {"name": "em2"}).status_code == 200
    assert boss.put("collection/col/experiment/exp", {"name": "exp2"}).status_code == 200
    assert boss.put("collection/col", {"name": "col2"}).status_code == 200
    np.testing.assert_array_equal(boss.voxels(f"cutout/col2/exp2/em2/0/{BOX}/", SHAPE), voxels)
    assert_error(boss.get(f"{path}/{BOX}/"), 404, 4000)
    boss.make_experiment("col", "exp3")
    body = {"type": "image", "datatype": "uint8"}
    assert boss.post("collection/col2/experiment/exp2/channel/em", body).status_code == 201
    assert not boss.voxels(f"cutout/col2/exp2/em/0/{BOX}/", SHAPE).any()


def test_a_write_makes_the_pyramid_stale(boss: Boss) -> None:
    path = boss.make_channel(downsample_status="DOWNSAMPLED")
    channel = "collection/col/experiment/exp/channel/em"
    assert boss.get(channel).get_json()["downsample_status"] == "DOWNSAMPLED"
    boss.send(f"{path}/{BOX}/", made(SHAPE, "uint8"))
    assert boss.get(channel).get_json()["downsample_status"] == "NOT_DOWNSAMPLED"
    other = boss.make_channel("failed", downsample_status="FAILED")
    boss.send(f"{other}/{BOX}/", made(SHAPE, "uint8"))
    assert boss.get(f"{channel[:-2]}failed").get_json()["downsample_status"] == "FAILED"


def test_head_is_a_get_without_a_body(boss: Boss) -> None:
    path = boss.make_channel()
    answer = boss.call("HEAD", f"{path}/{BOX}/")
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.mimetype == "application/blosc"


@pytest.mark.parametrize("sample", [-1, 1, 2**31 - 1])
def test_a_default_sample_that_there_is_not_is_refused(boss: Boss, snapshot: Any, sample: int) -> None:
    path = boss.make_channel() + "/0:3/0:4/0:5"
    assert boss.put("collection/col/experiment/exp/channel/em", {"default_time_sample": sample}).status_code == 200
    before = snapshot()
    assert_error(boss.get(path), 400, 1000)
    assert_error(boss.send(path, np.ones((5, 4, 3), np.uint8)), 400, 1000)
    assert_error(boss.put(path.replace("cutout/", "cutout/to_black/")), 400, 1000)
    assert_error(boss.get("image/col/exp/em/xy/0/0:3/0:4/0/"), 400, 1000)
    assert snapshot() == before
    assert boss.get(f"{path}/0:1").status_code == 200
