"""The viewer is served as it was shipped, and links say completely what it shows, of what the caller may see."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import numpy as np
import pytest

from bosslet.catalog.records import Role
from bosslet.catalog.viewer_states import ViewerStates
from bosslet.dialects.neuroglancer import client
from bosslet.dialects.neuroglancer.stored import MAX_STATE_BYTES
from tests.dialects.boss.client import Boss

LINK = "/ng/state?collection=col&experiment=exp"
STATE = {"layers": [{"type": "image", "name": "em", "source": "precomputed://http://localhost/precomputed/col/exp/em"}]}


def test_the_client_is_the_one_of_the_wheel_behind_a_shim(boss: Boss) -> None:
    page = boss.get("/ng/v/x/")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    scripts = re.findall(r'<script[^>]*src="([^"]+)"', page.text)
    assert scripts[0] == "/ng/static/start.js"
    styles = re.findall(r'href="([^"]+)" rel="stylesheet"', page.text)
    folder = client.folder()
    assert folder is not None
    for name in (*scripts[1:], *styles):
        with boss.get(f"/ng/v/x/{name}") as answer:
            assert answer.status_code == 200
            assert answer.data == (folder / name).read_bytes()
    assert "wasm-unsafe-eval" in page.headers["Content-Security-Policy"]
    assert boss.get("/ng/v/x/none.js").status_code == 404
    assert boss.get("/ng/v/x/..%2f..%2f__init__.py").status_code == 404


def test_without_the_wheel_the_page_says_how_to_get_it(boss: Boss, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "folder", lambda: None)
    page = boss.get("/ng/")
    assert page.status_code == 501
    assert "pip install 'bosslet[viewer]'" in page.text
    assert boss.get("/ng/v/x/main.js").status_code == 404


def test_a_link_is_the_whole_state(boss: Boss) -> None:
    boss.make_experiment(z_start=10, x_voxel_size=5, voxel_unit="micrometers")
    boss.make_channel("em", "uint16")
    boss.make_channel("cells", "uint64")
    voxels = np.arange(1000, 1000 + 90 * 6 * 7, dtype=np.uint16).reshape(90, 6, 7)
    boss.send("cutout/col/exp/em/0/147:154/97:103/10:100/", voxels)
    state = boss.get(f"{LINK}&channel=cells&channel=em&segment=7&segment=18446744073709551615").get_json()
    assert state["dimensions"] == {"x": [5e-6, "m"], "y": [4e-6, "m"], "z": [pytest.approx(35e-6), "m"]}
    assert state["position"] == [150, 100, 55]
    em, cells = state["layers"]
    assert (em["type"], em["name"]) == ("image", "em")
    assert em["source"] == "precomputed://http://localhost/precomputed/col/exp/em"
    low, high = em["shaderControls"]["normalized"]["range"]
    assert 1000 < low < high < 1000 + 90 * 42
    assert not state["showSlices"]
    assert boss.get(f"{LINK}&channel=cells").get_json()["showSlices"]
    assert cells["segments"] == ["7", "18446744073709551615"]
    assert (cells["type"], cells["source"]) == (
        "segmentation",
        "precomputed://http://localhost/precomputed/col/exp/cells",
    )
    assert state["crossSectionScale"] == 1.0  # there is no coarser level that shows what is stored


def test_an_experiment_is_all_of_its_channels(boss: Boss) -> None:
    for name, datatype in (("cells", "uint64"), ("em", "uint8"), ("gone", "uint8")):
        boss.make_channel(name, datatype)
    boss.delete("collection/col/experiment/exp/channel/gone")
    assert [layer["name"] for layer in boss.get(LINK).get_json()["layers"]] == ["em", "cells"]


def test_sources_and_time_samples_are_chosen(boss: Boss) -> None:
    boss.make_experiment(num_time_samples=3)
    boss.make_channel()
    sources = [
        boss.get(f"{LINK}&channel=em&{choice}").get_json()["layers"][0]["source"]
        for choice in ("t=2", "source=zarr", "source=boss")
    ]
    assert sources == [
        "precomputed://http://localhost/precomputed/col/exp/em/t2",
        "zarr3://http://localhost/zarr/col/exp/em.ome.zarr/",
        "boss://http://localhost/col/exp/em",
    ]


def test_an_image_without_voxels_has_the_whole_range(boss: Boss) -> None:
    boss.make_channel("em", "uint16")
    (layer,) = boss.get(LINK).get_json()["layers"]
    assert layer["shaderControls"]["normalized"]["range"] == [0, 65535]
    boss.send("cutout/col/exp/em/0/0:300/0:200/40:60/", np.full((20, 200, 300), 9, np.uint16))
    (layer,) = boss.get(LINK).get_json()["layers"]
    assert layer["shaderControls"]["normalized"]["range"] == [0, 9]


def test_an_empty_frame_can_be_opened(boss: Boss) -> None:
    boss.make_experiment(x_start=10, x_stop=5)
    boss.make_channel()
    assert boss.get(LINK).status_code == 200


@pytest.mark.parametrize("size", [0, -4, 5e-324])
def test_voxels_without_a_size_cannot_be_shown(boss: Boss, size: float) -> None:
    boss.make_experiment(x_voxel_size=size)
    boss.make_channel()
    assert boss.get(LINK).status_code == 409


def test_the_page_is_given_the_state_of_its_query(boss: Boss) -> None:
    boss.make_channel("em", description='"><script>')
    found = boss.get("/ng/?collection=col&experiment=exp&channel=em")
    assert (found.status_code, found.headers["Location"]) == (302, "/ng/v/x/?collection=col&experiment=exp&channel=em")
    page = boss.get(found.headers["Location"]).text
    (data,) = re.findall(r'data-state="([^"]*)"', page)
    state = json.loads(html.unescape(data))
    assert state["layers"][0]["source"] == "precomputed://{origin}/precomputed/col/exp/em"
    assert boss.get("/ng/", follow_redirects=True).status_code == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("collection=col", 400),
        ("collection=col&experiment=exp&channel=em&source=x", 400),
        ("collection=col&experiment=exp&channel=em&t=x", 400),
        ("collection=col&experiment=exp&channel=em&t=1", 400),
        ("collection=col&experiment=exp&channel=em&t=0&source=boss", 400),
        ("collection=col&experiment=exp&channel=em&t=0&source=zarr", 400),
        ("collection=col&experiment=exp&channel=em&segment=-1", 400),
        ("collection=col&experiment=exp&channel=em&channel=none", 404),
        ("collection=none&experiment=exp", 404),
        ("collection=col&experiment=none", 404),
        ("state=none", 404),
    ],
)
def test_what_makes_no_sense_is_said(boss: Boss, query: str, status: int) -> None:
    boss.make_channel()
    assert boss.get(f"/ng/state?{query}").status_code == status
    if query:
        assert boss.get(f"/ng/?{query}").status_code == status


def test_a_state_gets_a_short_name(boss: Boss) -> None:
    answer = boss.post("/ng/state", STATE)
    assert answer.status_code == 201
    url, name = answer.get_json()["url"], answer.get_json()["name"]
    assert url == f"http://localhost/ng/{name}"
    assert boss.get(f"/ng/state/{name}").get_json() == STATE
    page = boss.get(f"/ng/{name}", follow_redirects=True).text
    assert json.loads(html.unescape(re.findall(r'data-state="([^"]*)"', page)[0])) == STATE
    assert boss.delete(f"/ng/state/{name}").status_code == 204
    assert boss.get(f"/ng/{name}").status_code == boss.get(f"/ng/state/{name}").status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b'{"layers": {}}', 400),
        (b'{"layers": [NaN]}', 400),
        (b'{"layers": [1e999]}', 400),
        (b"[" * 100_000, 400),
        (b'{"layers": ["' + b"a" * MAX_STATE_BYTES + b'"]}', 413),
    ],
    ids=["nothing", "cut off", "a list", "no layers", "not JSON", "too large a number", "deep", "large"],
)
def test_what_is_no_state_is_not_stored(boss: Boss, snapshot: Any, body: bytes, status: int) -> None:
    before = snapshot()
    assert boss.call("POST", "/ng/state", data=body).status_code == status
    assert snapshot() == before


def test_when_there_is_no_room_nothing_is_stored(boss: Boss, snapshot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ViewerStates.keep, "__defaults__", (10,))
    before = snapshot()
    assert boss.post("/ng/state", STATE).status_code == 507
    assert snapshot() == before


def test_another_site_stores_nothing(boss: Boss, snapshot: Any) -> None:
    before = snapshot()
    assert boss.post("/ng/state", STATE, headers={"Origin": "http://evil.example"}).status_code == 403
    assert snapshot() == before


def test_who_may_store_and_remove_states(as_user: Any) -> None:
    ann, bob, admin = as_user("ann"), as_user("bob"), as_user("bossadmin")
    assert as_user().post("/ng/state", STATE).status_code == 401
    assert as_user(token="public").post("/ng/state", STATE).status_code == 403
    name, other = (ann.post("/ng/state", STATE).get_json()["name"] for _ in range(2))
    assert as_user().get(f"/ng/state/{name}").get_json() == STATE
    assert as_user().delete(f"/ng/state/{name}").status_code == 401
    assert bob.delete(f"/ng/state/{name}").status_code == 403
    assert ann.delete(f"/ng/state/{name}").status_code == 204
    assert admin.delete(f"/ng/state/{other}").status_code == 204


def test_a_link_to_a_private_channel_is_one_to_nothing(as_user: Any) -> None:
    olga, plain, stranger = as_user("olga", Role.RESOURCE_MANAGER), as_user("plain"), as_user()
    olga.make_channel("secret")
    olga.make_channel("open", public=True)
    for reader in (plain, stranger):
        for kind in ("/ng/state", "/ng/", "/ng/v/x/"):
            private, absent = (
                reader.get(f"{kind}?collection=col&experiment=exp&channel={name}") for name in ("secret", "absent")
            )
            assert private.status_code == absent.status_code == 404
            assert private.text.replace("secret", "absent") == absent.text
        assert [layer["name"] for layer in reader.get(LINK).get_json()["layers"]] == ["open"]
    names = [layer["name"] for layer in olga.get(LINK).get_json()["layers"]]
    assert names == ["secret", "open"]
    for name in ("secret", "open"):
        olga.delete(f"collection/col/experiment/exp/channel/{name}")
    assert stranger.get(LINK).text.replace("exp", "none") == stranger.get(LINK.replace("=exp", "=none")).text
