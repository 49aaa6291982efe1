"""All blocks of an array in a second one, of the same or of another store, while others write the first.

Each block is taken as it is at one moment, and held against the ledger: what was written last is what is copied, or it
is an error. The ledger of the second array then says the same. What an earlier copy has already, by its generation
(``shards``), is linked from there, and of the first array not even the file is looked at.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from bosslet.errors import UnreadableBlock
from bosslet.volume.audit import ANOTHER, complaint
from bosslet.volume.faults import translated_errors
from bosslet.volume.folders import sync_folder
from bosslet.volume.ledger import Block, Change, Ledger
from bosslet.volume.placing import copy, link
from bosslet.volume.presence import Presence
from bosslet.volume.shards import open_generation, tail_bytes
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

BLOCKS_AT_ONCE = 64
"""How many are entered into the ledger together."""

Damage = Callable[[Block, UnreadableBlock], None]
"""Told of a block that cannot be copied; raises, or lets the others be copied."""


@dataclass(slots=True)
class Tally:
    """What was done so far."""

    blocks: int = 0
    kept: int = 0
    """Blocks that were linked from an earlier copy."""
    linked: int = 0
    copied: int = 0
    copied_bytes: int = 0
    fresh: list[Block] = field(default_factory=list)
    """Blocks that are files of their own, and nobody has read back yet."""


@dataclass(frozen=True, slots=True)
class Copying:
    """One array on its way."""

    source: Volume
    target: Volume
    tally: Tally
    link: bool
    """Whether both may be the same file, if the file system has it; else each block is a file of its own."""
    previous: Sequence[Volume] = ()
    """Arrays with earlier copies, on the file system of the target."""
    read_back: bool = False
    """Whether each block that was copied is read from the disk, and all its checksums checked, before it counts."""

    def run(self, damage: Damage, advance: Callable[[int], None]) -> None:
        """Copy all blocks; nobody may use the target meanwhile.

        ``advance`` is called with how many more blocks are done.

        Raises:
            StorageError: of either store; what was copied by then stays.
        """
        self._describe()
        blocks = iter(sorted(self._blocks()))
        while group := list(islice(blocks, BLOCKS_AT_ONCE)):
            changes = dict(self._copied(group, damage))
            with translated_errors(self.target.path, writing=True):
                for folder in {Path(_presence(self.target).file(self.target.path, block)).parent for block in group}:
                    if folder.exists():
                        sync_folder(folder)
            changes |= dict.fromkeys(self._unreadable(damage), (True, None))
            _ledger(self.target).changed(self.target.path, changes)
            self.tally.blocks += len(group)
            advance(len(group))
        self._describe()  # once more: it may have grown since, and never shrinks

    def _blocks(self) -> set[Block]:
        """Those with a file, and those that should have one."""
        entries = _ledger(self.source).entries(self.source.path)
        return self.source.listed_blocks().union(block for block, entry in entries.items() if entry.stored)

    def _copied(self, group: list[Block], damage: Damage) -> Iterator[tuple[Block, Change]]:
        for block in group:
            try:
                change = self._kept(block) or self._taken(block)
            except UnreadableBlock as error:
                damage(block, error)
                # Missed in the copy as well, and never taken for zeros.
                entry = _ledger(self.source).entry(self.source.path, block)
                change = True, entry.generation if entry else None
            if change is not None:
                yield block, change

    def _kept(self, block: Block) -> Change | None:
        """A block that an earlier copy has, linked from there; None for another one."""
        entry = _ledger(self.source).entry(self.source.path, block)
        if entry is None or not entry.stored or not _ledger(self.source).trusts(entry):
            return None
        return (True, entry.generation) if self._linked_from_before(block, entry.generation) else None

    def _linked_from_before(self, block: Block, generation: bytes | None) -> bool:
        for volume in self.previous:
            known = _ledger(volume).entry(volume.path, block)
            if known is None or not known.stored or not _ledger(volume).trusts(known) or known.generation != generation:
                continue
            file = Path(_presence(volume).file(volume.path, block))
            if file.is_file() and link(file, self._place(block)):
                self.tally.kept += 1
                return True
        return False

    def _taken(self, block: Block) -> Change | None:
        """A block that is copied from its file; None for one that there is no more."""
        with _opened(self.source, block) as found:
            if found is None:
                return None
            file, generation = found
            if not self._linked_from_before(block, generation) and not self._linked(block, file):
                self._copy(block, file)
            return True, generation

    def _linked(self, block: Block, file: BinaryIO) -> bool:
        """Whether the block is now the same file in both; it is not, where another took its place meanwhile."""
        source, target = Path(_presence(self.source).file(self.source.path, block)), self._place(block)
        with translated_errors(self.target.path, writing=True):
            if self.link and _is_at(source, file) and link(source, target) and _is_at(target, file):
                self.tally.linked += 1
                return True
        return False

    def _copy(self, block: Block, file: BinaryIO) -> None:
        with translated_errors(self.target.path, writing=True):
            copy(file, self._place(block))
        self.tally.copied += 1
        self.tally.copied_bytes += os.fstat(file.fileno()).st_size
        self.tally.fresh.append(block)

    def _unreadable(self, damage: Damage) -> Iterator[Block]:
        """Of the blocks that were copied, those that are damaged: whoever copies next is to look again."""
        blocks, self.tally.fresh = self.tally.fresh, []
        for block in blocks if self.read_back else ():
            if (what := complaint(self.target, block)) is not None:
                damage(block, UnreadableBlock(what))
                yield block

    def _place(self, block: Block) -> Path:
        """Where the file of a block will be, in a folder that is there."""
        file = f"{self.target.path}/c/{'/'.join(map(str, block))}"
        with translated_errors(self.target.path, writing=True):
            self.target.store.prepare(file)
        place = Path(_presence(self.target).file(self.target.path, block))
        place.unlink(missing_ok=True)
        return place

    def _describe(self) -> None:
        document = f"{self.source.path}/zarr.json"
        content, array = (
            self.source.store.document(document),
            self.source.store.array(self.source.path, self.source.layout, fresh=True),
        )
        if content is None or array is None:
            raise UnreadableBlock(f"{document} is missing")
        time, z, y, x = array.shape
        with self.target.store.locks.hold([f"{self.target.path}/zarr.json"]):
            self.target.store.write_document(f"{self.target.path}/zarr.json", content)
        _ledger(self.target).note_shape(self.target.path, (time, z, y, x))


@contextmanager
def _opened(volume: Volume, block: Block) -> Iterator[tuple[BinaryIO, bytes | None] | None]:
    """The file of a block, which holds what was written last, and its generation; None where there is no block.

    The file stays as it is, whatever takes its place meanwhile.

    Raises:
        UnreadableBlock: it is gone, or holds something else.
    """
    presence, ledger = _presence(volume), _ledger(volume)
    with ExitStack() as stack:
        with volume.locked(block[0], block[1:]), translated_errors(f"{volume.path} {block}"):
            presence.check(volume.path, [block])
            place = Path(presence.file(volume.path, block))
            file = stack.enter_context(place.open("rb")) if place.exists() else None
            entry = ledger.entry(volume.path, block)
        if file is None:
            yield None
            return
        array = volume.store.array(volume.path, volume.layout)
        tail = tail_bytes(array) if array is not None else None
        generation = open_generation(file.fileno(), tail) if tail else None
        if entry is not None and ledger.trusts(entry) and tail and generation != entry.generation:
            raise UnreadableBlock(ANOTHER)
        yield file, generation


def _is_at(path: Path, file: BinaryIO) -> bool:
    """Whether an open file is the one at a path."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _ledger(volume: Volume) -> Ledger:
    return _of(volume.store)[0]


def _presence(volume: Volume) -> Presence:
    return _of(volume.store)[1]


def _of(store: Store) -> tuple[Ledger, Presence]:
    if store.ledger is None or store.presence is None:
        raise ValueError(f"{store.url} is not a folder")
    return store.ledger, store.presence
