"""Which state a block is in, told from some hundred bytes of its file.

What a generation is, and why it is not the file's time or size, says ``shards``.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from bosslet.errors import UnreadableBlock
from bosslet.geometry import Point
from bosslet.volume.extracts import Extract
from bosslet.volume.shards import checksum_places, generation, tail_bytes
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume


@dataclass(frozen=True, slots=True)
class BlockState:
    """What is known of a block without reading it."""

    exists: bool
    generation: bytes | None = None
    """None where it cannot be told: the block is being rewritten, or is damaged, or its array has other codecs."""


ABSENT = BlockState(exists=False)
UNKNOWN = BlockState(exists=True)


def block_states(volume: Volume, time: int, indices: Sequence[Point]) -> list[BlockState]:
    """The states of some blocks at this moment; their files are read side by side.

    Raises:
        UnreadableBlock: one was written, and its file is gone.
    """
    array = volume.store.array(volume.path, volume.layout)
    if array is None:
        return [ABSENT] * len(indices)
    checked = tail_bytes(array)
    size = checked or 1  # a byte will do to see whether there is a block at all
    paths = [f"{volume.path}/{volume.layout.file(time, index)}" for index in indices]
    tails = _read(volume.store, {path: [slice(-size, None)] for path in paths})
    places = {path: checksum_places(tail[0].content) for path, tail in tails.items() if tail and checked}
    checksums = _read(volume.store, {path: found for path, found in places.items() if found is not None})
    states = [_state(tails.get(path, []), checksums.get(path)) for path in paths]
    if volume.store.presence is not None:
        absent = (index for index, state in zip(indices, states, strict=True) if not state.exists)
        volume.store.presence.check(volume.path, ((time, *index) for index in absent))
    return states


def block_state(volume: Volume, time: int, index: Point) -> BlockState:
    """The state of one block at this moment."""
    return block_states(volume, time, [index])[0]


def _state(tail: list[Extract] | None, checksums: list[Extract] | None) -> BlockState:
    if tail is None:
        return ABSENT
    if checksums is None or any(checksum.file_state != tail[0].file_state for checksum in checksums):
        return UNKNOWN
    return BlockState(True, generation(tail[0].content, (checksum.content for checksum in checksums)))


def _read(store: Store, wanted: dict[str, list[slice]]) -> dict[str, list[Extract] | None]:
    """Pieces of files by path; None where there is no file, and nothing where it cannot be read.

    It may have been replaced by a shorter one since its index was read. If it is damaged, reading the block says so.
    """
    reading = {path: store.reading(path, ranges) for path, ranges in wanted.items()}
    found = {}
    for path, extracts in reading.items():
        with suppress(UnreadableBlock):
            found[path] = extracts.result()
    return found
