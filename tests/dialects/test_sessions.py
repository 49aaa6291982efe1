"""A browser's cookie reads what its account may read, and writes only with the token of a form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bosslet.catalog.records import Role
from bosslet.datastore import Datastore
from bosslet.dialects.sessions import COOKIE, FORM_HEADER, form_token
from tests.dialects.boss.client import Boss

CHANNEL = "collection/col/experiment/exp/channel/secret"
CUTOUT = "cutout/col/exp/secret/0/0:7/0:6/0:5/"


@pytest.fixture
def browser(datastore: Datastore, as_user: Any) -> Boss:
    """Olga's, who owns a private channel."""
    as_user("olga", Role.RESOURCE_MANAGER).make_channel("secret", "uint64")
    found: Boss = as_user()
    found.client.set_cookie(COOKIE, datastore.catalog.sessions.begin("olga"))
    return found


def key_of(browser: Boss) -> str:
    cookie = browser.client.get_cookie(COOKIE)
    assert cookie is not None
    return cookie.value


@pytest.mark.parametrize("path", [CHANNEL, CUTOUT, "/precomputed/col/exp/secret/info"])
def test_the_cookie_reads_until_the_session_ends(browser: Boss, datastore: Datastore, path: str) -> None:
    assert browser.get(path).status_code == 200
    datastore.catalog.sessions.end(key_of(browser))
    assert browser.get(path).status_code in {403, 404}


def test_by_itself_the_cookie_changes_nothing(browser: Boss, snapshot: Any) -> None:
    before = snapshot()
    voxels = np.ones((5, 6, 7), np.uint64)
    headers = [{}, {FORM_HEADER: ""}, {FORM_HEADER: key_of(browser)}, {FORM_HEADER: form_token("another")}]
    for sent in (*headers, {FORM_HEADER: "\xe4"}):
        assert browser.send(CUTOUT, voxels, headers=sent).status_code == 401
        assert browser.put(CHANNEL, {"description": "d"}, headers=sent).status_code == 401
        assert browser.delete(CHANNEL, headers=sent).status_code == 401
    assert browser.get("reserve/col/exp/secret/5").status_code == 401
    assert snapshot() == before


def test_with_the_token_of_a_form_it_does(browser: Boss) -> None:
    headers = {FORM_HEADER: form_token(key_of(browser))}
    assert browser.put(CHANNEL, {"description": "d"}, headers=headers).status_code == 200
    assert browser.get(CHANNEL).get_json()["description"] == "d"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://localhost:8888"},
        {"Origin": "null"},
    ],
    ids=lambda headers: " ".join(headers.values()),
)
def test_a_page_of_another_origin_is_not_logged_in(browser: Boss, headers: dict[str, str]) -> None:
    assert browser.get(CUTOUT, headers=headers).status_code == 403
    sent = {**headers, FORM_HEADER: form_token(key_of(browser))}
    assert browser.put(CHANNEL, {"description": "d"}, headers=sent).status_code == 401


def test_a_header_counts_before_the_cookie(browser: Boss) -> None:
    assert browser.get(CUTOUT, headers={"Authorization": "Token public"}).status_code == 403
    assert browser.get(CUTOUT, headers={"Authorization": "Token nobodys"}).status_code == 401
