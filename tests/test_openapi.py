"""The description of the API: whole, valid, true of what is really answered, and shown without a network."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from bosslet import config
from bosslet.app import create_app
from bosslet.datastore import Datastore
from bosslet.dialects.boss.openapi import answers
from bosslet.dialects.boss.openapi.calls import CALLS
from bosslet.dialects.boss.openapi.paths import belongs, paths
from tests.dialects.boss.client import Boss

METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    datastore = Datastore.open(tmp_path_factory.mktemp("openapi") / "uploads")
    datastore.prepare()
    yield create_app(datastore, config.load(auth="open"))
    datastore.close()


@pytest.fixture(scope="module")
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="module")
def document(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    content: dict[str, Any] = answer.get_json()
    return content


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        yield from ((path, method, item[method]) for method in METHODS if method in item)


def test_it_is_valid_openapi_31(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document).validate()


def test_every_route_is_in_it(app: Flask, document: dict[str, Any]) -> None:
    for rule in app.url_map.iter_rules():
        if not belongs(app.view_functions[rule.endpoint]):
            continue
        url = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        url = re.sub(r"^/latest/", "/v1/", re.sub(r"^/v0\.\d/", "/v0.{minor}/", url)).replace("//", "/")
        if rule.endpoint.endswith("_redirect"):
            assert f"{url}/" in document["paths"]
            continue
        methods = {method.lower() for method in rule.methods or ()} & set(METHODS)
        assert methods == document["paths"][url].keys() & set(METHODS), url


def test_latest_is_the_same_as_v1(app: Flask) -> None:
    urls = {rule.rule for rule in app.url_map.iter_rules() if belongs(app.view_functions[rule.endpoint])}
    assert {url.removeprefix("/v1") for url in urls if url.startswith("/v1/")} == {
        url.removeprefix("/latest") for url in urls if url.startswith("/latest/")
    }


def test_every_call_is_declared_and_nothing_else(app: Flask) -> None:
    present = {f"{operation.view}.{operation.method}" for path in paths(app) for operation in path.operations}
    assert present == CALLS.keys()


def test_every_operation_says_what_it_does_takes_and_answers(document: dict[str, Any]) -> None:
    tags = {tag["name"]: tag for tag in document["tags"]}
    ids = set()
    for path, method, operation in operations(document):
        assert operation["summary"], (path, method)
        assert tags[operation["tags"][0]]["description"]
        assert operation["responses"]
        ids.add(operation["operationId"])
        named = {parameter["name"] for parameter in document["paths"][path].get("parameters", [])}
        assert named == set(re.findall(r"{(\w+)}", path))
        assert all(parameter["description"] for parameter in document["paths"][path].get("parameters", []))
    assert len(ids) == len(list(operations(document)))


def test_bodies_and_answers_are_described(document: dict[str, Any]) -> None:
    channel = document["paths"]["/v1/collection/{collection}/experiment/{experiment}/channel/{channel}"]
    body = channel["post"]["requestBody"]["content"]
    assert list(body) == ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"]
    assert body["application/json"]["schema"] == {"$ref": "#/components/schemas/NewChannel"}
    fields = document["components"]["schemas"]["NewChannel"]
    assert fields["required"] == ["type", "datatype"]
    assert fields["properties"]["public"] == {"type": "boolean", "default": False}
    changes = document["components"]["schemas"]["ChannelChanges"]
    assert changes["properties"]["public"] == {"type": "boolean"}  # may be left out, may not be null
    assert {"type": "null"} in changes["properties"]["bucket"]["anyOf"]
    assert {"200", "403", "404"} < channel["get"]["responses"].keys()
    cutout = next(item for path, item in document["paths"].items() if path.startswith("/v1/cutout/{collection}"))
    assert {"application/blosc", "application/blosc-python", "application/npygz", "image/jpeg"} < set(
        cutout["get"]["responses"]["200"]["content"]
    )
    assert "image/jpeg" not in cutout["post"]["requestBody"]["content"]
    assert {"429", "413"} < cutout["post"]["responses"].keys()


def test_errors_have_their_codes(document: dict[str, Any]) -> None:
    delete = document["paths"]["/v1/collection/{collection}"]["delete"]["responses"]
    error, codes = delete["400"], document["components"]["responses"]["InUse"]
    assert error == {"$ref": "#/components/responses/InUse"}
    assert codes["content"]["application/json"]["schema"]["allOf"] == [
        {"$ref": "#/components/schemas/Error"},
        {"properties": {"code": {"enum": [4003]}}},
    ]
    kinds = delete["404"]["content"]["application/json"]["schema"]["anyOf"]
    assert kinds[1] == {"$ref": "#/components/schemas/Detail"}


def test_resources_are_answered_as_described(client: FlaskClient) -> None:
    boss = Boss(client)
    boss.make_channel("labels", "uint64")
    experiment = "collection/col/experiment/exp"
    for path, model in (
        ("collection/", answers.Collections),
        ("collection/col", answers.Collection),
        ("collection/col/experiment/", answers.Experiments),
        (experiment, answers.Experiment),
        (f"{experiment}/channel/", answers.Channels),
        (f"{experiment}/channel/labels", answers.Channel),
        ("coord/", answers.Frames),
        ("coord/col_exp", answers.Frame),
        ("downsample/col/exp/labels", answers.Downsample),
        ("reserve/col/exp/labels/7", answers.Reserved),
        ("ids/col/exp/labels/0/0:9/0:9/0:9", answers.Ids),
        ("meta/col", answers.Keys),
        ("groups/", answers.Groups),
        ("groups/admin", answers.Group),
        ("groups/admin/members", answers.Members),
        ("groups/admin/maintainers", answers.Maintainers),
        ("sso/user/bossadmin", answers.User),
        ("ingest/", answers.IngestJobs),
        ("/ping/", answers.Ping),
    ):
        model.model_validate_json(boss.get(path).data)


class Links(HTMLParser):
    """What a page loads or leads to, and what in it could run."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.active: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"href", "src", "action", "srcset"}:
                self.targets.append(value or "")
            if name.startswith("on") or name == "style":
                self.active.append(name)
        if tag in {"script", "style", "iframe", "object"}:
            self.active.append(tag)


