"""Ingest: there are no jobs, and whoever would make one is told what to do instead."""

from __future__ import annotations

from typing import Any

import pytest

from bosslet.catalog.records import Role
from tests.dialects.boss.client import Boss, assert_error

CONFIG = {"schema": {"name": "boss-v0.2-schema"}, "database": {"collection": "c"}, "ingest_job": {"resolution": 0}}
JOB_CALLS = [("GET", ""), ("DELETE", ""), ("GET", "/status"), ("POST", "/complete")]


@pytest.mark.parametrize("prefix", ["/v1", "/latest"])
def test_a_job_is_refused_with_a_way_out(boss: Boss, snapshot: Any, prefix: str) -> None:
    before = snapshot()
    for body in (CONFIG, {}):
        answer = boss.post(f"{prefix}/ingest/", body)
        assert_error(answer, 400, 1004)
        assert "bosslet ingest" in answer.get_json()["message"]
    assert snapshot() == before


def test_a_body_that_is_no_configuration_is_refused_as_everywhere(boss: Boss) -> None:
    assert_error(boss.call("POST", "ingest/", data=b"{", content_type="application/json"), 400)
    assert_error(boss.call("POST", "ingest/", data=b"x", content_type="text/plain"), 415)
    assert_error(boss.call("POST", "ingest/", json=[]), 400, 1003)


def test_the_list_is_empty(boss: Boss) -> None:
    assert boss.get("ingest/").get_json() == {"ingest_jobs": []}


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("job", ["1", "0", "99999999999999999999999"])
@pytest.mark.parametrize(("method", "tail"), JOB_CALLS)
def test_every_job_is_unknown(boss: Boss, method: str, tail: str, job: str, slash: str) -> None:
    assert_error(boss.call(method, f"ingest/{job}{tail}{slash}"), 404, 4004)


def test_a_job_has_a_number(boss: Boss) -> None:
    assert boss.get("ingest/mine").status_code == 404
    assert boss.get("ingest/-1/status").status_code == 404


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_list_has_a_slash(boss: Boss, method: str) -> None:
    answer = boss.call(method, "ingest?a=b")
    assert answer.status_code == 301
    assert answer.headers["Location"].endswith("/v1/ingest/?a=b")


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "ingest/"), ("POST", "ingest/1"), ("POST", "ingest/1/status"), ("GET", "ingest/1/complete")],
)
def test_other_methods_are_refused(boss: Boss, method: str, path: str) -> None:
    assert_error(boss.call(method, path), 405)


def test_nobody_needs_a_role_but_whoever_changes_something_a_token(as_user: Any) -> None:
    plain, anonymous = as_user("paula"), as_user()
    assert_error(plain.post("ingest/", CONFIG), 400, 1004)
    assert_error(as_user("rita", Role.RESOURCE_MANAGER).post("ingest/", CONFIG), 400, 1004)
    assert plain.get("ingest/").get_json() == anonymous.get("ingest/").get_json() == {"ingest_jobs": []}
    for method, path in (("POST", "ingest/"), ("DELETE", "ingest/1"), ("POST", "ingest/1/complete")):
        assert_error(anonymous.call(method, path), 401)
