"""The long commands of before: for programs as well, and with one line after Ctrl-C."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from bosslet.jobs import queue
from bosslet.jobs.verify import Report
from bosslet.volume.labels import LabelIndex
from tests.cli.conftest import Run, lines


def test_json_lines(run: Run) -> None:
    done = {"event": "downsampled", "channel": "mouse/cortex/em", "status": "DOWNSAMPLED"}
    assert lines(run("downsample", "mouse/cortex/em", "--json")) == [done]
    (indexed,) = lines(run("index", "mouse/cortex/cells", "--json"))
    assert (indexed["event"], indexed["channel"]) == ("done", "mouse/cortex/cells")
    assert indexed["blocks"] > 0


def interrupt(*_: object, **__: object) -> NoReturn:
    raise KeyboardInterrupt


def test_ctrl_c_is_one_line(run: Run, uploads: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "downsample", interrupt)
    monkeypatch.setattr(LabelIndex, "keep", interrupt)
    monkeypatch.setattr(Report, "__init__", interrupt)
    for verb in (("downsample", "mouse/cortex/em"), ("index", "mouse/cortex/cells"), ("verify", str(uploads))):
        stderr = run(*verb, status=130, on=None if "verify" in verb else uploads).stderr
        assert stderr.startswith("Interrupted. "), stderr
        assert len(stderr.splitlines()) == 1
