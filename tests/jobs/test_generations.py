"""The folder of backups: what is newest is what was made last, whatever the clock says."""

from __future__ import annotations

from pathlib import Path

from bosslet.jobs.generations import Generations


def test_a_clock_that_was_put_back_does_not_make_the_newest_the_oldest(tmp_path: Path) -> None:
    generations = Generations(tmp_path)
    (tmp_path / "2199-01-01T00-00-00Z").mkdir()
    made = [generations.finish(generations.begin()) for _ in range(12)]
    assert generations.all()[1:] == made
    assert (tmp_path / "latest").resolve() == made[-1]
    generations.prune(1)
    assert generations.all() == made[-1:]
