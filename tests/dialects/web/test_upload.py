"""Files that are dropped on a page become voxels, all of them or none, and nothing in them is trusted."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterable
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse, encode_multipart

from bosslet import config
from bosslet.app import create_app
from bosslet.catalog.records import Role
from bosslet.datastore import Datastore
from tests.dialects.boss.client import Boss

URL = "/view/col/exp/em/upload"
VOXELS = np.arange(3 * 5 * 7, dtype=np.uint8).reshape(3, 5, 7) + 1


def npy(voxels: NDArray[Any]) -> bytes:
    out = io.BytesIO()
    np.save(out, voxels, allow_pickle=True)
    return out.getvalue()


def tiff(voxels: NDArray[Any], **options: Any) -> bytes:
    out = io.BytesIO()
    tifffile.imwrite(out, voxels, photometric="minisblack", **options)
    return out.getvalue()


def png(plane: NDArray[Any]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(plane).save(out, "PNG")
    return out.getvalue()


def hdf5(voxels: NDArray[Any]) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file["voxels"] = voxels
    return out.getvalue()


def drop(boss: Boss, files: Iterable[tuple[str, bytes]], query: str = "", **options: Any) -> TestResponse:
    sent = [FileStorage(io.BytesIO(content), name) for name, content in files]
    boundary, body = encode_multipart(MultiDict([("files", file) for file in sent]))
    content_type = f"multipart/form-data; boundary={boundary}"
    return boss.call("POST", URL + query, data=body, content_type=content_type, **options)


@pytest.mark.parametrize(
    "files",
    [
        [("em.npy", npy(VOXELS))],
        [("em.npy", npy(np.asfortranarray(VOXELS)))],
        [("em.tif", tiff(VOXELS))],
        [("em.tiff", tiff(VOXELS, compression="zlib"))],
        [(f"slice{9 + z}.png", png(VOXELS[z])) for z in (2, 0, 1)],
        [(f"../../a/b{z}.tif", tiff(VOXELS[z])) for z in range(3)],
    ],
    ids=["npy", "in Fortran's order", "tiff", "compressed", "pictures in any order", "paths"],
)
def test_what_is_dropped_is_stored(boss: Boss, files: list[tuple[str, bytes]]) -> None:
    path = boss.make_channel()
    answer = drop(boss, files, "?z=10&y=20&x=30")
    assert answer.status_code == 201, answer.text
    found = boss.voxels(f"{path}/29:38/19:26/9:14/", (5, 7, 9))
    expected = np.zeros((5, 7, 9), np.uint8)
    expected[1:4, 1:6, 1:8] = VOXELS
    np.testing.assert_array_equal(found, expected)


def test_it_takes_the_place_of_what_is_there_and_of_the_levels(boss: Boss, datastore: Datastore) -> None:
    path = boss.make_channel("em", "uint16")
    boss.send(f"{path}/0:7/0:5/0:3/", np.full((3, 5, 7), 9, np.uint16))
    voxels = VOXELS.copy()
    voxels[0] = 0
    assert drop(boss, [("em.npy", npy(voxels))]).status_code == 201
    np.testing.assert_array_equal(boss.voxels(f"{path}/0:7/0:5/0:3/", (3, 5, 7), "uint16"), voxels)


def test_time_samples_follow_each_other(boss: Boss) -> None:
    boss.make_experiment(num_time_samples=4)
    boss.make_channel()
    assert drop(boss, [("em.npy", npy(np.stack([VOXELS, VOXELS + 1])))], "?t=2").status_code == 201
    found = boss.voxels("cutout/col/exp/em/0/0:7/0:5/0:3/1:4", (3, 3, 5, 7))
    np.testing.assert_array_equal(found, np.stack([VOXELS * 0, VOXELS, VOXELS + 1]))


HOSTILE = {
    "nothing": ([], 400),
    "empty": ([("em.npy", b"")], 400),
    "text": ([("em.txt", b"voxels")], 400),
    "a pickle": ([("em.npy", pickle.dumps(VOXELS))], 400),
    "objects": ([("em.npy", npy(np.array([[{}]], dtype=object)))], 400),
    "cut off": ([("em.npy", npy(VOXELS)[:-1])], 400),
    "a cut off picture": ([(f"{z}.png", png(VOXELS[z])[: -20 * (z == 2) or None]) for z in range(3)], 400),
    "another dtype": ([("em.npy", npy(VOXELS.astype(np.uint16)))], 400),
    "floats": ([("em.npy", npy(VOXELS.astype(float)))], 400),
    "outside": ([("em.npy", npy(np.ones((101, 2, 2), np.uint8)))], 400),
    "too many samples": ([("em.npy", npy(np.stack([VOXELS] * 2)))], 400),
    "HDF5": ([("em.h5", hdf5(VOXELS))], 400),
    "unlike pictures": ([("1.png", png(VOXELS[0])), ("2.png", png(VOXELS[1].T.copy()))], 400),
    "twice": ([("1.png", png(VOXELS[0])), ("a/1.png", png(VOXELS[1]))], 400),
    "large": ([("em.npy", npy(np.zeros((60, 200, 300), np.uint8)))], 413),
    "a bomb": ([("em.png", png(np.zeros((1 << 11, 1 << 11), np.uint8)))], 400),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_taken_changes_nothing(datastore: Datastore, snapshot: Any, name: str) -> None:
    boss = Boss(create_app(datastore, config.load(auth="open", max_cutout_bytes=3_000_000)).test_client())
    boss.make_channel()
    before = snapshot()
    files, status = HOSTILE[name]
    answer = drop(boss, files)
    assert answer.status_code in {status, 413}, answer.text
    assert "bosslet-upload" not in answer.text
    assert snapshot() == before


@pytest.mark.parametrize("query", ["?x=-1", "?x=1e3", "?x=9999999999999999", "?x=294", "?t=1"])
def test_places_that_there_are_not(boss: Boss, snapshot: Any, query: str) -> None:
    boss.make_channel()
    before = snapshot()
    assert drop(boss, [("em.npy", npy(VOXELS))], query).status_code == 400
    assert snapshot() == before


def test_a_body_has_to_say_how_long_it_is(boss: Boss) -> None:
    boss.make_channel()
    chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = boss.call("POST", URL, headers=headers, environ_overrides=chunked)
    assert answer.status_code == 411
    long = {"CONTENT_LENGTH": str(2**28 + 1)}
    assert boss.call("POST", URL, headers=headers, environ_overrides=long).status_code == 413


def test_who_may_put_voxels_in(as_user: Any, snapshot: Any) -> None:
    owner, plain, stranger = as_user("olga", Role.RESOURCE_MANAGER), as_user("plain"), as_user()
    owner.make_channel()
    before = snapshot()
    files = [("em.npy", npy(VOXELS))]
    assert drop(stranger, files).status_code == 401
    private = drop(plain, files)
    assert private.status_code == 404
    owner.put("collection/col/experiment/exp/channel/em", {"public": True})
    before = snapshot()
    assert drop(plain, files).status_code == 403
    assert drop(stranger, files).status_code == 401
    assert drop(owner, files, headers={"Origin": "http://evil.example"}).status_code == 403
    assert snapshot() == before
    assert drop(owner, files).status_code == 201


def test_options_of_the_command_are_not_for_a_page(boss: Boss) -> None:
    boss.make_channel()
    answer = drop(boss, [("em.png", png(np.zeros((5, 7, 3), np.uint8)))])
    assert answer.status_code == 400
    assert answer.get_json()["message"].endswith("--color 0 to 2 (of bosslet ingest; a page has no options)")
