"""What the description of the API says is tried on the application: nothing breaks, and every answer is as described.

Schemathesis makes requests out of the description, right ones and wrong ones. It is told a few names, boxes and values
that mean something here, or it would hardly ever find anything; each operation begins on the same store.
``SCHEMATHESIS_EXAMPLES=500 pytest tests/test_schemathesis.py`` tries for longer.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Response
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bosslet import config
from bosslet.app import create_app
from bosslet.datastore import Datastore
from bosslet.dialects.boss import downsample
from bosslet.dialects.boss.openapi.document import document
from tests.dialects.boss.client import Boss

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "12"))
METHODS = ("get", "post", "put", "patch", "delete")
ACCEPTED = (
    "*/*",
    "application/json",
    "text/html",
    "application/blosc",
    "application/npygz",
    "image/*",
    "image/x-none",
    "",
)
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
KNOWN: dict[str, list[str]] = {
    "collection": ["col", "new"],
    "experiment": ["exp", "new"],
    "channel": ["em", "seg", "wide", "new"],
    "frame": ["col_exp", "new"],
    "group": ["public", "team", "ana-primary", "new"],
    "user": ["ana", "bossadmin", "new"],
    "role": ["admin", "user-manager", "resource-manager"],
    "resolution": ["0", "1", "2", "9"],
    "x": ["0:10", "0:300", "5", "1", "7:3", "0:999999999999", "9" * 30],
    "y": ["0:20", "0:200", "5", "1", "0:99999999999999999999"],
    "z": ["0:5", "0:100", "5", "0", "0:1" + "0" * 400],
    "t": ["0:1", "0:2", "1:1", "0:99999999999999"],
    "tile_size": ["0", "1", "64", "9" * 30],
    "rest": ["0", "1", "1/x.png", "9" * 30, "x"],
    "count": ["0", "10", "9" * 30],
    "label": ["0", "7", "18446744073709551615", "9" * 30],
    "key": ["known", "new"],
    "coord_frame": ["col_exp", "new"],
}
VOXELS = st.one_of(
    st.binary(max_size=64), st.sampled_from([b"", b"\x02\x01\x21\x01" + b"\xff" * 12, b"\x1f\x8b" + b"\0" * 20])
)


for media in ("application/blosc", "application/blosc-python", "application/npygz"):
    schemathesis.openapi.media_type(media, VOXELS)


def made(folder: Path) -> Datastore:
    """A store with a little of everything."""
    datastore = Datastore.open(folder, block_shape=(32, 64, 64), chunk_shape=(16, 32, 32))
    datastore.prepare()
    boss = Boss(create_app(datastore, config.load(auth="open")).test_client())
    boss.make_experiment(num_time_samples=2)
    for name, dtype in {"em": "uint8", "seg": "uint64", "wide": "uint16"}.items():
        path = f"{boss.make_channel(name, dtype)}/0:10/0:20/0:5/"
        assert boss.send(path, np.arange(1, 1001, dtype=dtype).reshape(5, 20, 10)).status_code == 201
        assert boss.post(f"meta/col/exp/{name}?key=known&value=1").status_code == 201
    assert boss.post("groups/team").status_code == 201
    assert boss.post("sso/user/ana", {"password": "secret"}).status_code == 201
    return datastore


def with_known_values(described: dict[str, Any]) -> dict[str, Any]:
    """The description, in which what is known may be in the place of what is only of the right form."""
    for item in described["paths"].values():
        for parameter in item.get("parameters", []):
            _suggest(parameter)
        for method in METHODS:
            for parameter in item.get(method, {}).get("parameters", []):
                _suggest(parameter)
    for schema in described["components"]["schemas"].values():
        for name, field in schema.get("properties", {}).items():
            if field.get("type") == "string" and name in KNOWN:
                schema["properties"][name] = {"anyOf": [{"enum": KNOWN[name]}, field]}
    return described


def _suggest(parameter: dict[str, Any]) -> None:
    # Twice as often as anything else.
    known = {"enum": KNOWN.get(parameter["name"], [])}
    if known["enum"] and "enum" not in parameter["schema"]:
        parameter["schema"] = {"anyOf": [known, known, parameter["schema"]]}


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The uploads of a store that each operation is given a copy of."""
    folder = tmp_path_factory.mktemp("schemathesis") / "template"
    made(folder).close()
    return folder


@pytest.fixture
def app(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    # Nothing runs beside a request: what waits to be downsampled goes on waiting.
    monkeypatch.setattr(downsample, "ensure_runner", lambda _: None)
    shutil.copytree(template, tmp_path / "uploads")
    datastore = Datastore.open(tmp_path / "uploads", block_shape=(32, 64, 64), chunk_shape=(16, 32, 32))
    yield create_app(datastore, config.load(auth="open", max_cutout_bytes=2**20))
    datastore.close()


DESCRIBED = with_known_values(
    document(create_app(Datastore.open("nowhere", catalog_url="sqlite://"), config.load(auth="open")))
)
OPERATIONS = [(path, method) for path, item in DESCRIBED["paths"].items() for method in METHODS if method in item]


def unrouted(answer: Response) -> bool:
    """Whether a wrong piece made a path that is no route, or that of another; every other error is JSON."""
    page = "text/html" in answer.headers["content-type"][0]
    return answer.status_code in {405, 308} or (answer.status_code == 404 and page)


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_is_as_described(app: Flask, path: str, method: str) -> None:
    schema = schemathesis.openapi.from_dict(DESCRIBED)
    schema.app = app
    operation = schema[path][method]
    cases = st.one_of(operation.as_strategy(mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE))

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(case=cases, accept=st.sampled_from(ACCEPTED))
    def hold(case: schemathesis.Case, accept: str) -> None:
        answer = case.call(headers={"Accept": accept})
        case.validate_response(answer, checks=[not_a_server_error] if unrouted(answer) else CHECKS)

    hold()
