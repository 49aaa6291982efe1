"""Work on many items by several processes, each of which has TensorStore and libraries of its own.

They are fresh interpreters and not forks, since TensorStore has threads. A process is handed one item at a time, so
that at any moment it is known what is under way. It ends when this process does, however that ends; after Ctrl-C, or a
failure of another, it stops at the next sign of progress.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread
from typing import Any, Generic, Protocol, TypeVar

from bosslet.errors import BossletError, StorageError

Item = TypeVar("Item")
Result = TypeVar("Result")
Given = TypeVar("Given", contravariant=True)
Made = TypeVar("Made", covariant=True)
Advance = Callable[[int], None]
"""Called by work with how many bytes it has moved since the last call."""

SECONDS_TO_STOP = 20.0
_STOP = None
_STATUS = Path("/proc/self/status")
"""Of Linux, see proc_pid_status(5)."""


class Work(Protocol[Given, Made]):
    """What a process does; it can be pickled."""

    def __call__(self, item: Given, advance: Advance, /) -> Made:
        """Do one item. ``advance`` may raise, and then it was in vain."""

    def close(self) -> None:
        """Called once, when there is nothing more to do."""


@dataclass(frozen=True, slots=True)
class Done(Generic[Item, Result]):
    """An item, what came of it, and the most memory that the process had used by then, in bytes."""

    item: Item
    result: Result
    process: int
    peak_bytes: int


class _Stopped(Exception):
    pass


def run(work: Work[Item, Result], items: list[Item], processes: int, advance: Advance) -> Iterator[Done[Item, Result]]:
    """The results as they come, in no order. With one process, that is this one.

    Raises:
        StorageError: a process was killed, perhaps because memory ran out.
        What the work raises; what others have done by then is told before.
    """
    if min(processes, len(items)) <= 1:
        return _run_here(work, items, advance)
    return _run_there(work, items, min(processes, len(items)), advance)


def peak_bytes() -> int:
    """The most memory that this process has used."""
    if _STATUS.exists():
        # Not ru_maxrss, which begins with what the process had in memory that started this one.
        return 1024 * int(re.findall(r"VmHWM:\s*(\d+)", _STATUS.read_text())[0])
    found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found if sys.platform == "darwin" else found * 1024


def _run_here(work: Work[Item, Result], items: list[Item], advance: Advance) -> Iterator[Done[Item, Result]]:
    try:
        for item in items:
            yield Done(item, work(item, advance), os.getpid(), peak_bytes())
    finally:
        work.close()


def _run_there(
    work: Work[Item, Result], items: list[Item], processes: int, advance: Advance
) -> Iterator[Done[Item, Result]]:
    context = multiprocessing.get_context("spawn")
    resource_tracker.ensure_running()  # were it started along with the first process, it would change the signal mask
    crew = [_Member(context, work) for _ in range(processes)]
    waiting = iter(items)
    try:
        for member in crew:
            member.give(next(waiting, _STOP))
        while any(member.busy for member in crew):
            for member in _heard(crew):
                done = member.hear(advance)
                if done is not None:
                    member.give(next(waiting, _STOP))
                    yield done
    finally:
        _end(crew)


def _heard(crew: list[_Member]) -> list[_Member]:
    by_connection = {member.connection: member for member in crew if member.busy}
    return [by_connection[each] for each in wait(list(by_connection)) if isinstance(each, Connection)]


def _end(crew: list[_Member]) -> None:
    for member in crew:
        if member.busy:
            with suppress(OSError):
                member.connection.send(_STOP)
                member.busy = False
    for member in crew:
        member.connection.close()
        member.process.join(SECONDS_TO_STOP)
        if member.process.is_alive():
            member.process.kill()
            member.process.join()


class _Member:
    """One process, seen from this one."""

    def __init__(self, context: Any, work: Work[Any, Any]) -> None:  # noqa: ANN401 - multiprocessing has no public type
        self.connection, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=_serve, args=(theirs, work), daemon=True)
        # Ctrl-C reaches all processes of a terminal, and is for this one to answer: the mask is inherited.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        self.busy = False
        self.item: Any = None

    def give(self, item: object) -> None:
        """The next item, or None when there is no more."""
        self.item = item
        self.busy = item is not _STOP
        with suppress(BrokenPipeError):  # it was killed, which is noticed when it is heard
            self.connection.send(item)

    def hear(self, advance: Advance) -> Done[Any, Any] | None:
        """What it says: how far it is, or what came of its item."""
        try:
            said = self.connection.recv()
        except (EOFError, ConnectionResetError) as error:
            self.busy = False
            self.process.join()
            raise StorageError(_how_it_ended(self.process)) from error
        if isinstance(said, int):
            advance(said)
            return None
        if isinstance(said, BaseException):
            self.busy = False
            raise said
        return Done(self.item, said[0], self.process.pid or 0, said[1])


def _how_it_ended(process: BaseProcess) -> str:
    if process.exitcode == -signal.SIGKILL:
        return "a working process was killed, as systems do when memory runs out"
    return f"a working process ended with status {process.exitcode}"


def _serve(connection: Connection, work: Work[Any, Any]) -> None:
    """What a process does."""
    Thread(target=_follow_parent, daemon=True).start()

    def advance(count: int) -> None:
        if connection.poll():
            raise _Stopped
        connection.send(count)

    try:
        while (item := connection.recv()) is not _STOP:
            connection.send((work(item, advance), peak_bytes()))
    except BossletError as error:
        connection.send(error)
    except (_Stopped, EOFError, BrokenPipeError):
        pass
    finally:
        work.close()


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
