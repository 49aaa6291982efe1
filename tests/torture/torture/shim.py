"""``faults.c``, compiled, and the plan by which it lets calls of the system fail in a server that runs."""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

KINDS = ("open", "read", "write", "sync", "rename", "close", "unlink", "mkdir", "truncate")
SHORT = 0
"""Instead of an errno: a read or a write of less than was asked for."""
FOREVER = 2**30
_PLAN = struct.Struct("<6i")


class NoShim(Exception):
    """This machine cannot make one."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The ``after``-th call of a kind fails, and as many that follow as ``times`` says."""

    kind: str
    error: int
    after: int = 0
    times: int = 1

    def __str__(self) -> str:
        what = f"errno {self.error}" if self.error else "short"
        return f"{self.kind} {self.after}{' and all later' if self.times > 1 else ''}: {what}"


class Shim:
    """To be loaded by the processes of one server."""

    def __init__(self, folder: Path, uploads: Path) -> None:
        """``folder`` is for the library and the plan."""
        compiler, library, plan = shutil.which("cc"), folder / "faults.so", folder / "plan"
        if compiler is None:
            raise NoShim("there is no C compiler")
        source = Path(__file__).with_name("faults.c")
        command = [compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise NoShim(f"faults.c does not compile here: {done.stderr.splitlines()[0]}")
        plan.write_bytes(bytes(mmap.PAGESIZE))
        with plan.open("r+b") as file:
            self._plan = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self.variables = {"LD_PRELOAD": str(library), "FAULT_PLAN": str(plan), "FAULT_FOLDER": f"{uploads}/"}

    @contextmanager
    def planned(self, fault: Fault) -> Iterator[None]:
        """It is in force as long as the block lasts."""
        kind = KINDS.index(fault.kind) + 1
        self._put(0, fault.after, fault.times, fault.error, 0, 0)
        self._put(kind)
        try:
            yield
        finally:
            self._put(0)

    @property
    def fired(self) -> int:
        """How many calls were made to fail by the last plan."""
        return int(_PLAN.unpack_from(self._plan)[5])

    def _put(self, *numbers: int) -> None:
        for index, number in enumerate(numbers):
            struct.pack_into("<i", self._plan, 4 * index, number)
