"""Labels as meshes over HTTP: three formats, always of what is stored, for those who may see it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import zmesh
from werkzeug.test import TestResponse

from bosslet.catalog.records import Role
from bosslet.datastore import Datastore
from bosslet.dialects.mesh import objects
from bosslet.dialects.mesh.cache import SurfaceCache
from bosslet.dialects.mesh.surface import Surface
from bosslet.jobs.queue import downsample_now
from tests.dialects.boss.client import Boss

URL = "/mesh/col/exp/em"
PRECOMPUTED = "/precomputed/col/exp/em"
LABEL = 2**63 + 7


def fill(boss: Boss, **fields: Any) -> None:
    """A label that straddles blocks: x 60 to 70, y 50 to 80, z 30 to 35."""
    if fields:
        boss.make_experiment(**fields)
    path = boss.make_channel("em", "uint64", public=True)
    assert boss.send(f"{path}/60:70/50:80/30:35/", np.full((5, 30, 10), LABEL, np.uint64)).status_code == 201


def parsed(answer: TestResponse) -> zmesh.Mesh:
    assert answer.status_code == 200, answer.text
    return zmesh.Mesh.from_precomputed(answer.data)


def limits(mesh: zmesh.Mesh) -> list[list[float]]:
    return [mesh.vertices.min(0).tolist(), mesh.vertices.max(0).tolist()]


def test_positions_are_nanometers_and_faces_those_of_voxels(boss: Boss) -> None:
    fill(boss, x_voxel_size=2, y_voxel_size=3, z_voxel_size=5, voxel_unit="micrometers")
    mesh = parsed(boss.get(f"{URL}/{LABEL}"))
    assert limits(mesh) == [[120_000, 150_000, 150_000], [140_000, 240_000, 175_000]]
    assert mesh.faces.max() == len(mesh.vertices) - 1


def test_three_formats_hold_the_same(boss: Boss) -> None:
    fill(boss)
    mesh = parsed(boss.get(f"{URL}/{LABEL}"))
    ply = zmesh.Mesh.from_ply(boss.get(f"{URL}/{LABEL}.ply").data)
    lines = [line.split() for line in boss.get(f"{URL}/{LABEL}.obj").text.splitlines()]
    vertices = np.array([line[1:] for line in lines if line[0] == "v"], np.float32)
    faces = np.array([line[1:] for line in lines if line[0] == "f"], np.int64) - 1
    for other_vertices, other_faces in ((ply.vertices, ply.faces), (vertices, faces)):
        np.testing.assert_allclose(other_vertices, mesh.vertices)
        np.testing.assert_array_equal(other_faces, mesh.faces)


def test_a_precomputed_volume_has_its_meshes(boss: Boss) -> None:
    fill(boss, num_time_samples=2)
    for choices in ("", "/raw", "/t0", "/compressed_segmentation/t0"):
        base = f"{PRECOMPUTED}{choices}"
        assert boss.get(f"{base}/info").get_json()["mesh"] == "mesh"
        assert boss.get(f"{base}/mesh/info").get_json() == {"@type": "neuroglancer_legacy_mesh"}
        (fragment,) = boss.get(f"{base}/mesh/{LABEL}:0").get_json()["fragments"]
        assert limits(parsed(boss.get(f"{base}/mesh/{fragment}"))) == [[240, 200, 1050], [280, 320, 1225]]
    assert boss.get(f"{PRECOMPUTED}/t1/mesh/{LABEL}").status_code == 404
    assert boss.get(f"{URL}/{LABEL}?t=1").status_code == 404
    boss.send("cutout/col/exp/em/0/0:1/0:1/0:1/1:2", np.full((1, 1, 1, 1), LABEL, np.uint64))
    assert limits(parsed(boss.get(f"{PRECOMPUTED}/t1/mesh/{LABEL}"))) == [[0, 0, 0], [4, 4, 35]]
    assert "mesh" in boss.get(f"{PRECOMPUTED}/info?t=1").get_json()["mesh"]


def test_it_is_of_what_is_stored_now(boss: Boss, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(boss)
    made: list[int] = []
    plain = objects.surface
    monkeypatch.setattr(objects, "surface", lambda *arguments: made.append(1) or plain(*arguments))
    first = boss.get(f"{URL}/{LABEL}")
    again = boss.get(f"{URL}/{LABEL}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, len(made)) == (304, 1)
    boss.send("cutout/col/exp/em/0/70:75/50:80/30:35/", np.full((5, 30, 5), LABEL, np.uint64))
    assert limits(parsed(boss.get(f"{URL}/{LABEL}")))[1] == [300, 320, 1225]
    assert len(made) == 2
    boss.put("cutout/to_black/col/exp/em/0/0:300/0:200/0:100/")
    assert boss.get(f"{URL}/{LABEL}").status_code == 404


def test_what_is_too_large_comes_from_a_coarser_resolution(
    boss: Boss, datastore: Datastore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(boss)
    monkeypatch.setattr(objects, "MOST_VOXELS", 1400)
    answer = boss.get(f"{URL}/{LABEL}")
    assert answer.status_code == 413
    downsample_now(datastore, datastore.catalog.resources.channel("col", "exp", "em"), lambda *_: None)
    assert limits(parsed(boss.get(f"{URL}/{LABEL}"))) == [[240, 200, 1050], [280, 320, 1225]]
    monkeypatch.setattr(objects, "MOST_VOXELS", 1)
    assert boss.get(f"{URL}/{LABEL}").status_code == 413


def test_of_many_blocks_the_coarser_ones_are_looked_at(
    boss: Boss, datastore: Datastore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(boss)
    downsample_now(datastore, datastore.catalog.resources.channel("col", "exp", "em"), lambda *_: None)
    fine = len(parsed(boss.get(f"{URL}/{LABEL}")).faces)
    monkeypatch.setattr(objects, "MOST_BLOCKS", 1)
    assert len(parsed(boss.get(f"{URL}/{LABEL}")).faces) < fine


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{URL}/0", 404),
        (f"{URL}/1", 404),
        (f"{URL}/99999999999999999999", 404),
        (f"{URL}/999999999999999999999", 404),
        (f"{URL}/-1", 404),
        (f"{URL}/{LABEL}:1", 404),
        (f"{URL}/{LABEL}.stl", 404),
        (f"{URL}/{LABEL}?t=9", 400),
        (f"{URL}/{LABEL}?t=x", 400),
        (f"{PRECOMPUTED}/x/mesh/{LABEL}", 404),
        (f"{PRECOMPUTED}/t9/mesh/{LABEL}", 400),
        ("/mesh/col/exp/no/1", 404),
    ],
)
def test_what_there_is_not(boss: Boss, path: str, status: int) -> None:
    fill(boss)
    assert boss.get(path).status_code == status


def test_images_have_no_objects(boss: Boss) -> None:
    boss.make_channel()
    assert boss.get(f"{URL}/1").status_code == 400
    assert "mesh" not in boss.get(f"{PRECOMPUTED}/info").get_json()


def test_of_a_private_channel_nothing_is_told(as_user: Any) -> None:
    owner, stranger, plain = as_user("olga", Role.RESOURCE_MANAGER), as_user(), as_user("plain")
    fill(owner)
    owner.put("collection/col/experiment/exp/channel/em", {"public": False})
    assert owner.get(f"{URL}/{LABEL}").status_code == 200
    for reader in (stranger, plain):
        for base in (URL, f"{PRECOMPUTED}/mesh"):
            for name in ("info", f"{LABEL}:0", str(LABEL), "1"):
                private, absent = reader.get(f"{base}/{name}"), reader.get(f"{base}/{name}".replace("/em", "/no"))
                assert private.status_code == absent.status_code == 404
                assert private.text.replace("/em", "/no") == absent.text


def test_the_cache_holds_so_much() -> None:
    def of(count: int) -> Surface:
        return Surface(np.zeros((count, 3), np.float32), np.zeros((0, 3), np.uint32))

    cache = SurfaceCache(max_bytes=12 * 10)
    for key in "abc":
        cache.put(key, of(4))
    assert cache.get("a") is None
    assert cache.get("b") is not None
    cache.put("d", of(4))
    assert (cache.get("c"), cache.get("b") is None) == (None, False)
    cache.put("e", of(11))
    assert [cache.get(key) for key in "bcde"] == [None] * 4