@pytest.fixture(scope="module")
def page(client: FlaskClient) -> str:
    answer = client.get("/docs/")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return answer.text


def test_the_page_needs_no_network_and_no_script(page: str, client: FlaskClient) -> None:
    links = Links()
    links.feed(page)
    assert links.active == []
    assert not [target for target in links.targets if "//" in target]
    for target in links.targets:
        if target.startswith("#"):
            assert f'id="{target[1:]}"' in page
        else:
            with client.get(target) as answer:
                assert answer.status_code == 200, target


def test_the_page_shows_every_operation(page: str, document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        entry = page.partition(f'<details id="{operation["operationId"]}">')[2].partition("</details>")[0]
        assert f">{method.upper()}</b>" in entry
        assert path in entry
    assert page.count("<details") == len(list(operations(document)))


def test_the_page_shows_the_shape_of_bodies(page: str) -> None:
    assert "datatype: &#34;uint8&#34; | &#34;uint16&#34; | &#34;uint32&#34; | &#34;uint64&#34;" in page
    assert "sources?: list of string" in page
    assert "extent: {[key: string]: [integer, integer, integer]}" in page


def test_both_are_open_where_tokens_are_needed(tmp_path: Path) -> None:
    datastore = Datastore.open(tmp_path / "uploads")
    datastore.prepare()
    client = create_app(datastore, config.load(auth="token")).test_client()
    assert json.loads(client.get("/openapi.json").data)["info"]["title"] == "bosslet"
    assert client.get("/docs/").status_code == 200
    datastore.close()
