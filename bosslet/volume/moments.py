"""Blocks as they were at one moment.

A block is replaced as a whole, but TensorStore reads it chunk by chunk, and what it has read by then it does not read
again when somebody replaces the block in between: of a thousand cutouts beside writes of the same block, a few had
chunks of before and chunks of after. So the file is looked at before and after. When it is another one, the block is
read once more, from a copy of its file: that is read in one go, and no rename can tear it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorstore as ts
from numpy.typing import NDArray

from bosslet.volume.store import Store

Voxels = NDArray[Any]
Wanted = tuple[str, tuple[slice, ...]]
"""The file of a block, and the index in its array of what is to be read of it."""


class Moment:
    """The files of some blocks as they are now."""

    def __init__(self, store: Store, path: str, wanted: Sequence[Wanted]) -> None:
        self._store = store
        self._files = [f"{path}/{name}" for name, _ in wanted]
        self._states = self._look()

    def changed(self) -> list[bool]:
        """Of each file, whether it is another one by now."""
        return [before != now for before, now in zip(self._states, self._look(), strict=True)]

    def _look(self) -> list[object]:
        return [self._store.file_state(file) for file in self._files]


def read_blocks(
    store: Store, path: str, array: ts.TensorStore, wanted: Sequence[Wanted], into: Sequence[Voxels]
) -> None:
    """The voxels of some blocks of the array at a path, of each as it was at one moment; all are read side by side."""
    moment = Moment(store, path, wanted)
    pending = [read_into(place, array[index]) for place, (_, index) in zip(into, wanted, strict=True)]
    for future in pending:
        future.result()
    for number, changed in enumerate(moment.changed()):
        if changed:
            name, index = wanted[number]
            read_into(into[number], store.copied(path, name)[index]).result()


def read_into(place: Voxels, source: ts.TensorStore) -> ts.WriteFutures:
    """Begin to read all of a (part of an) array into another one; TensorStore's own would be in small pages."""
    return ts.array(place).write(source)
