"""Lines that a person can read, a program can parse and nobody can forge."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime

import pytest

from bosslet import logs

log = logging.getLogger("bosslet.dialects.boss.errors")
FORGED = "col\r\n2026-01-01 INFO all is well\x1b[2J\x00\x85\u2028\u202e"


@pytest.fixture(autouse=True)
def loggers_as_they_were() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("bosslet")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def fail() -> None:
    try:
        raise ValueError(FORGED)  # noqa: TRY301 (as it would come out of a library)
    except ValueError:
        log.exception("failed at %s", FORGED)


def test_a_text_line_has_time_level_request_and_message(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "text")
    token = logs.request_id.set("ab12")
    log.error("block %s", "c/0")
    logs.request_id.reset(token)
    log.warning("none")
    first, second = said(capsys)
    time, level, request, message = first.split(maxsplit=3)
    assert datetime.fromisoformat(time).utcoffset() is not None
    assert (level, request, message) == ("ERROR", "ab12", "block c/0")
    assert second.split()[1:] == ["WARNING", "-", "none"]


def test_what_a_client_sent_cannot_begin_a_line_of_text(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "text")
    fail()
    head, *traceback = said(capsys)
    assert "\\x0d\\x0a2026-01-01 INFO all is well\\x1b[2J\\x00\\x85\\x2028\\x202e" in head
    assert traceback
    assert all(line.startswith("    ") for line in traceback)


def test_json_is_an_object_on_each_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    fail()
    logs.log_request({"method": "GET", "status": 200}, "GET 200")
    failure, request = map(json.loads, said(capsys))
    assert failure["message"] == f"failed at {FORGED}"
    assert (failure["level"], failure["logger"], failure["request_id"]) == ("error", log.name, None)
    assert "ValueError" in failure["traceback"]
    assert (request["method"], request["status"], request["message"]) == ("GET", 200, "GET 200")


@pytest.mark.parametrize(("level", "lines"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_holds(capsys: pytest.CaptureFixture[str], level: str, lines: int) -> None:
    logs.configure(level, "text")
    for write in (log.debug, log.info, log.warning, log.error):
        write("x")
    logging.getLogger("sqlalchemy").info("of another library")
    assert len(said(capsys)) == lines
