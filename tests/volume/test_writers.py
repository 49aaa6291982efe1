"""Real writers: threads and processes at work on the same blocks. Nobody's voxels vanish, nobody reads half a block.

Each process opens a store of its own, as the workers of a server do, and two servers on one folder.
"""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bosslet.geometry import Box, Grid
from bosslet.volume.layout import Layout
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

NOW = range(1)
LAYOUT = Layout("uint8", block=(32, 48, 64), chunk=(16, 16, 32))
SPACE = Box.of((64, 48, 128))
PATH = "col/exp/chan/0"
PROCESSES = 4
THREADS = 3

Task = Callable[[Volume, int, int], None]


def volume_in(folder: Path) -> Volume:
    return Volume(Store.in_folder(folder), PATH, LAYOUT, (1, *SPACE.shape))


def owners(writers: int) -> NDArray[np.int64]:
    """Which writer each voxel belongs to: neighbours belong to different ones."""
    return np.random.default_rng(writers).integers(0, writers, SPACE.shape)


def piece_owners(writers: int) -> NDArray[np.int64]:
    """The same by pieces of 16³, many of which lie in one block."""
    z, y, x = np.indices(SPACE.shape) // 16
    return np.asarray((x + 8 * y + 24 * z) % writers)


def write_pieces(volume: Volume, me: int, writers: int) -> None:
    mine = piece_owners(writers) == me
    for part in Grid((16, 16, 16)).parts(SPACE):
        if mine[part.box.slices].all():
            volume.write(NOW, part.box, np.full((1, *part.box.shape), me + 1, np.uint8))


def merge_pieces(volume: Volume, me: int, writers: int) -> None:
    mine = piece_owners(writers) == me
    for part in Grid((16, 48, 50)).parts(SPACE):
        volume.merge(NOW, part.box, (mine[part.box.slices][None] * (me + 1)).astype(np.uint8))


def merge_masks(volume: Volume, me: int, writers: int) -> None:
    mine = owners(writers) == me
    # Everybody cuts the space in another way, so that boxes overlap in and across blocks.
    for part in Grid((20 + me, 25 + 2 * me, 30 + 3 * me)).parts(SPACE):
        volume.merge(NOW, part.box, (mine[part.box.slices][None] * (me + 1)).astype(np.uint8))


def grown(volume: Volume) -> Volume:
    """Another array of the same store, made too small for what comes."""
    return Volume(volume.store, "col/exp/chan/1", LAYOUT, (1, 2, 3, 4))


def grow(volume: Volume, me: int, writers: int) -> None:
    """Write beyond every end of the array, everybody beyond another."""
    for step in range(3):
        box = Box((6 * me, 20 * step, 9 * (writers - me)), (6 * me + 2, 20 * step + 3, 9 * (writers - me) + 4))
        grown(volume).write(range(me, me + 1), box, np.full((1, *box.shape), me + 1, np.uint8))


TASKS: list[tuple[Task, Callable[[int], NDArray[np.int64]]]] = [
    (write_pieces, piece_owners),
    (merge_pieces, piece_owners),
    (merge_masks, owners),
]
IDS = ["write pieces", "merge pieces", "merge masks"]


def run_threads(volume: Volume, task: Task, first: int, writers: int, threads: int) -> None:
    with ThreadPoolExecutor(threads) as pool:
        for running in [pool.submit(task, volume, first + number, writers) for number in range(threads)]:
            running.result()


_start: Barrier


def remember(start: Barrier) -> None:
    """Of a process of the pool: where all of them wait for each other."""
    global _start
    _start = start


def run_in_process(folder: Path, task: Task, first: int, writers: int, threads: int) -> None:
    volume = volume_in(folder)
    _start.wait(60)
    run_threads(volume, task, first, writers, threads)


def write_constants(folder: Path, me: int) -> None:
    """Write blocks over and over, each time filled with one value."""
    volume = volume_in(folder)
    _start.wait(60)
    blocks = [part.box for part in Grid(LAYOUT.block).parts(SPACE)]
    for step in range(60):
        box = blocks[step % 2]
        volume.write(NOW, box, np.full((1, *box.shape), 1 + (step * PROCESSES + me) % 255, np.uint8))


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    """A pool of processes that start from nothing: TensorStore does not survive a fork."""
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(PROCESSES)
    with ProcessPoolExecutor(PROCESSES, mp_context=spawn, initializer=remember, initargs=(barrier,)) as pool:
        yield pool


def in_processes(pool: ProcessPoolExecutor, folder: Path, task: Task) -> None:
    writers = PROCESSES * THREADS
    running = [
        pool.submit(run_in_process, folder, task, first, writers, THREADS) for first in range(0, writers, THREADS)
    ]
    for one in running:
        one.result(60)


@pytest.mark.parametrize(("task", "belongs"), TASKS, ids=IDS)
def test_threads_do_not_lose_each_others_voxels(
    tmp_path: Path, task: Task, belongs: Callable[[int], NDArray[np.int64]]
) -> None:
    run_threads(volume_in(tmp_path), task, 0, 8, 8)
    assert np.array_equal(volume_in(tmp_path).read(NOW, SPACE)[0], belongs(8) + 1)


@pytest.mark.parametrize(("task", "belongs"), TASKS, ids=IDS)
def test_processes_do_not_lose_each_others_voxels(
    tmp_path: Path, processes: ProcessPoolExecutor, task: Task, belongs: Callable[[int], NDArray[np.int64]]
) -> None:
    in_processes(processes, tmp_path, task)
    assert np.array_equal(volume_in(tmp_path).read(NOW, SPACE)[0], belongs(PROCESSES * THREADS) + 1)


def test_processes_that_make_and_grow_an_array_at_once_all_find_their_voxels(
    tmp_path: Path, processes: ProcessPoolExecutor
) -> None:
    in_processes(processes, tmp_path, grow)
    writers = PROCESSES * THREADS
    found = grown(volume_in(tmp_path)).read(range(writers), Box.of((6 * writers, 50, 10 * writers)))
    for me in range(writers):
        assert (found[me] == me + 1).sum() == np.count_nonzero(found[me]) == 3 * (2 * 3 * 4)


def test_a_reader_never_sees_half_a_block(tmp_path: Path, processes: ProcessPoolExecutor) -> None:
    stores: list[dict[str, Any]] = [{"cache_bytes": 0}, {"cache_bytes": 1 << 24}]
    volumes = [Volume(Store.in_folder(tmp_path, **options), PATH, LAYOUT, (1, *SPACE.shape)) for options in stores]
    first, second = [part.box for part in Grid(LAYOUT.block).parts(SPACE)][:2]
    boxes = [first, second, Box((3, 5, 7), (30, 40, 60)), Box((3, 5, 70), (30, 40, 127))]
    writing: list[Future[None]] = [processes.submit(write_constants, tmp_path, me) for me in range(PROCESSES)]
    seen: set[int] = set()
    while not all(one.done() for one in writing):
        for volume in volumes:
            for box in boxes:
                found = volume.read(NOW, box)
                assert found.min() == found.max()
                seen.add(int(found.max()))
    for one in writing:
        one.result()
    assert len(seen) > 5
