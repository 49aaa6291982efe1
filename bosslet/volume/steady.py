"""Whether voxels are still those of before, told from the files that they are in without opening one.

For what is kept in memory for a while. A file is told by its inode, time and size, as TensorStore's own cache does it;
but within one tick of a file system's clock a third write can get the inode of the first (``shards``). So a file that
was written a moment ago is not told at all, and one that was is another one after any later write.
"""

from __future__ import annotations

import time as clock

from bosslet.geometry import Box, Grid
from bosslet.volume.volume import Volume

SETTLED_NS = 2 * 10**9
"""How long ago a file was last written that can be told: longer than a tick of any file system's clock."""

State = tuple[object, ...]


def steady_state(volume: Volume, time: int, box: Box) -> State | None:
    """What is another one once any block of a box is written; None while one is absent, or was written just now."""
    states = []
    for part in Grid(volume.layout.block).parts(box):
        state = volume.store.file_state(f"{volume.path}/{volume.layout.file(time, part.index)}")
        if not _is_settled(state):
            return None
        states.append(state)
    volume.store.check_place(volume.path)
    return tuple(states)


def _is_settled(state: object) -> bool:
    match state:
        case (_, int(written), _):
            return clock.time_ns() - written > SETTLED_NS
    return False  # absent, or not in a folder
