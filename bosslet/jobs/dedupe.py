"""Make blocks that hold the same bytes one file, wherever in a store they are.

Two levels of a mask, or a channel and its copy of long ago, often have the same blocks. A block is only ever replaced
by another file, so it does no harm that several are one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from uuid import uuid4

from bosslet.datastore import Datastore
from bosslet.jobs.locks import lock_file
from bosslet.jobs.maintenance import maintenance
from bosslet.volume.audit import levels_of
from bosslet.volume.faults import translated_errors
from bosslet.volume.folders import sync_folder
from bosslet.volume.placing import link

Progress = Callable[[int, int], None]
_PREFIX = "dedupe-"


@dataclass(frozen=True, slots=True)
class Deduped:
    """What was won."""

    blocks: int
    linked: int
    won: int
    """Bytes on the disk."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A block's file as it was when it was looked at."""

    name: str
    """Relative to the store: that of its lock."""
    inode: int
    size: int
    mtime: int


def dedupe(datastore: Datastore, progress: Progress) -> Deduped:
    """Look at all blocks, and link those that are the same; others may write meanwhile.

    Raises:
        ConfigurationError: other maintenance is under way.
        StorageError: a file cannot be read or linked.
    """
    with maintenance(datastore), translated_errors(str(datastore.uploads), writing=True):
        for left in lock_file(datastore.uploads, "").parent.glob(f"{_PREFIX}*"):
            left.unlink()
        return _Work(datastore, progress).run()


class _Work:
    def __init__(self, datastore: Datastore, progress: Progress) -> None:
        self.root, self.store, self.progress = datastore.uploads, datastore.store, progress
        self.datastore = datastore
        self.first: dict[tuple[int, bytes], _Found] = {}
        self.linked = self.won = 0

    def run(self) -> Deduped:
        found = list(self._blocks())
        sizes: dict[int, set[int]] = {}
        for each in found:
            sizes.setdefault(each.size, set()).add(each.inode)
        for number, each in enumerate(found):
            if len(sizes[each.size]) > 1:  # no other file can be the same
                self._look(each)
            self.progress(number + 1, len(found))
        return Deduped(len(found), self.linked, self.won)

    def _blocks(self) -> Iterator[_Found]:
        for channel in self.datastore.catalog.resources.all_channels():
            for level in levels_of(self.datastore.image(channel)):
                for time, *index in sorted(level.volume.listed_blocks()):
                    z, y, x = index
                    found = self._state(f"{level.volume.path}/{level.volume.layout.file(time, (z, y, x))}")
                    if found is not None:
                        yield found

    def _state(self, name: str) -> _Found | None:
        try:
            state = (self.root / name).stat()
        except FileNotFoundError:
            return None
        return _Found(name, state.st_ino, state.st_size, state.st_mtime_ns)

    def _look(self, found: _Found) -> None:
        try:
            digest = sha256((self.root / found.name).read_bytes()).digest()
        except FileNotFoundError:
            return
        first = self.first.setdefault((found.size, digest), found)
        if first.inode != found.inode and not self._link(first, found):
            self.first[found.size, digest] = found

    def _link(self, first: _Found, found: _Found) -> bool:
        """Unless one of the two was written since it was looked at; whether the first is still good for others."""
        target, beside = self.root / found.name, lock_file(self.root, f"{_PREFIX}{uuid4().hex}")
        with self.store.locks.hold([first.name, found.name]):
            if self._state(first.name) != first:
                return False
            if self._state(found.name) != found:
                return True
            if not link(self.root / first.name, beside):
                return False  # a file system has a limit of names for one file
            beside.replace(target)
            sync_folder(target.parent)
        self.linked += 1
        self.won += found.size
        return True
