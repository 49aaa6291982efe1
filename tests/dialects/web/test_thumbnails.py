"""A thumbnail is the middle slice, small and in proportion, of one resolution."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bosslet.catalog.records import Role
from bosslet.datastore import Datastore
from bosslet.jobs.queue import downsample_now
from bosslet.volume.volume import Volume
from tests.dialects.boss.client import Boss

URL = "/thumbnail/col/exp/em"


def picture(boss: Boss) -> Image.Image:
    answer = boss.get(URL)
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    return Image.open(io.BytesIO(answer.data))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the arrays that were read, one for each time."""
    paths: list[str] = []
    plain = Volume.read

    def noting(volume: Volume, *arguments: Any, **options: Any) -> Any:
        paths.append(volume.path)
        return plain(volume, *arguments, **options)

    monkeypatch.setattr(Volume, "read", noting)
    return paths


def test_it_is_the_middle_slice(boss: Boss) -> None:
    path = boss.make_channel()
    voxels = np.zeros((100, 200, 300), np.uint8)
    voxels[50, :100, 150:], voxels[49], voxels[51] = 200, 99, 99
    boss.send(f"{path}/0:300/0:200/0:100/", voxels)
    found = np.asarray(picture(boss))
    assert found.shape == (171, 256)
    assert (found[5, 250], found[5, 5], found[160, 250]) == (200, 0, 0)


def test_it_has_the_proportions_of_the_voxels(boss: Boss) -> None:
    boss.make_experiment(x_voxel_size=1, y_voxel_size=3)
    boss.make_channel("em", "uint64")
    boss.send("cutout/col/exp/em/0/0:300/0:200/50:51/", np.full((1, 200, 300), 2**40, np.uint64))
    found = picture(boss)
    assert found.size == (128, 256)
    assert len(set(found.convert("RGB").get_flattened_data())) == 1


@pytest.mark.parametrize(("wide", "high"), [(5e-324, 5e-324), (1e100, 5e-324), (5e-324, 1e100), (0, 4), (-1, -1)])
def test_voxels_of_any_size_have_a_picture(boss: Boss, wide: float, high: float) -> None:
    boss.make_experiment(x_voxel_size=wide, y_voxel_size=high)
    boss.make_channel()
    assert max(picture(boss).size) == 256


def test_wide_images_are_stretched(boss: Boss) -> None:
    boss.make_channel("em", "uint16")
    assert np.asarray(picture(boss)).max() == 0
    boss.send("cutout/col/exp/em/0/0:300/0:200/50:51/", np.full((1, 200, 300), 500, np.uint16))
    voxels = np.full((1, 200, 150), 700, np.uint16)
    boss.send("cutout/col/exp/em/0/0:150/0:200/50:51/", voxels)
    found = np.asarray(picture(boss))
    assert (found[9, 9], found[9, 250]) == (255, 0)


def test_one_resolution_is_read_and_not_much_of_it(boss: Boss, datastore: Datastore, read: list[str]) -> None:
    boss.make_experiment(x_stop=3000, y_stop=1100, z_stop=3)
    boss.make_channel()
    boss.send("cutout/col/exp/em/0/0:3000/0:1100/1:2/", np.full((1, 1100, 3000), 7, np.uint8))
    read.clear()
    assert picture(boss).size == (256, 256)  # a piece of the middle
    assert read == ["col/exp/em/0"]
    downsample_now(datastore, datastore.catalog.resources.channel("col", "exp", "em"), lambda *_: None)
    read.clear()
    found = picture(boss)
    assert found.size == (256, 94)
    assert set(found.get_flattened_data()) == {7}
    assert read == ["col/exp/em/3"]


def test_it_is_not_sent_twice(boss: Boss) -> None:
    boss.make_channel()
    tag = boss.get(URL).headers["ETag"]
    assert boss.get(URL, headers={"If-None-Match": tag}).status_code == 304
    boss.send("cutout/col/exp/em/0/0:300/0:200/50:51/", np.full((1, 200, 300), 9, np.uint8))
    assert boss.get(URL, headers={"If-None-Match": tag}).status_code == 200


def test_of_a_private_channel_there_is_none(as_user: Any) -> None:
    owner, stranger, plain = as_user("olga", Role.RESOURCE_MANAGER), as_user(), as_user("plain")
    owner.make_channel()
    assert owner.get(URL).status_code == 200
    for reader in (stranger, plain):
        for path in (URL, "/view/col/exp/em", "/view/col/exp/em/stored"):
            private, absent = reader.get(path), reader.get(path.replace("/em", "/no"))
            assert (private.status_code, private.data) == (404, absent.data)
