"""A command from its start to its end: time, processor time and memory of it and of all processes that it starts."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import psutil

SECONDS_BETWEEN_LOOKS = 0.05


@dataclass(frozen=True, slots=True)
class Run:
    """What a command took."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    """The most memory that all its processes had at one moment, but for pages of files, which others can have back."""
    read_bytes: int
    """What the command itself, without other processes, asked to read from files; also what was in memory."""
    said: str


class Failed(Exception):
    """A command that ended otherwise than it should."""


def run(command: Sequence[str], folder: Path) -> Run:
    """Run a command to its end; raises Failed."""
    begin, ended, peaks = time.perf_counter(), Event(), [0]
    with (folder / "said").open("w+") as said, (folder / "complained").open("w+") as complained:
        process = subprocess.Popen(command, stdout=said, stderr=complained)
        watcher = Thread(target=_watch, args=(process.pid, ended, peaks))
        watcher.start()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        seconds = time.perf_counter() - begin
        ended.set()
        watcher.join()
        read = _bytes_read(process.pid)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = [(stream.seek(0), stream.read())[1] for stream in (said, complained)]
    if process.returncode:
        raise Failed(f"{' '.join(command)}: {texts}")
    return Run(seconds, used.ru_utime + used.ru_stime, peaks[0], read, texts[0])


def _watch(pid: int, ended: Event, peaks: list[int]) -> None:
    while not ended.wait(SECONDS_BETWEEN_LOOKS):
        try:
            parent = psutil.Process(pid)
            used = [process.memory_info() for process in (parent, *parent.children(recursive=True))]
        except psutil.NoSuchProcess:
            continue
        peaks[0] = max(peaks[0], sum(each.rss - each.shared for each in used))


def _bytes_read(pid: int) -> int:
    lines = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(lines["rchar"])
