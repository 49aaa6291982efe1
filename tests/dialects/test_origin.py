"""A page of another site reads what CORS lets it and changes nothing; a borrowed name gets nowhere."""

from __future__ import annotations

import socket
from itertools import product
from typing import Any

from bosslet import config
from bosslet.app import create_app
from bosslet.catalog.records import ADMINISTRATOR
from bosslet.datastore import Datastore
from bosslet.dialects.origin import Origins
from tests.dialects.boss.client import Boss, assert_error

FOREIGN: list[dict[str, str]] = [
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost:8888"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://[bad"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "none"},
]
OWN: list[dict[str, str]] = [
    {},
    {"Origin": "http://localhost"},
    {"Origin": "https://LOCALHOST"},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "https://a.proxy", "Sec-Fetch-Site": "same-origin"},
]
BORROWED = ["evil.example", "evil.example:5000", "localhost.evil.example", "127.0.0.1.evil.example"]
BORROWED += ["", ":", "[::1", "a b", "1.2"]
OWN_NAMES = ["localhost", "LOCALHOST.", "localhost:5000", "127.0.0.1:5000", "192.168.3.4", "[::1]:80", "[fe80::1]"]
OWN_NAMES += [socket.gethostname()]


def app_with(datastore: Datastore, **settings: Any) -> Boss:
    return Boss(create_app(datastore, config.load(**settings)).test_client())


def test_a_foreign_page_changes_nothing(boss: Boss, snapshot: Any) -> None:
    cutout = boss.make_channel("labels", "uint64")
    before = snapshot()
    changes = [
        ("POST", "collection/theirs"),
        ("PUT", "collection/col"),
        ("DELETE", "collection/col/experiment/exp/channel/labels"),
        ("PATCH", "collection/col"),
        ("POST", f"{cutout}/0:1/0:1/0:1"),
        ("PUT", cutout.replace("cutout/", "cutout/to_black/") + "/0:1/0:1/0:1"),
        ("POST", "/ping/"),
        ("POST", "/"),
        ("POST", "/nowhere"),
        ("GET", "reserve/col/exp/labels/1000"),
    ]
    for headers, (method, path) in product(FOREIGN, changes):
        assert boss.call(method, path, headers=headers).status_code == 403, (headers, path)
    assert_error(boss.post("collection/theirs", headers=FOREIGN[0]), 403)
    assert snapshot() == before
    assert boss.get("reserve/col/exp/labels/1").get_json()["start_id"] == 1


def test_a_foreign_page_reads(boss: Boss) -> None:
    for headers in FOREIGN:
        answer = boss.get("collection/", headers=headers)
        assert answer.status_code == 200
        assert answer.headers.get("Access-Control-Allow-Origin") == ("*" if "Origin" in headers else None)
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_programs_and_own_pages_write(boss: Boss) -> None:
    for number, headers in enumerate(OWN):
        assert boss.post(f"collection/mine{number}", headers=headers).status_code == 201, headers


def test_where_tokens_decide_a_foreign_page_may_what_its_token_may(as_user: Any) -> None:
    owner, stranger = as_user(ADMINISTRATOR), as_user()
    for headers in FOREIGN:
        assert_error(stranger.post("collection/theirs", headers=headers), 401)
    assert owner.post("collection/theirs", headers=FOREIGN[0]).status_code == 201
    assert owner.get("collection/theirs", headers={"Host": "any.name"}).status_code == 200


def test_only_pages_of_listed_origins_read(datastore: Datastore) -> None:
    boss = app_with(datastore, auth="open", cors_origins="https://viewer.example, https://other.example")
    for path in ("collection/", "/ping/", "/", "/nowhere"):
        listed = boss.get(path, headers={"Origin": "https://viewer.example"})
        assert listed.headers["Access-Control-Allow-Origin"] == "https://viewer.example"
        assert "Origin" in listed.vary
        assert "Access-Control-Allow-Origin" not in boss.get(path, headers={"Origin": "https://evil.example"}).headers
    assert_error(boss.post("collection/theirs", headers={"Origin": "https://viewer.example"}), 403)
    nobody = app_with(datastore, auth="open", cors_origins="")
    assert "Access-Control-Allow-Origin" not in nobody.get("/ping/", headers={"Origin": "https://evil.example"}).headers


def test_a_name_that_is_not_the_servers_is_refused(boss: Boss) -> None:
    for host in BORROWED:
        for method, path in (("GET", "collection/"), ("POST", "collection/theirs"), ("OPTIONS", "coord/")):
            assert_error(boss.call(method, path, headers={"Host": host}), 421)
        page = boss.get("/", headers={"Host": host})
        assert (page.status_code, page.mimetype) == (421, "text/html")


def test_the_servers_names_and_all_addresses_are_taken(boss: Boss) -> None:
    for host in OWN_NAMES:
        assert boss.get("/ping/", headers={"Host": host}).status_code == 200, host


def test_an_operator_adds_names(datastore: Datastore) -> None:
    boss = app_with(datastore, auth="open", host="bosslet.lab", allowed_hosts="Volumes.Lab.example")
    for host, status in {"bosslet.lab": 200, "volumes.lab.example": 200, "evil.example": 421}.items():
        assert boss.get("/ping/", headers={"Host": host}).status_code == status
    assert app_with(datastore, auth="open", allowed_hosts="*").get("/ping/", headers={"Host": "x"}).status_code == 200
    token = app_with(datastore, auth="token", allowed_hosts="volumes.lab.example")
    assert token.get("/ping/", headers={"Host": "evil.example"}).status_code == 421


def test_a_request_without_a_host_is_taken() -> None:
    assert Origins.of("open", "127.0.0.1", ["*"], None).hosts == {
        "localhost",
        "127.0.0.1",
        socket.gethostname().lower(),
    }
