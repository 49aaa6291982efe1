"""Write the blocks of one array anew into another, of other blocks or another codec, while others write the first.

A block of the target is *current* when it was made of blocks that are still the same, by their generations. So the
first pass makes all of them, and each further one those that are no longer current: until nothing is left, or all who
write have to wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np

from bosslet.errors import StorageError
from bosslet.geometry import Box, Grid
from bosslet.volume.generation import block_state
from bosslet.volume.ledger import Block
from bosslet.volume.volume import Volume

UNSETTLED = ""
"""In place of a digest: somebody writes one of the blocks at this moment."""
GONE = "gone"
"""In place of a digest: there is no more of it."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One array on its way."""

    source: Volume
    target: Volume
    made_of: dict[Block, str] = field(default_factory=dict)
    """Of each block of the target that was made, the digest of what it was made of."""

    def stale(self) -> dict[Block, str]:
        """The blocks that are to be made, with what of; those of which nothing is left are among them."""
        now = self._digests()
        gone = {block: GONE for block, digest in self.made_of.items() if block not in now and digest != GONE}
        return gone | {
            block: digest for block, digest in now.items() if digest == UNSETTLED or self.made_of.get(block) != digest
        }

    def run(self, blocks: dict[Block, str], made: Callable[[Block, str], None]) -> None:
        """Make these blocks; ``made`` is told of each that is on the disk.

        Raises:
            UnreadableBlock: one of the source is damaged or gone.
            StorageError
        """
        for block in sorted(blocks):
            self._make(block)
            self.made_of[block] = blocks[block]
            made(block, blocks[block])

    def _make(self, block: Block) -> None:
        times = range(block[0], block[0] + 1)
        box = Grid(self.target.layout.block).box_of(block[1:]).intersection(self._extent())
        voxels = self.source.read(times, box)
        if not voxels.any():
            self.target.clear(times, box)
            return
        self.target.write(times, box, voxels.copy())
        if not np.array_equal(self.target.read(times, box), voxels):
            raise StorageError(f"{self.target.path}, z,y,x {box}: what is read is not what was written")

    def _extent(self) -> Box:
        array = self.source.store.array(self.source.path, self.source.layout, fresh=True)
        _, z, y, x = array.shape if array is not None else self.source.shape
        return Box.of((z, y, x))

    def _digests(self) -> dict[Block, str]:
        """Of each block that the target should have."""
        found: dict[Block, list[bytes]] = {}
        for block, generation in self._generations():
            for target in self._around(block):
                found.setdefault(target, []).append(generation and bytes(f"{block}", "ascii") + generation)
        return {block: _digest(parts) for block, parts in found.items()}

    def _generations(self) -> Iterator[tuple[Block, bytes]]:
        """In ascending order; empty for a block that somebody writes."""
        ledger = self.source.store.ledger
        entries = ledger.entries(self.source.path) if ledger else {}
        for time, index in self.source.stored_blocks():
            block = (time, *index)
            entry = entries.get(block)
            if entry is not None and ledger is not None and entry.stored and ledger.trusts(entry):
                yield block, entry.generation or b""
            else:
                yield block, block_state(self.source, time, index).generation or b""

    def _around(self, block: Block) -> list[Block]:
        """The blocks of the target that have voxels of a block of the source."""
        box = Grid(self.source.layout.block).box_of(block[1:])
        return [(block[0], *part.index) for part in Grid(self.target.layout.block).parts(box)]


def _digest(parts: list[bytes]) -> str:
    return blake2b(b"".join(parts), digest_size=16).hexdigest() if all(parts) else UNSETTLED
