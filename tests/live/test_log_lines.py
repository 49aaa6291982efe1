"""What a server writes down of requests, and what it never does."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from bosslet.datastore import Datastore
from tests.live.client import Channel
from tests.live.server import Server, serving
from tests.live.sockets import exchange

MAYBE_SECONDS = 5


def lines(server: Server, count: int) -> list[dict[str, Any]]:
    """That many lines of the log, as soon as they are there: a line comes after its answer."""
    deadline = time.monotonic() + MAYBE_SECONDS
    while len(found := server.log.read_text().splitlines()) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    return [json.loads(line) for line in found]


def test_each_request_is_one_line_of_json(tmp_path: Path) -> None:
    with serving(tmp_path / "uploads", "--workers", "1", log_level="info", log_format="json") as server:
        Channel(server.url, "logged/e/em").create((5, 6, 7))
        found = requests.get(
            f"{server.url}/v1/collection/logged?key=hidden", headers={"X-Request-Id": "mine"}, timeout=9
        )
        exchange(server.host, b"GET /x\r\nHost: localhost\r\n\r\n")
        exchange(server.host, b"GET /v1/%0d%0aforged\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        ping, *made, seen, broken, forged = lines(server, 8)
        server.kill()
    assert (ping["method"], ping["path"], ping["status"]) == ("GET", "/ping/", 200)
    assert [line["status"] for line in made] == [201] * 4
    assert {line["user"] for line in made} == {"bossadmin"}
    assert (seen["request_id"], seen["path"], seen["bytes"]) == ("mine", "/v1/collection/logged", len(found.content))
    assert 0 < seen["ms"] < 5000
    assert seen["address"] == "127.0.0.1"
    assert "hidden" not in json.dumps(seen)
    assert (broken["status"], broken["error"]) == (400, "InvalidRequestLine")
    assert forged["status"] == 400


def test_a_line_of_text_holds_the_same(tmp_path: Path) -> None:
    with serving(tmp_path / "uploads", "--workers", "1", log_level="info") as server:
        requests.get(f"{server.url}/v1/collection/none", timeout=9)
        deadline = time.monotonic() + MAYBE_SECONDS
        while "none" not in server.log.read_text() and time.monotonic() < deadline:
            time.sleep(0.01)
        line = server.log.read_text().splitlines()[-1]
        server.kill()
    assert " INFO " in line
    assert "127.0.0.1 bossadmin GET /v1/collection/none 404 " in line


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_key_is_ever_written_down(tmp_path: Path, form: str) -> None:
    uploads, wrong, password = tmp_path / "uploads", "5ec2e7" * 7, "pass-5ec2e7-word"
    datastore = Datastore.open(uploads)
    datastore.prepare()
    right = datastore.catalog.users.new_token("bossadmin")
    datastore.catalog.users.set_password("bossadmin", password)
    datastore.close()
    with serving(uploads, "--workers", "1", auth="token", log_level="debug", log_format=form) as server:
        for key in (right, wrong):
            for scheme in ("Token", "Bearer"):
                requests.get(f"{server.url}/v1/collection/", headers={"Authorization": f"{scheme} {key}"}, timeout=9)
            requests.get(f"{server.url}/v1/collection/?token={key}", timeout=9)
            for head in ("GET / HTTP/1.1\r\nAuthorization: Token {}\x00\r\n\r\n", "GET / HTTP/1.1\r\nToken {}\r\n\r\n"):
                exchange(server.host, head.format(key).encode())
        form_fields = {"username": "bossadmin", "password": password}
        login = f"{server.url}/auth/realms/BOSS/protocol/openid-connect/token"
        session = requests.post(login, data=form_fields, timeout=9).json()["access_token"]
        requests.get(f"{server.url}/v1/collection/", headers={"Authorization": f"Bearer {session}"}, timeout=9)
        requests.post(login, data={**form_fields, "password": wrong}, timeout=9)
        requests.get(f"{server.url}/v1/last", timeout=9)
        deadline = time.monotonic() + MAYBE_SECONDS
        while "/v1/last" not in (log := server.log.read_text()) and time.monotonic() < deadline:
            time.sleep(0.01)
        server.kill()
    assert "/v1/last" in log
    for secret in (right, wrong, password, session):
        assert secret not in log
