"""Images and tiles: which voxels they show, in which format, and what is refused."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from werkzeug.test import TestResponse

from bosslet import config
from bosslet.app import create_app
from bosslet.catalog.records import Role
from bosslet.codecs.picture import PALETTE
from bosslet.datastore import Datastore
from tests.dialects.boss.client import Boss, assert_error

SHAPE = (100, 200, 300)
"""Of the frame."""


def made(dtype: str = "uint8") -> NDArray[Any]:
    return np.random.default_rng(0).integers(1, np.iinfo(dtype).max, SHAPE, dtype, endpoint=True)


@pytest.fixture
def voxels(boss: Boss) -> NDArray[Any]:
    written = made()
    boss.send(f"{boss.make_channel()}/0:300/0:200/0:100/", written.copy())
    return written


def pixels(answer: TestResponse, media_type: str = "image/png", mode: str = "L") -> NDArray[Any]:
    assert (answer.status_code, answer.mimetype) == (200, media_type), answer.text
    with Image.open(io.BytesIO(answer.data)) as image:
        assert image.get_format_mimetype() == media_type
        assert image.mode == mode
        return np.asarray(image)


PLANES = [
    ("xy/0/10:40/20:70/33", np.s_[33, 20:70, 10:40]),
    ("xz/0/10:40/33/20:70", np.s_[20:70, 33, 10:40]),
    ("yz/0/33/10:40/20:70", np.s_[20:70, 10:40, 33]),
    ("xy/0/0:300/0:200/99", np.s_[99]),
    ("xz/0/299:300/199/99:100", np.s_[99:, 199, 299:]),
]


@pytest.mark.parametrize("prefix", ["/v1", "/latest"])
@pytest.mark.parametrize(("place", "where"), PLANES)
def test_images_of_every_orientation(boss: Boss, voxels: NDArray[Any], place: str, where: Any, prefix: str) -> None:
    for tail in ("", "/", "/0", "/0/", "/0/plane.png", "/plane.png", "/0/a/b"):
        np.testing.assert_array_equal(pixels(boss.get(f"{prefix}/image/col/exp/em/{place}{tail}")), voxels[where])


@pytest.mark.parametrize(
    ("place", "where"),
    [
        ("xy/32/0/2/3/33", np.s_[33, 96:128, 64:96]),
        ("xz/32/0/2/33/1", np.s_[32:64, 33, 64:96]),
        ("yz/32/0/33/2/1", np.s_[32:64, 64:96, 33]),
        ("xy/100/0/2/1/0/", np.s_[0, 100:200, 200:300]),
        ("xy/1/0/299/199/99/0/tile.png", np.s_[99, 199:, 299:]),
    ],
)
def test_tiles_of_every_orientation(boss: Boss, voxels: NDArray[Any], place: str, where: Any) -> None:
    np.testing.assert_array_equal(pixels(boss.get(f"tile/col/exp/em/{place}")), voxels[where])


def test_samples_are_named_by_their_number(boss: Boss) -> None:
    boss.make_experiment(num_time_samples=3)
    path = boss.make_channel(default_time_sample=2)
    for time in (1, 2):
        boss.send(f"{path}/0:40/0:30/0:20/{time}:{time + 1}/", np.full((1, 20, 30, 40), time + 50, np.uint8))
    for service in ("image/col/exp/em/xy/0/0:40/0:30/5", "tile/col/exp/em/xy/20/0/1/0/5"):
        assert (pixels(boss.get(service)) == 52).all()
        assert (pixels(boss.get(f"{service}/1")) == 51).all()
        assert (pixels(boss.get(f"{service}/0/")) == 0).all()
        assert (pixels(boss.get(f"{service}/2/anything.png")) == 52).all()
        assert_error(boss.get(f"{service}/3"), 400, 1000)
        assert_error(boss.get(f"{service}/{'9' * 400}"), 400, 1002)


def test_a_level_above(boss: Boss, voxels: NDArray[Any]) -> None:
    boss.send("cutout/col/exp/em/1/0:40/0:30/0:20/", np.full((20, 30, 40), 9, np.uint8))
    assert (pixels(boss.get("image/col/exp/em/xy/1/0:40/0:30/5")) == 9).all()
    assert (pixels(boss.get("image/col/exp/em/xy/2/0:40/0:30/5")) == 0).all()


@pytest.mark.parametrize("dtype", ["uint16", "uint64"])
def test_wide_images_show_their_highest_byte(boss: Boss, dtype: str) -> None:
    written = made(dtype)[:20, :30, :40]
    boss.send(f"{boss.make_channel('wide', dtype, type='image')}/0:40/0:30/0:20/", written.copy())
    shown = pixels(boss.get("image/col/exp/wide/xy/0/0:40/0:30/7"))
    np.testing.assert_array_equal(shown, written[7] // 2 ** (8 * written.itemsize - 8))


@pytest.mark.parametrize("dtype", ["uint32", "uint64"])
def test_labels_are_coloured(boss: Boss, dtype: str) -> None:
    written = np.zeros((20, 30, 40), dtype)
    written[5:15, 8:16, 10:30] = np.iinfo(dtype).max
    boss.send(f"{boss.make_channel('seg', dtype)}/0:40/0:30/0:20/", written.copy())
    expected = np.zeros((20, 40, 4), np.uint8)
    expected[5:15, 10:30] = PALETTE[np.iinfo(dtype).max % 217]
    shown = pixels(boss.get("image/col/exp/seg/xz/0/0:40/12/0:20"), mode="RGBA")
    np.testing.assert_array_equal(shown, expected)
    flat = pixels(boss.get("image/col/exp/seg/xz/0/0:40/12/0:20?format=jpg"), "image/jpeg", "RGB")
    assert flat.shape == (20, 40, 3)


def test_never_written_labels_are_transparent(boss: Boss) -> None:
    boss.make_channel("seg", "uint64")
    assert not pixels(boss.get("tile/col/exp/seg/xy/64/0/1/1/1"), mode="RGBA").any()


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "image/png"),
        ("*/*", "image/png"),
        ("image/*", "image/png"),
        ("image/png", "image/png"),
        ("image/jpeg", "image/jpeg"),
        ("image/png;q=0.5, image/jpeg", "image/jpeg"),
        ("image/jpeg, */*;q=0.1", "image/jpeg"),
        ("text/html,application/xhtml+xml,image/avif,image/webp,*/*;q=0.8", "image/png"),
    ],
)
def test_the_client_chooses_the_format(boss: Boss, voxels: NDArray[Any], accept: str | None, media_type: str) -> None:
    headers = {"Accept": accept} if accept else {}
    for service in ("image/col/exp/em/xy/0/0:40/0:30/5", "tile/col/exp/em/xy/20/0/1/0/5"):
        pixels(boss.get(service, headers=headers), media_type)
        pixels(boss.get(f"{service}?format=jpg", headers=headers), "image/jpeg")
        pixels(boss.get(f"{service}?format=png", headers={"Accept": "image/jpeg"}), "image/png")


def test_a_jpeg_is_close_to_the_voxels(boss: Boss) -> None:
    smooth = np.broadcast_to(np.arange(40, 240, 4, dtype=np.uint8), (20, 30, 50))
    boss.send(f"{boss.make_channel()}/0:50/0:30/0:20/", smooth)
    shown = pixels(boss.get("image/col/exp/em/xy/0/0:50/0:30/5?format=jpg"), "image/jpeg")
    assert np.abs(shown.astype(int) - smooth[5]).max() < 6


REFUSED = {
    "image/col/exp/em/xy/0/0:40/0:30/5:6": 1002,
    "image/col/exp/em/xz/0/0:40/0:30/5:6": 1002,
    "image/col/exp/em/yz/0/0:40/0:30/5:6": 1002,
    "image/col/exp/em/xy/0/0:40/7/5": 1001,
    "image/col/exp/em/xy/0/7/0:40/5": 1001,
    "image/col/exp/em/yz/0/7/0:40/5": 1001,
    "image/col/exp/em/xy/0/0:301/0:30/5": 1001,
    "image/col/exp/em/xy/0/9:9/0:30/5": 1001,
    "image/col/exp/em/xy/0/9:5/0:30/5": 1001,
    "image/col/exp/em/xy/0/0:40/0:30/100": 1001,
    "image/col/exp/em/xy/4/0:40/0:30/5": 1002,
    "image/col/exp/em/xy/0/0:40/0:30/5/1": 1000,
    f"image/col/exp/em/xy/0/0:{'9' * 300}/0:30/5": 1002,
    f"image/col/exp/em/xy/0/0:40/0:30/{'9' * 300}": 1002,
    "image/col/exp/em/xy/0/0:40/0:30/5?access-mode=fast": 1001,
    "tile/col/exp/em/xy/0/0/0/0/5": 1001,
    "tile/col/exp/em/xy/64/0/4/0/5": 1001,
    "tile/col/exp/em/xy/64/0/0/3/5": 1001,
    "tile/col/exp/em/xy/64/0/0/0/100": 1001,
    "tile/col/exp/em/xz/64/0/0/0/1": 1001,
    "tile/col/exp/em/xy/999999999999/0/999999999999/0/5": 1001,
    f"tile/col/exp/em/xy/{'9' * 300}/0/0/0/5": 1002,
    "tile/col/exp/em/xy/64/4/0/0/5": 1002,
    "tile/col/exp/em/xy/64/0/0/0/5/1": 1000,
}


def test_requests_that_are_refused(boss: Boss, voxels: NDArray[Any], snapshot: Any) -> None:
    before = snapshot()
    for path, code in REFUSED.items():
        assert_error(boss.get(path), 400, code)
    for service in ("image/{}/xy/0/0:40/0:30/5", "tile/{}/xy/20/0/1/0/5"):
        path = service.format("col/exp/em")
        assert_error(boss.get(service.format("col/exp/none")), 404, 4000)
        assert_error(boss.get(path, headers={"Accept": "application/json"}), 406)
        assert_error(boss.get(path, headers={"Accept": "application/blosc"}), 406)
        assert_error(boss.get(f"{path}?format=bin"), 404)
        assert boss.post(path).status_code == 405
        for wrong in ("yx", "zy", "x", "xyz"):
            assert boss.get(path.replace("/xy/", f"/{wrong}/")).status_code == 404
    assert boss.get("tile/col/exp/em/xy/20/0/0:1/0/5").status_code == 404
    assert snapshot() == before


def test_what_is_deleted_is_not_shown(boss: Boss, voxels: NDArray[Any]) -> None:
    boss.delete("collection/col/experiment/exp/channel/em")
    assert_error(boss.get("image/col/exp/em/xy/0/0:40/0:30/5"), 404, 4005)
    assert_error(boss.get("tile/col/exp/em/xy/20/0/1/0/5"), 404, 4005)


def test_what_is_too_large_for_a_request_or_a_jpeg(datastore: Datastore) -> None:
    settings = config.load(auth="open", max_cutout_bytes=8 * 90_000)
    boss = Boss(create_app(datastore, settings).test_client())
    boss.make_experiment(x_stop=100_000)
    boss.make_channel("seg", "uint64")
    boss.make_channel("em", "uint8")
    assert pixels(boss.get("image/col/exp/seg/xy/0/0:90000/0:1/0"), mode="RGBA").shape == (1, 90_000, 4)
    assert_error(boss.get("image/col/exp/seg/xy/0/0:90001/0:1/0"), 413, 2000)
    assert_error(boss.get("tile/col/exp/seg/xy/301/0/0/0/0"), 400, 1001)
    assert boss.get("image/col/exp/em/xy/0/0:65500/0:1/0?format=jpg").status_code == 200
    assert_error(boss.get("image/col/exp/em/xy/0/0:65501/0:1/0?format=jpg"), 413, 2000)
    assert boss.get("image/col/exp/em/xy/0/0:65501/0:1/0").status_code == 200


def test_who_may_look(as_user: Any) -> None:
    owner, other, nobody = as_user("owner", Role.RESOURCE_MANAGER), as_user("other"), as_user()
    owner.make_channel()
    paths = ("image/col/exp/em/xy/0/0:40/0:30/5", "tile/col/exp/em/xy/20/0/1/0/5")
    for path in paths:
        pixels(owner.get(path))
        assert_error(other.get(path, headers={"Accept": "image/png"}), 403, 3001)
        assert_error(nobody.get(path), 403, 3001)
    owner.put("collection/col/experiment/exp/channel/em", {"public": True})
    for path in paths:
        pixels(other.get(path))
        pixels(nobody.get(path))


def test_pictures_count_towards_the_limits(datastore: Datastore) -> None:
    boss = Boss(create_app(datastore, config.load(auth="open", throttle_api_bytes=1199)).test_client())
    boss.make_channel("em", "uint8")
    for service in ("image/col/exp/em/xy/0/0:40/0:30/5", "tile/col/exp/em/xy/40/0/1/0/5"):
        pixels(boss.get(service))
        assert_error(boss.get(service), 429, 3004)
    usage = boss.get("/metric/usage").get_json()
    counted = {item["metric"]: item["value"] for item in usage if item["mtype"] == "egress"}
    assert (counted["api:image"], counted["api:tile"]) == (1200, 1600)
