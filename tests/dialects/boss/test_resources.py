"""Collections, coordinate frames, experiments and channels: every field, code and deletion rule of the API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.boss.client import FRAME, Boss, assert_error

EXPERIMENT = "collection/col/experiment/exp"
CHANNEL = f"{EXPERIMENT}/channel/em"
IMAGE = {"type": "image", "datatype": "uint8"}


def keys(answer: Any) -> list[str]:
    """The keys of a JSON object, in the order sent."""
    return list(answer.get_json())


def test_a_collection_lives(boss: Boss) -> None:
    answer = boss.post("collection/c1", {"description": " hello ", "name": "other", "unknown": 1})
    assert answer.status_code == 201
    assert answer.get_json() == {
        "name": "c1",
        "public": False,
        "description": "hello",
        "experiments": [],
        "creator": "bossadmin",
    }
    assert keys(boss.get("collection/c1")) == ["name", "public", "description", "experiments", "creator"]
    assert boss.get("collection/").get_json() == {"collections": ["c1"]}
    changed = boss.put("collection/c1", {"name": "c2", "public": True, "experiments": ["x"]})
    assert (changed.status_code, changed.get_json()["name"], changed.get_json()["public"]) == (200, "c2", True)
    assert_error(boss.get("collection/c1"), 404, 4000)
    assert boss.delete("collection/c2").status_code == 204
    assert boss.delete("collection/c2").status_code == 204
    assert_error(boss.get("collection/c2"), 404, 4005)
    assert boss.get("collection/").get_json() == {"collections": []}
    assert_error(boss.post("collection/c2"), 400, 1003)
    assert boss.put("collection/c2", {"description": "still here"}).status_code == 200
    assert_error(boss.get("collection/c2"), 404, 4005)


@pytest.mark.parametrize("body", [None, "", "{}", "  "])
def test_a_post_without_a_body_is_one_without_fields(boss: Boss, body: str | None) -> None:
    answer = boss.call("POST", "collection/c1", data=body, content_type="application/json")
    assert answer.status_code == 201
    assert answer.get_json()["description"] == ""


def test_forms_are_taken_as_well_as_json(boss: Boss) -> None:
    answer = boss.call("POST", "collection/c1", data={"description": "from a form", "public": "true"})
    assert answer.get_json()["description"] == "from a form"
    assert answer.get_json()["public"] is True
    answer = boss.call("PUT", "collection/c1", data={"description": "multipart"}, content_type="multipart/form-data")
    assert answer.get_json()["description"] == "multipart"


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        ("{", "application/json", 400, None),
        ("[" * 100_000, "application/json", 400, None),
        ('{"description": ' + "1" * 6000 + "}", "application/json", 400, None),
        ("[]", "application/json", 400, 1003),
        ('"text"', "application/json", 400, 1003),
        ("description: yaml", "text/yaml", 415, None),
        ('{"description": null}', "application/json", 400, 1003),
        ('{"description": true}', "application/json", 400, 1003),
        ('{"description": []}', "application/json", 400, 1003),
        ('{"description": "\\ud800"}', "application/json", 400, 1003),
        ('{"description": "' + "x" * 4097 + '"}', "application/json", 400, 1003),
        ('{"public": null}', "application/json", 400, 1003),
        ('{"public": "perhaps"}', "application/json", 400, 1003),
        ('{"public": 2}', "application/json", 400, 1003),
    ],
)
def test_a_wrong_body_makes_nothing(boss: Boss, body: str, content_type: str, status: int, code: int | None) -> None:
    assert_error(boss.call("POST", "collection/c1", data=body, content_type=content_type), status, code)
    assert boss.get("collection/").get_json() == {"collections": []}


@pytest.mark.parametrize("name", ["a" * 256, "a.b", "a b", "ä", "４", "a%00b", "a;b", "..."])
def test_a_name_is_ascii_letters_digits_dash_and_underscore(boss: Boss, name: str) -> None:
    for path in (f"collection/{name}", f"coord/{name}"):
        assert_error(boss.post(path, FRAME), 400, 1003)
        assert_error(boss.get(path), 404, 4000)
    boss.make_channel()
    assert_error(boss.post(f"{EXPERIMENT}/channel/{name}", IMAGE), 400, 1003)
    assert_error(boss.put("collection/col", {"name": name}), 400, 1003)


def test_names_may_be_long_and_start_with_anything(boss: Boss) -> None:
    for name in ("-", "_", "0", "a" * 255, "C1", "c1"):
        assert boss.post(f"collection/{name}").status_code == 201
    assert boss.get("collection/").get_json()["collections"] == ["-", "_", "0", "a" * 255, "C1", "c1"]


def test_slashes(boss: Boss) -> None:
    boss.make_channel()
    for path in ("collection//", "coord//", "collection/", "collection/col", "collection/col/", CHANNEL, f"{CHANNEL}/"):
        assert boss.get(path).status_code == 200, path
    for path in ("collection", "coord"):
        for method in ("GET", "POST"):
            answer = boss.call(method, f"{path}?a=b")
            assert (answer.status_code, answer.headers["Location"]) == (301, f"/v1/{path}/?a=b")
            assert answer.data == b""
    assert boss.get("/ping").status_code == 301
    assert list(boss.get("/ping/").get_json()) == ["ip"]
    assert boss.post("/ping/").status_code == 405


@pytest.mark.parametrize("version", [f"v0.{minor}" for minor in range(1, 9)])
def test_old_versions_are_told_apart_from_unknown_urls(boss: Boss, version: str) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        for tail in ("", "collection/", "a/b/c"):
            assert_error(boss.call(method, f"/{version}/{tail}"), 400, 9003)
    assert boss.call("PATCH", f"/{version}/collection/").status_code == 405
    for path in ("/v1/", "/v2/collection/", "/v1/nothing", "/nothing"):
        assert boss.get(path).status_code == 404


def test_a_frame_lives(boss: Boss) -> None:
    assert boss.post("coord/cf", FRAME | {"x_start": "5", "x_stop": 300.0, "y_voxel_size": "4.5"}).status_code == 201
    expected = {
        "name": "cf",
        "description": "",
        "x_start": 5,
        "x_stop": 300,
        "y_start": 0,
        "y_stop": 200,
        "z_start": 0,
        "z_stop": 100,
        "x_voxel_size": 4.0,
        "y_voxel_size": 4.5,
        "z_voxel_size": 35.0,
        "voxel_unit": "nanometers",
    }
    answer = boss.get("coord/cf")
    assert answer.get_json() == expected
    assert keys(answer) == list(expected)
    assert b'"x_voxel_size":4.0' in answer.data
    assert boss.put("coord/cf", {"description": "d", "name": "cf2"}).get_json()["name"] == "cf2"
    assert_error(boss.put("coord/cf2", {"x_stop": 5}), 400, 1003)
    assert boss.get("coord/?owner=True").get_json() == {"coords": ["cf2"]}
    assert_error(boss.post("coord/"), 400, 1003)
    assert boss.delete("coord/cf2").status_code == 204
    assert boss.get("coord/").get_json() == {"coords": []}
    assert_error(boss.get("coord/cf2"), 404, 4005)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("x_start", 1.5),
        ("x_start", True),
        ("x_start", ""),
        ("x_start", None),
        ("x_start", "1_0"),
        ("x_start", "４"),
        ("x_stop", 2**31),
        ("y_stop", -(2**31) - 1),
        ("z_stop", "9" * 5000),
        ("x_voxel_size", "1_0"),
        ("y_voxel_size", "１"),
        ("z_voxel_size", 1e101),
        ("x_voxel_size", "thin"),
        ("x_voxel_size", "nan"),
        ("x_voxel_size", [4]),
        ("voxel_unit", "Nanometers"),
        ("voxel_unit", "inches"),
        ("voxel_unit", ["nanometers"]),
    ],
)
def test_a_frame_with_a_wrong_field_is_refused(boss: Boss, field: str, value: Any) -> None:
    answer = boss.post("coord/cf", FRAME | {field: value})
    assert_error(answer, 400, 1003)
    assert field in answer.get_json()["message"]
    assert boss.get("coord/").get_json() == {"coords": []}


def test_every_field_of_a_frame_is_required(boss: Boss) -> None:
    for field in FRAME:
        assert_error(boss.post("coord/cf", {key: value for key, value in FRAME.items() if key != field}), 400, 1003)


def test_a_frame_may_be_odd(boss: Boss) -> None:
    odd = {"x_start": 10, "x_stop": 5, "y_start": -9, "y_stop": -1, "z_voxel_size": -3, "x_voxel_size": 0}
    boss.make_experiment(**odd)
    assert boss.get("coord/col_exp").get_json()["y_stop"] == -1
    path = boss.make_channel()
    assert_error(boss.get(f"{path}/5:6/0:1/0:1/"), 400, 1001)


def test_an_experiment_lives(boss: Boss) -> None:
    boss.make_experiment()
    answer = boss.get(EXPERIMENT)
    assert answer.get_json() == {
        "channels": [],
        "name": "exp",
        "public": False,
        "description": "",
        "collection": "col",
        "coord_frame": "col_exp",
        "num_hierarchy_levels": 4,
        "hierarchy_method": "anisotropic",
        "num_time_samples": 1,
        "time_step": None,
        "time_step_unit": None,
        "creator": "bossadmin",
    }
    assert keys(answer)[0] == "channels"
    assert keys(answer)[-1] == "creator"
    changed = boss.put(EXPERIMENT, {"hierarchy_method": "isotropic", "time_step": 2, "time_step_unit": "seconds"})
    assert changed.get_json()["hierarchy_method"] == "isotropic"
    for body in ({"coord_frame": "x"}, {"creator": "me"}, {"hierarchy_method": "iso"}, {"time_step_unit": "years"}):
        assert_error(boss.put(EXPERIMENT, body), 400, 1003)
    assert boss.get("collection/col").get_json()["experiments"] == ["exp"]
    assert boss.get("collection/col/experiment/").get_json() == {"experiments": ["exp"]}
    assert_error(boss.get("collection/no/experiment/"), 404, 4000)
    assert boss.put(EXPERIMENT, {"time_step": None, "time_step_unit": None}).get_json()["time_step"] is None


def test_an_experiment_needs_a_collection_and_a_frame(boss: Boss) -> None:
    boss.post("collection/col")
    assert_error(boss.post("collection/no/experiment/e", {"coord_frame": "cf"}), 404, 4000)
    assert_error(boss.post(EXPERIMENT, {}), 400, 1003)
    assert_error(boss.post(EXPERIMENT, {"coord_frame": ["cf"]}), 400, 1003)
    assert_error(boss.post(EXPERIMENT, {"coord_frame": "cf"}), 404, 4000)


def test_renaming_onto_a_name_that_is_taken_is_refused(boss: Boss) -> None:
    boss.make_channel()
    boss.make_channel("other")
    assert_error(boss.put(CHANNEL, {"name": "other"}), 400, 1003)
    boss.post("collection/taken")
    assert_error(boss.put("collection/col", {"name": "taken"}), 400, 1003)
    boss.post("coord/taken", FRAME)
    assert_error(boss.put("coord/col_exp", {"name": "taken"}), 400, 1003)
    boss.post("collection/col/experiment/taken", {"coord_frame": "taken"})
    assert_error(boss.put(EXPERIMENT, {"name": "taken"}), 400, 1003)
    assert boss.put(CHANNEL, {"name": "em"}).status_code == 200


def test_a_channel_lives(boss: Boss) -> None:
    boss.make_channel("raw")
    boss.make_channel("em", "uint64", sources=["raw"])
    boss.make_channel("mask", "uint8", type="annotation", related=["em"])
    answer = boss.get(CHANNEL)
    assert answer.get_json() == {
        "name": "em",
        "public": False,
        "description": "",
        "experiment": "exp",
        "default_time_sample": 0,
        "type": "annotation",
        "base_resolution": 0,
        "datatype": "uint64",
        "creator": "bossadmin",
        "sources": ["raw"],
        "downsample_status": "NOT_DOWNSAMPLED",
        "related": ["mask"],
        "storage_type": "spdb",
        "bucket": None,
        "cv_path": None,
    }
    assert keys(answer)[0] == "name"
    assert keys(answer)[-1] == "cv_path"
    assert boss.get(f"{EXPERIMENT}/channel/").get_json() == {"channels": ["raw", "em", "mask"]}
    assert boss.get(f"{EXPERIMENT}/channel/mask").get_json()["related"] == ["em"]
    assert_error(boss.get(f"{EXPERIMENT}/channel/no"), 404, 4000)
    assert_error(boss.get("collection/no/experiment/exp/channel/"), 404, 4000)
    assert_error(boss.get("collection/col/experiment/no/channel/"), 404, 4000)


def test_changing_a_channel_wipes_the_lists_that_are_left_out(boss: Boss) -> None:
    boss.make_channel("raw")
    boss.make_channel("em", sources=["raw"])
    assert boss.put(CHANNEL, {"sources": ["raw"], "description": "kept"}).get_json()["sources"] == ["raw"]
    changed = boss.put(CHANNEL, {"public": True}).get_json()
    assert (changed["sources"], changed["public"], changed["description"]) == ([], True, "kept")
    for body in ({"datatype": "uint16"}, {"type": "annotation"}, {"downsample_status": "FAILED"}, {"x": 1}):
        assert_error(boss.put(CHANNEL, body), 400, 1003)
    assert_error(boss.put(CHANNEL, {"sources": ["no"]}), 400, 1003)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"type": "image"},
        {"datatype": "uint8"},
        IMAGE | {"type": "Image"},
        IMAGE | {"datatype": "float32"},
        IMAGE | {"datatype": ["uint8"]},
        IMAGE | {"default_time_sample": 1},
        IMAGE | {"sources": ["no"]},
        IMAGE | {"sources": "raw"},
        IMAGE | {"sources": ["raw"], "related": ["raw"]},
        IMAGE | {"related": [1]},
        IMAGE | {"storage_type": "s3"},
        IMAGE | {"downsample_status": "DONE"},
        IMAGE | {"cv_path": "/somewhere"},
        IMAGE | {"bucket": ""},
        IMAGE | {"bucket": "b" * 65},
        IMAGE | {"storage_type": "cloudvol", "cv_path": "\ud800"},
    ],
)
def test_a_channel_with_wrong_fields_is_refused(boss: Boss, snapshot: Any, fields: dict[str, Any]) -> None:
    boss.make_channel("raw")
    before = snapshot()
    assert_error(boss.post(CHANNEL, fields), 400, 1003)
    assert snapshot() == before


def test_an_empty_path_is_none(boss: Boss) -> None:
    boss.make_experiment()
    assert boss.post(CHANNEL, IMAGE | {"cv_path": ""}).get_json()["cv_path"] is None


def test_a_cloudvol_channel_counts_as_downsampled(boss: Boss) -> None:
    boss.make_experiment()
    answer = boss.post(CHANNEL, IMAGE | {"storage_type": "cloudvol"}).get_json()
    assert (answer["cv_path"], answer["downsample_status"]) == ("/col/exp/em", "DOWNSAMPLED")


def test_parents_are_deleted_after_their_children(boss: Boss) -> None:
    boss.make_channel("raw")
    boss.make_channel("em", sources=["raw"])
    assert_error(boss.delete("collection/col"), 400, 4003)
    assert_error(boss.delete(EXPERIMENT), 400, 4003)
    assert_error(boss.delete("coord/col_exp"), 400, 4003)
    assert_error(boss.delete(f"{EXPERIMENT}/channel/raw"), 400, 4003)
    for path in (CHANNEL, f"{EXPERIMENT}/channel/raw", EXPERIMENT, "coord/col_exp", "collection/col"):
        assert boss.delete(path).status_code == 204, path
        assert_error(boss.get(path), 404, 4005)
    assert_error(boss.post(CHANNEL, IMAGE), 400, 1003)


@pytest.mark.parametrize(
    ("accept", "status", "media_type"),
    [
        (None, 200, "application/json"),
        ("*/*", 200, "application/json"),
        ("application/json", 200, "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", 200, "text/html"),
        ("application/blosc", 406, "application/json"),
        ("image/png", 406, "application/json"),
    ],
)
def test_accept(boss: Boss, accept: str | None, status: int, media_type: str) -> None:
    boss.make_channel(description="<script>alert(1)</script>")
    answer = boss.get(CHANNEL, headers={"Accept": accept} if accept else {})
    assert (answer.status_code, answer.mimetype) == (status, media_type)
    if media_type == "text/html":
        assert "<script>" not in answer.text


def test_format_beats_accept(boss: Boss) -> None:
    assert boss.get("collection/?format=json", headers={"Accept": "text/html"}).mimetype == "application/json"
    assert boss.get("collection/?format=api").mimetype == "text/html"
    assert_error(boss.get("collection/?format=xml"), 404)


def test_a_get_may_carry_any_content_type_and_body(boss: Boss) -> None:
    for content_type in ("application/blosc", "application/json", "text/plain"):
        assert boss.get("collection/", data="{}", content_type=content_type).status_code == 200


def test_wrong_methods(boss: Boss) -> None:
    boss.make_channel()
    for method, path in (("POST", "collection/"), ("PATCH", "collection/col"), ("PUT", "coord/"), ("DELETE", "coord/")):
        assert_error(boss.call(method, path), 405)


def test_cors(boss: Boss) -> None:
    plain = boss.get("collection/")
    assert "Access-Control-Allow-Origin" not in plain.headers
    for path in ("collection/", "collection/none"):
        assert boss.get(path, headers={"Origin": "http://a"}).headers["Access-Control-Allow-Origin"] == "*"
    preflight = {"Origin": "http://a", "Access-Control-Request-Method": "POST"}
    answer = boss.call("OPTIONS", "cutout/a/b/c/0/0:1/0:1/0:1/", headers=preflight)
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Max-Age"] == "86400"
    assert "authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert answer.headers["Access-Control-Allow-Methods"] == "DELETE, GET, OPTIONS, PATCH, POST, PUT"


@pytest.mark.parametrize(
    ("path", "name", "renders", "parses"),
    [
        ("collection/", "Collection List", "application/json", "multipart/form-data"),
        ("cutout/a/b/c/0/0:1/0:1/0:1", "Cutout", "application/npygz", "application/blosc"),
        ("tile/a/b/c/xy/8/0/0/0/0", "Tile", "image/png", "application/json"),
    ],
)
def test_a_plain_options_describes_the_resource(boss: Boss, path: str, name: str, renders: str, parses: str) -> None:
    answer = boss.call("OPTIONS", path)
    assert answer.status_code == 200
    described = answer.get_json()
    assert list(described) == ["name", "description", "renders", "parses"]
    assert described["name"] == name
    assert described["description"]
    assert renders in described["renders"]
    assert parses in described["parses"]
    assert "image/jpeg" not in described["parses"]
    assert "GET" in answer.headers["Allow"]
