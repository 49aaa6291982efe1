"""Every answer names its request and tells the browser to be careful."""

from __future__ import annotations

import logging
import re
from base64 import b64encode
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from bosslet.datastore import Datastore
from tests.dialects.boss.client import Boss

PATHS = ["collection/", "collection/none", "/ping/", "/", "/nowhere", "/view/a/b/c", "/ping"]


def policy(answer: TestResponse) -> dict[str, str]:
    """The directives of a policy."""
    pieces = answer.headers["Content-Security-Policy"].split(";")
    return {name: value for name, _, value in (piece.strip().partition(" ") for piece in pieces)}


@pytest.mark.parametrize("headers", [{}, {"Host": "evil.example"}, {"Origin": "https://evil.example"}], ids=str)
def test_every_answer_carries_an_id_of_its_own(boss: Boss, headers: dict[str, str]) -> None:
    answers = [boss.call(method, path, headers=headers) for path in PATHS for method in ("GET", "POST", "OPTIONS")]
    ids = [answer.headers["X-Request-Id"] for answer in answers]
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in ids)
    assert len(set(ids)) == len(ids)


def test_a_plain_id_of_a_proxy_is_kept_and_no_other(boss: Boss) -> None:
    def id_of(asked: str) -> str:
        return boss.get("/ping/", headers={"X-Request-Id": asked}).headers["X-Request-Id"]

    assert id_of("req-1.A_b") == "req-1.A_b"
    for odd in ("", "a b", "a" * 65, "é", '{"a":1}', "a;b"):
        assert id_of(odd) != odd


def test_every_page_has_a_policy_and_may_run_nothing_of_its_own(boss: Boss) -> None:
    boss.make_channel()
    html = {"headers": {"Accept": "text/html"}}
    pages = [boss.get(path, **html) for path in ("/", "/view/col/exp/em", "/view/a/b/c", "collection/", "/nowhere")]
    pages.append(boss.get("/", headers={"Host": "evil.example"}))
    for page in pages:
        assert page.mimetype == "text/html"
        assert policy(page)["default-src"] == "'none'"
        assert "unsafe" not in page.headers["Content-Security-Policy"]
        assert page.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert not re.search(r"<script(?![^>]* src=)|\son\w+=|\sstyle=", page.text)


def test_the_style_of_a_resources_page_is_the_one_that_its_policy_allows(boss: Boss) -> None:
    page = boss.get("collection/", headers={"Accept": "text/html"})
    (style,) = re.findall("<style>(.*?)</style>", page.text, re.DOTALL)
    assert policy(page)["style-src"] == f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'"


def test_nothing_is_guessed_from_content(boss: Boss) -> None:
    for path in (*PATHS, "/static/bosslet.css"):
        with boss.get(path) as answer:
            headers = answer.headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"


def test_a_mistake_of_ours_names_the_request_and_nothing_else(boss: Boss, caplog: pytest.LogCaptureFixture) -> None:
    app: Flask = boss.client.application

    def mistake() -> str:
        raise ZeroDivisionError("secret detail")

    app.view_functions["ping"] = mistake
    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = boss.get("/ping/", headers={"X-Request-Id": "the-one"})
    assert answer.status_code == 500
    assert "the-one" in answer.get_json()["message"]
    assert "secret" not in answer.text
    assert "ZeroDivisionError" in caplog.text


def test_an_unreadable_block_names_the_request(boss: Boss, datastore: Datastore, caplog: Any) -> None:
    path = boss.make_channel()
    assert boss.send(f"{path}/0:1/0:1/0:1", np.ones((1, 1, 1), np.uint8)).status_code == 201
    (datastore.uploads / "col/exp/em/0/c/0/0/0/0").write_bytes(b"not a block")
    answer = boss.get(f"{path}/0:1/0:1/0:1", headers={"X-Request-Id": "the-one"})
    assert (answer.status_code, answer.get_json()["code"]) == (500, 5000)
    assert answer.get_json()["message"].endswith("(request the-one)")
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
