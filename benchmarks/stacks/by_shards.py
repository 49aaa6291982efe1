"""BlockFS's way: blocks of 64³ in as many files as there are cores, each appended to by a process of its own.

Processes that read the stack hand blocks to those that compress (zstd, level 5) and append. What lies where is told at
the end. Nothing is synced, and a block that is written again takes new room.
"""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numcodecs import Blosc  # type: ignore[import-untyped]

from benchmarks.stacks import Voxels, planes, program, read, write

SIDE = 64
DEPTH = 10
"""How many blocks may wait for a file."""
_queues: list[Any] = []


def take_in(stack: Path, folder: Path) -> None:
    """From planes to blocks."""
    folder.mkdir()
    context, shards = multiprocessing.get_context("spawn"), os.cpu_count() or 1
    queues, places = [context.Queue(DEPTH) for _ in range(shards)], context.Queue()
    writers = [
        context.Process(target=_append, args=(folder / str(n), queue, places), daemon=True)
        for n, queue in enumerate(queues)
    ]
    for writer in writers:
        writer.start()
    files = planes(stack)
    with context.Pool(shards, _know, (queues,)) as pool:
        shape = (len(files), *pool.starmap(_slab_in, [(stack, z) for z in range(0, len(files), SIDE)], 1)[0])
        pool.close()
        pool.join()  # what they have put into queues leaves them in threads of theirs
    for queue in queues:
        queue.put(None)
    index: dict[str, tuple[int, int, int]] = {}
    for _ in writers:
        index |= places.get()
    for writer in writers:
        writer.join()
    (folder / "directory").write_text(json.dumps({"shape": shape, "index": index}))


def put_out(stack: Path, folder: Path) -> None:
    """From blocks to planes."""
    depth = json.loads((folder / "directory").read_text())["shape"][0]
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        pool.starmap(_slab_out, [(stack, folder, z) for z in range(0, depth, SIDE)], 1)


def _know(queues: list[Any]) -> None:
    """In each process that reads."""
    _queues.extend(queues)


def _slab_in(stack: Path, z: int) -> tuple[int, ...]:
    voxels = read(planes(stack)[z : z + SIDE])
    for number, (y, x) in enumerate(_corners(voxels.shape[1:])):
        queue = _queues[(number + z // SIDE) % len(_queues)]
        queue.put((f"{z} {y} {x}", np.ascontiguousarray(voxels[:, y : y + SIDE, x : x + SIDE])))
    return voxels.shape[1:]


def _append(file: Path, queue: Any, places: Any) -> None:  # noqa: ANN401 - multiprocessing has no public type
    codec, index = Blosc(cname="zstd", clevel=5), {}
    with file.open("wb") as stream:
        while (given := queue.get()) is not None:
            name, block = given
            index[name] = (int(file.name), stream.tell(), stream.write(codec.encode(block)))
    places.put(index)


def _slab_out(stack: Path, folder: Path, z: int) -> None:
    said = json.loads((folder / "directory").read_text())
    shape = (min(SIDE, said["shape"][0] - z), *said["shape"][1:])
    voxels: Voxels = np.empty(shape, np.uint8)
    for y, x in _corners(shape[1:]):
        shard, offset, size = said["index"][f"{z} {y} {x}"]
        with (folder / str(shard)).open("rb") as stream:
            stream.seek(offset)
            block = np.frombuffer(Blosc().decode(stream.read(size)), np.uint8)
        target = voxels[:, y : y + SIDE, x : x + SIDE]
        target[...] = block.reshape(target.shape)
    write(stack, z, voxels)


def _corners(plane: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    return ((y, x) for y in range(0, plane[0], SIDE) for x in range(0, plane[1], SIDE))


if __name__ == "__main__":
    program(take_in, put_out)
