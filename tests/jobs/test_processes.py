"""Processes of one's own: results, failures, sudden deaths, and an end that leaves none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import psutil
import pytest

from bosslet.errors import BossletError, StorageError, UnusableFile
from bosslet.jobs.processes import Advance, run


@dataclass(frozen=True, slots=True)
class Square:
    """Squares a number; what else it does depends on the number."""

    folder: Path

    def __call__(self, item: int, advance: Advance) -> int:
        advance(1)
        if item == 13:
            raise UnusableFile("thirteen")
        if item == 66:
            os.kill(os.getpid(), signal.SIGKILL)
        for _ in range(1000 if item == 1000 else 0):
            sleep(0.05)
            advance(0)
        return item * item

    def close(self) -> None:
        (self.folder / f"closed-{os.getpid()}").touch()


def children() -> set[psutil.Process]:
    found = psutil.Process().children(recursive=True)
    return {process for process in found if "resource_tracker" not in " ".join(process.cmdline())}


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """No process more than before; servers that other tests share may be running."""
    before = children()
    yield
    assert children() <= before


@pytest.mark.parametrize("processes", [1, 3])
def test_every_item_has_its_result(processes: int, tmp_path: Path) -> None:
    moved: list[int] = []
    found = {done.item: done for done in run(Square(tmp_path), list(range(7)), processes, moved.append)}
    assert {item: done.result for item, done in found.items()} == {item: item * item for item in range(7)}
    assert sum(moved) == 7
    assert all(10**6 < done.peak_bytes < 10**10 for done in found.values())
    assert len(list(tmp_path.iterdir())) == processes


@pytest.mark.parametrize(("bad", "error"), [(13, UnusableFile), (66, StorageError)])
def test_a_failure_ends_all(bad: int, error: type[BossletError], tmp_path: Path) -> None:
    started = monotonic()
    with pytest.raises(error, match=r"thirteen|was killed"):
        list(run(Square(tmp_path), [1000, 1, bad], 2, lambda count: None))
    assert monotonic() - started < 20


def test_a_peak_is_not_that_of_the_process_that_started_it() -> None:
    ask = "from bosslet.jobs.processes import peak_bytes; print(peak_bytes())"
    start = f"import subprocess, sys; large = b'1' * 10**9; subprocess.run([sys.executable, '-c', {ask!r}], check=True)"
    told = subprocess.run([sys.executable, "-c", start], capture_output=True, text=True, check=True).stdout
    assert 10**6 < int(told) < 5 * 10**8


def test_whoever_no_longer_listens_ends_all(tmp_path: Path) -> None:
    results = run(Square(tmp_path), [2, 1000, 1000], 2, lambda count: None)
    assert next(iter(results)).result == 4
    results.close()  # type: ignore[attr-defined]
