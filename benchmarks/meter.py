"""What a family of processes has used so far, as Linux counts it.

CPU time is exact but told in ticks of 10 ms: measure over many requests. Bytes written are those that are bound for the
block layer (``write_bytes``), without what was removed before it got there (``cancelled_write_bytes``).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Family:
    """A process and all its descendants, as they are at this moment."""

    processes: tuple[psutil.Process, ...]

    @classmethod
    def of(cls, pid: int) -> Family:
        """The process with this id, and those below it."""
        parent = psutil.Process(pid)
        return cls((parent, *parent.children(recursive=True)))

    def cpu_seconds(self) -> float:
        """User and system time."""
        return sum(self._each(_cpu_seconds))

    def bytes_written(self) -> int:
        """To the disk."""
        return int(sum(self._each(_bytes_written)))

    def resident(self) -> int:
        """Bytes in memory of the largest process."""
        return int(max(self._each(lambda pid: _status(pid, "VmRSS"))))

    def peak(self) -> int:
        """The most that the largest process had in memory since ``forget_peak``."""
        return int(max(self._each(lambda pid: _status(pid, "VmHWM"))))

    def forget_peak(self) -> None:
        """Let the next peak be one of what is done from now on."""
        for process in self.processes:
            Path(f"/proc/{process.pid}/clear_refs").write_text("5")

    def end(self) -> None:
        """Ask the parent to end, then those that it left behind, and see that they do."""
        for processes in (self.processes[:1], self.processes[1:]):
            for process in processes:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.terminate()
            psutil.wait_procs(processes, timeout=15)
        _, alive = psutil.wait_procs(self.processes, timeout=0)
        for process in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(alive, timeout=5)

    def _each(self, measure: Callable[[int], float]) -> list[float]:
        found = []
        for process in self.processes:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                found.append(measure(process.pid))
        return found


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _bytes_written(pid: int) -> int:
    lines = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(lines["write_bytes"]) - int(lines["cancelled_write_bytes"])


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
