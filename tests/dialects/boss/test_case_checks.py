"""The judge of the cases judged: what it must let pass, and what it must not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from tests.dialects.boss.case_checks import complaints, equal, excludes, includes
from tests.dialects.boss.case_files import MalformedCase, filled, read_case, read_file
from tests.dialects.boss.case_voxels import ENCODERS, FILLS, Layer, Voxels, decoded, fill


def answer(status: int, content: bytes, media_type: str = "application/json", **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code, made._content = status, content
    made.headers.update({"Content-Type": media_type, **headers})
    return made


def judged(expect: dict[str, Any], given: requests.Response) -> list[str]:
    case = {"name": "n", "section": "1", "request": {"method": "GET", "path": "/"}, "expect": expect}
    return list(complaints(given, read_case(case).expect))


ERROR = json.dumps({"status": 404, "code": 4000, "message": "no such thing"}).encode()
FEW = {"dtype": "uint8", "shape": [1, 2, 3], "fill": "arange"}
FEW_BLOSC = Voxels("uint8", (1, 2, 3), fill="arange").encoded()


@pytest.mark.parametrize(
    ("expect", "given"),
    [
        ({"status": 404, "code": 4000}, answer(404, ERROR)),
        ({"status": [400, 404]}, answer(404, ERROR)),
        ({"status": 401, "detail": True}, answer(401, b'{"detail":"who?"}')),
        ({"status": 204, "empty": True}, answer(204, b"")),
        ({"status": 200, "headers": {"Allow": "*GET*", "X": None}}, answer(200, b"", Allow="HEAD, GET")),
        ({"status": 200, "json": {"a": [1, "<string>"]}, "keys": ["a"]}, answer(200, b'{"a":[1,"x"]}')),
        ({"status": 200, "voxels": FEW}, answer(200, FEW_BLOSC, "application/blosc")),
    ],
)
def test_what_is_as_expected(expect: dict[str, Any], given: requests.Response) -> None:
    assert judged(expect, given) == []


@pytest.mark.parametrize(
    ("expect", "given"),
    [
        ({"status": 200}, answer(404, ERROR)),
        ({"status": 404, "code": 4005}, answer(404, ERROR)),
        ({"status": 400, "code": 4000}, answer(400, ERROR)),
        ({"status": 404, "code": 4000}, answer(404, ERROR, "text/html")),
        ({"status": 404, "code": 4000}, answer(404, b"<html>")),
        ({"status": 401, "detail": True}, answer(401, b'{"detail":"who?","code":1}')),
        ({"status": 204, "empty": True}, answer(204, b" ")),
        ({"status": 200, "media_type": "text/html"}, answer(200, b"")),
        ({"status": 200, "headers": {"Allow": "*GET*"}}, answer(200, b"")),
        ({"status": 200, "headers": {"Allow": None}}, answer(200, b"", Allow="GET")),
        ({"status": 200, "keys": ["a", "b"]}, answer(200, b'{"b":1,"a":2}')),
        ({"status": 200, "json": {"a": 1}}, answer(200, b'{"a":1,"b":2}')),
        ({"status": 200, "json": {"a": 1}}, answer(200, b'{"a":true}')),
        ({"status": 200, "text_includes": ["4.0"]}, answer(200, b"4")),
        ({"status": 200, "voxels": {**FEW, "fill": "arange:1"}}, answer(200, FEW_BLOSC)),
        ({"status": 200, "voxels": {**FEW, "shape": [1, 2, 2]}}, answer(200, FEW_BLOSC)),
        ({"status": 200, "voxels": FEW}, answer(200, FEW_BLOSC[:-1])),
        ({"status": 200, "image": {"size": [1, 1], "mode": "L"}}, answer(200, b"no picture")),
    ],
)
def test_what_is_not_as_expected(expect: dict[str, Any], given: requests.Response) -> None:
    assert judged(expect, given) != []


def test_json_is_compared_in_whole_in_part_and_without_order() -> None:
    assert equal({"a": [1, 2]}, {"a": [1, 2]})
    assert not equal({"a": [2, 1]}, {"a": [1, 2]})
    assert equal([{"p": ["x", "y"]}, {"q": 1}], [{"q": 1}, {"p": ["y", "x"]}], unordered=True)
    assert not equal([1, 1], [1, 2], unordered=True)
    assert includes({"a": [1, {"b": 2, "c": 3}, 4]}, {"a": [{"b": 2}, 4]})
    assert not includes({"a": [4, {"b": 2}]}, {"a": [{"b": 2}, 4]})
    assert excludes({"a": [1, 2]}, {"a": [3]})
    assert not excludes({"a": [1, 2]}, {"a": [2]})
    assert not excludes({}, {"a": [2]})


@pytest.mark.parametrize("encoding", sorted(set(ENCODERS) - {"npygz-big-endian"}))
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint64"])
def test_every_encoding_is_read_back(encoding: str, dtype: str) -> None:
    voxels = Voxels(dtype, (2, 3, 4), encoding, "scatter:5")
    found = decoded(voxels.encoded(), encoding, dtype, voxels.shape)
    np.testing.assert_array_equal(found, voxels.array())
    assert found.dtype == dtype


def test_fills_are_the_arithmetic_that_they_are_described_as() -> None:
    shape, top = (2, 3, 400), 255
    index = np.arange(2400).reshape(shape)
    z, y, x = np.indices(shape)
    mixed = np.array([((2654435761 * (i + 1) + 40503 * 3) % 2**64 >> 7) % top + 1 for i in range(2400)]).reshape(shape)
    expected = {
        "const:9": np.full(shape, 9),
        "arange:7": (index + 7) % top + 1,
        "rows:50": (y + 50) % top + 1,
        "checker:200": np.where((z + y + x) % 2 == 0, 200, 0),
        "scatter:3": mixed,
    }
    assert {name.partition(":")[0] for name in expected} == set(FILLS)
    for name, values in expected.items():
        np.testing.assert_array_equal(fill(name, shape, "uint8"), values)


def test_layers_lie_on_each_other_and_are_cut_off() -> None:
    low, high = Layer("const:1", (1, 2, 2), (0, -1, 0)), Layer("checker:5", (1, 2, 9), (0, 0, 1))
    erase = Layer("const:0", (1, 1, 1), (0, 0, 1), "replace")
    voxels = Voxels("uint8", (1, 2, 4), layers=(low, high, erase))
    np.testing.assert_array_equal(voxels.array(), [[[1, 0, 0, 5], [0, 0, 5, 0]]])


@pytest.mark.parametrize(
    "wrong",
    [
        {"stauts": 200},
        {"as": "root"},
        {"mark": "KEPT"},
        {"expect": {"status": 200, "jsno": 1}},
        {"request": {"method": "GET", "path": "/", "json": 1, "text": "x"}},
        {"request": {"method": "POST", "path": "/", "voxels": {"dtype": "uint8", "shape": [1], "fill": "noise"}}},
        {"requires": ["luck"]},
    ],
)
def test_a_case_that_does_not_say_what_it_means_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    case = {"name": "n", "section": "1", "request": {"method": "GET", "path": "/"}, "expect": {"status": 200}}
    path = tmp_path / "file.json"
    path.write_text(json.dumps({"title": "t", "cases": [case | wrong]}))
    with pytest.raises(MalformedCase, match=r"file\.json"):
        read_file(path)


def test_names_are_filled_in_everywhere() -> None:
    assert filled({"{a}": ["x{a}{b}", 1, None]}, {"a": "1", "b": "2"}) == {"1": ["x12", 1, None]}
