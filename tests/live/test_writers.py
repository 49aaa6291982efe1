"""Many clients write different voxels of the same blocks at once, through several workers and even several servers."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from bosslet.geometry import Box
from tests.live import writing
from tests.live.client import Channel
from tests.live.server import Server, serving
from tests.live.verified import verified


@pytest.fixture
def second_server(server: Server) -> Iterator[Server]:
    """Another server on the folder of the first."""
    with serving(server.uploads, "--workers", "2", "--threads", "4") as started:
        yield started


def run_writers(urls: list[str], name: str) -> None:
    # A fork would take along what other tests started: TensorStore's threads, after which a child aborts.
    with ProcessPoolExecutor(writing.PROCESSES, multiprocessing.get_context("spawn")) as pool:
        pending = [pool.submit(writing.write, urls, name, process) for process in range(writing.PROCESSES)]
        assert [complaint for process in pending for complaint in process.result()] == []


def test_voxels_of_one_block_written_by_many_are_all_there(server: Server, second_server: Server) -> None:
    channel = Channel(server.url, "writers/e/shared", "uint16")
    channel.create((32, 280, 300))
    run_writers([server.url, second_server.url], "writers/e/shared")
    expected = np.zeros(writing.BOX.shape, np.uint16)
    for writer in range(writing.WRITERS):
        expected[writing.share(writer)] = writing.value(writer, writing.ROUNDS - 1)
    np.testing.assert_array_equal(channel.read(writing.BOX), expected)
    np.testing.assert_array_equal(Channel(second_server.url, "writers/e/shared", "uint16").read(writing.BOX), expected)
    assert verified(server.uploads, "writers/e/shared") == []


def test_what_one_server_knows_of_blocks_the_other_knows(server: Server, second_server: Server) -> None:
    """That a block was written or was erased, so that what is absent is neither made up nor missed."""
    name, box = "known/e/ch", Box((0, 0, 0), (3, 5, 7))
    first, second = Channel(server.url, name), Channel(second_server.url, name)
    first.create((32, 280, 300))
    for writer, other in ((first, second), (second, first)) * 2:
        voxels = np.full(box.shape, 1 + (writer is first), np.uint8)
        assert writer.write(box, voxels) == 201
        np.testing.assert_array_equal(other.read(box), voxels)
        assert other.session.put(other.url_of(box).replace("cutout", "cutout/to_black")).status_code == 200
        assert not writer.read(box).any()
    assert second.write(box, voxels) == 201
    assert verified(server.uploads, name) == []


def test_a_server_that_shares_the_folder_leaves_nothing_of_itself(server: Server, tmp_path: Path) -> None:
    before = {path for path in server.uploads.rglob("*") if path.is_file()}
    with serving(server.uploads, "--workers", "1"):
        pass
    after = {path for path in server.uploads.rglob("*") if path.is_file()}
    assert {path.name for path in after ^ before} <= {"bosslet.db-wal", "bosslet.db-shm"}
