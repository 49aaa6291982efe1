"""An error says by its headers what a client, a proxy or a browser may do with it."""

from __future__ import annotations

from typing import Any

import pytest

from bosslet import config
from bosslet.app import create_app
from bosslet.datastore import Datastore
from bosslet.dialects.budget import Budget
from tests.dialects.boss.client import Boss

PICTURE = "/thumbnail/col/exp/em"


@pytest.mark.parametrize(
    "path",
    [
        "/zarr/col/exp/em.ome.zarr/0/c/0/0/0/0",
        "/precomputed/col/exp/no/info",
        "/mesh/col/exp/no/1",
        "/ng/no",
        "/view/a/b/c",
    ],
)
def test_nobody_keeps_it(boss: Boss, path: str) -> None:
    boss.make_channel()
    answer = boss.get(path)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "private, no-cache")
    assert {"Authorization", "Cookie"} <= set(answer.headers["Vary"].split(", "))


@pytest.mark.parametrize("path", ["/", PICTURE, "/mesh/col/exp/em/1"])
def test_a_wrong_key_is_told_which_kind_there_is(as_user: Any, path: str) -> None:
    answer = as_user(token="nobodys").get(path)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="api"')


def test_who_has_to_wait_is_told_how_long(as_user: Any) -> None:
    answers = [as_user(token="nobodys").get("/") for _ in range(25)]
    waits = [int(answer.headers["Retry-After"]) for answer in answers if answer.status_code == 429]
    assert waits
    assert set(waits) <= {1, 2, 3}


def test_a_page_of_a_busy_server_is_no_failure_of_it(
    datastore: Datastore, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = Boss(create_app(datastore, config.load(auth="open", threads=1)).test_client())
    boss.make_channel()
    monkeypatch.setattr(Budget, "_free_lane", lambda *_: None)
    answer = boss.get(PICTURE)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "busy" in answer.text
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
