"""A folder that lives as long as the processes that share it."""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path

from bosslet.shared_folder import PREFIX, SharedFolder, remove_left_over


def hold(parent: Path, pipe: Connection) -> None:
    """Make a folder, say where, and wait to be killed."""
    pipe.send(SharedFolder.make(parent).path)
    signal.pause()


def made_by_another_process(parent: Path) -> tuple[Path, int]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=hold, args=(parent, theirs), daemon=True)
    process.start()
    assert process.pid is not None
    return ours.recv(), process.pid


def test_it_is_for_its_owner_and_gone_afterwards(tmp_path: Path) -> None:
    folder = SharedFolder.make(tmp_path)
    assert folder.path.stat().st_mode & 0o777 == 0o700
    (folder.path / "file").write_text("x")
    folder.remove()
    assert list(tmp_path.iterdir()) == []


def test_that_of_a_living_process_stays_and_that_of_a_dead_one_goes(tmp_path: Path) -> None:
    path, pid = made_by_another_process(tmp_path)
    mine = SharedFolder.make(tmp_path)
    assert {path, mine.path} == set(tmp_path.iterdir())
    os.kill(pid, signal.SIGKILL)
    for process in multiprocessing.active_children():
        process.join()
    SharedFolder.make(tmp_path).remove()
    assert list(tmp_path.iterdir()) == [mine.path]
    mine.remove()


def test_what_else_is_there_stays(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "bosslet-other").mkdir()
    (tmp_path / f"{PREFIX}link").symlink_to(elsewhere)
    (tmp_path / f"{PREFIX}file").touch()
    remove_left_over(tmp_path)
    assert len(list(tmp_path.iterdir())) == 4
    assert elsewhere.is_dir()
    assert (tmp_path / "bosslet-other").is_dir()
