"""The power fails while clients write: a file system is stopped without a flush, then mounted anew.

A file that was written and not synced beside the uploads is the proof that the cut loses what may be lost.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import requests

from tests.live.cells import EXTENT, MOST_CELLS, Writers, traffic, wait_for
from tests.live.client import Channel
from tests.live.server import Server, serving
from tests.torture.disks import Disk
from tests.torture.figures import Figure
from tests.torture.kill import Tally

MEGABYTES = 1024
MOUNTS = ("data=ordered", "data=writeback")
"""By turns: with the second, what is not synced may come back as anything."""


def power(folder: Path, cuts: int, seed: int, megabytes: int = MEGABYTES) -> list[Figure]:
    """Each round makes a collection too, so that the catalog has something to lose."""
    disk, moments, tally = Disk(folder / "disk.img", folder / "uploads", megabytes), random.Random(seed), Tally()
    writers, collections, gone, unsynced = Writers("none/e/labels"), list[str](), 0, 0
    for number in range(cuts + 1):
        with disk.mounted(MOUNTS[number % len(MOUNTS)]) as uploads:
            unsynced += number > 0 and not _is_whole(uploads / f"unsynced-{number - 1}")
            with serving(uploads, "--workers", "2", "--threads", "4") as server:
                if number:
                    tally.count(writers, server.url)
                    gone += sum(not _has_collection(server, name) for name in collections)
                if number == 0 or len(writers.acknowledged) + len(writers.refused) > MOST_CELLS - 300:
                    tally.written += len(writers.acknowledged)
                    writers = Writers(f"power-{number}/e/labels")
                    Channel(server.url, writers.channel, "uint64").create(EXTENT)
                if number < cuts:
                    with traffic(writers, server.url):
                        wait_for_more(moments.randint(10, 60), writers)
                        (uploads / f"unsynced-{number}").write_bytes(b"\x01" * 5000)
                        collections.append(_make_collection(server, f"cut-{number}"))
                        disk.cut()
                        time.sleep(0.05)
                        writers.stop.set()
                    server.kill()
    return [
        Figure("power cuts", cuts),
        Figure("writes acknowledged", tally.written + len(writers.acknowledged), least=10 * cuts),
        Figure("of them lost", tally.lost, most=0),
        Figure("writes that are there in half of a block", tally.torn, most=0),
        Figure("collections made right before a cut", len(collections)),
        Figure("of them lost", gone, most=0),
        Figure("cuts that lost a file that was not synced", unsynced, least=cuts),
    ]


def wait_for_more(count: int, writers: Writers) -> None:
    """As ``wait_for``, whatever was refused in the rounds before."""
    writers.refused, before = [], writers.refused
    try:
        wait_for(count, writers)
    finally:
        writers.refused = before + writers.refused


def _make_collection(server: Server, name: str) -> str:
    answer = requests.post(f"{server.url}/v1/collection/{name}", json={}, timeout=60)
    assert answer.status_code == 201, answer.text
    return name


def _has_collection(server: Server, name: str) -> bool:
    return requests.get(f"{server.url}/v1/collection/{name}", timeout=60).status_code == 200


def _is_whole(file: Path) -> bool:
    return file.exists() and file.read_bytes() == b"\x01" * 5000
