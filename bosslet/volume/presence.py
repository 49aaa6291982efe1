"""Reads and writes of blocks held against the ledger: what must be there and is not, is an error and not zeros.

A write is noted before and after, under the locks of its blocks. A read looks only whether each block has a file; only
where there is none is the ledger asked. It takes no lock for that: an entry is looked at before and after the file.
While it says "stored" and does not change, the file must be there, since it comes before the entry, and goes after it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorstore as ts
from numpy.typing import NDArray

from bosslet.errors import StorageError, UnreadableBlock
from bosslet.volume.faults import translated_errors
from bosslet.volume.folders import Folders
from bosslet.volume.ledger import Block, Change, Ledger, Shape
from bosslet.volume.shards import file_generation, tail_bytes


@dataclass(frozen=True, slots=True)
class BlockWrite:
    """What is about to be written to one block."""

    block: Block
    voxels: NDArray[Any]
    whole: bool
    """Whether nothing of what the block held stays."""

    @property
    def empties(self) -> bool:
        """Whether the block may be all zeros by it, and then has no file any more."""
        # Plane by plane: the first one mostly tells.
        return not any(plane.any() for plane in self.voxels[0]) if self.voxels.ndim else not self.voxels.any()


class Presence:
    """The files of all arrays in a folder, and the ledger of them."""

    def __init__(self, root: Path, folders: Folders, ledger: Ledger) -> None:
        self._root = str(root)
        self._folders = folders
        self._ledger = ledger
        self._tails: dict[str, int | None] = {}

    def check(self, path: str, blocks: Iterable[Block], what: str = "") -> None:
        """To be called after these blocks were read; ``what`` is the path and box to name.

        Raises:
            UnreadableBlock: one of them was written, and its file is gone; or it is no file, or lies elsewhere.
        """
        with _about(what or path):
            for block in blocks:
                time, z, y, _ = block
                self._folders.check(f"{path}/c/{time}/{z}/{y}")
                if not self._has_file(path, block) and self._is_missed(path, block):
                    raise UnreadableBlock(f"block {_name(block)} was written, and its file is gone")

    def not_listed(self, path: str, found: Container[Block]) -> list[Block]:
        """The blocks of an array that were written and are not among these; to be checked: some may be new, or gone."""
        return [block for block, entry in self._ledger.entries(path).items() if entry.stored and block not in found]

    def check_array(self, path: str, known: Shape | None, shape: Shape | None) -> None:
        """``known`` is what ``shape`` said before the array was looked for; ``shape`` what was found then.

        Raises:
            UnreadableBlock: the array is gone, or has become smaller.
        """
        if known is None:
            return
        if shape is None:
            raise UnreadableBlock(f"{path}: was made, and zarr.json is gone")
        if any(old > new for old, new in zip(known, shape, strict=True)):
            raise UnreadableBlock(f"{path}: zarr.json has the shape {list(shape)}, and had {list(known)}")

    @contextmanager
    def changing(self, path: str, array: ts.TensorStore, writes: Sequence[BlockWrite], what: str) -> Iterator[None]:
        """Inside it, these blocks are written, under their locks.

        Raises:
            UnreadableBlock: before anything is written: only a part of a block would be, and the rest of it is gone.
            StorageError: the ledger cannot be written; what was written inside is not to be acknowledged.
        """
        self.check(path, (write.block for write in writes if not write.whole), what)
        emptied = {write.block: write.empties for write in writes}
        with _about(what):
            self._ledger.will_change(path, emptied)
        try:
            yield
        except StorageError:
            # Who knows what of it was done; but what has a file still must not lose it.
            stored = [block for block, empty in emptied.items() if empty and self._has_file(path, block)]
            self._ledger.changed(path, dict.fromkeys(stored, (True, None)))
            raise
        with _about(what), translated_errors(path, writing=True):
            tail = self._tail(path, array)
            self._ledger.changed(path, {block: self._found(path, block, tail) for block in emptied})

    def file(self, path: str, block: Block) -> str:
        """Where the file of a block is."""
        return f"{self._root}/{path}/c/{_name(block)}"

    def take_note(self, path: str, array: ts.TensorStore, block: Block) -> None:
        """What a block holds is what it should hold: it was read, found whole, and its lock is held."""
        with translated_errors(path):
            self._ledger.changed(path, {block: self._found(path, block, self._tail(path, array))})

    def _found(self, path: str, block: Block, tail: int | None) -> Change:
        if not self._has_file(path, block):
            return False, None
        return True, file_generation(self.file(path, block), tail) if tail else None

    def _has_file(self, path: str, block: Block) -> bool:
        file = self.file(path, block)
        try:
            mode = os.lstat(file).st_mode  # for every block of every read: half the time of pathlib's
        except FileNotFoundError:
            return False
        except OSError as error:
            raise UnreadableBlock(f"block {_name(block)}: {error}") from error
        if not stat.S_ISREG(mode):
            raise UnreadableBlock(f"block {_name(block)} is not a file")
        return True

    def _is_missed(self, path: str, block: Block) -> bool:
        before = self._ledger.entry(path, block)
        while before is not None and before.stored and not self._has_file(path, block):
            after = self._ledger.entry(path, block)
            if after == before:
                return True
            before = after
        return False

    def _tail(self, path: str, array: ts.TensorStore) -> int | None:
        if path not in self._tails:
            self._tails[path] = tail_bytes(array)
        return self._tails[path]


def _name(block: Block) -> str:
    time, z, y, x = block
    return f"{time}/{z}/{y}/{x}"


@contextmanager
def _about(what: str) -> Iterator[None]:
    try:
        yield
    except StorageError as error:
        raise type(error)(f"{what}: {error}") from error
