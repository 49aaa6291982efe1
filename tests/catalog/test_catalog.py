"""The catalog as a whole: prepared twice and together, and written by many at once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import bosslet
from bosslet.catalog.catalog import Catalog
from bosslet.catalog.records import ADMINISTRATOR, DownsampleStatus
from bosslet.errors import InvalidField

CHILD = """
import sys
from bosslet.catalog.catalog import Catalog
from bosslet.errors import NameTaken
catalog = Catalog.open(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
catalog.prepare()
admin = catalog.users.get("bossadmin")
won = 0
for i in range(int(sys.argv[2])):
    try:
        catalog.resources.create_collection(f"c{i}", admin)
    except NameTaken:
        continue
    won += 1
print(won)
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'catalog.db'}"


def race(url: str, *, processes: int, names: int) -> list[int]:
    """How many of the names each process got, all started on one signal."""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, url, str(names)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(bosslet.__file__).parents[1],
        )
        for _ in range(processes)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    answers = [child.communicate()[0] for child in children]
    assert [child.returncode for child in children] == [0] * processes
    return [int(answer) for answer in answers]


def test_preparing_again_changes_nothing(url: str) -> None:
    catalog = Catalog.open(url)
    catalog.prepare()
    catalog.users.revoke_token("public-access")
    catalog.close()
    path = Path(url.removeprefix("sqlite:///"))
    before = path.read_bytes()
    catalog.prepare()
    catalog.close()
    assert path.read_bytes() == before
    assert catalog.users.user_of_token("public") is None
    catalog.close()


@pytest.mark.parametrize(
    ("stop", "description"), [((2**63, 1, 1), ""), ((-(2**63) - 1, 1, 1), ""), ((1, 1, 1), "half \ud800")]
)
def test_what_no_column_holds_is_the_requests_fault(
    catalog: Catalog, stop: tuple[int, int, int], description: str
) -> None:
    admin = catalog.users.get(ADMINISTRATOR)
    with pytest.raises(InvalidField):
        catalog.resources.create_frame(
            "f",
            admin,
            start=(0, 0, 0),
            stop=stop,
            voxel_size=(1, 1, 1),
            voxel_unit="nanometers",
            description=description,
        )
    assert catalog.resources.frame_names() == []


def test_processes_prepare_together_and_each_name_goes_to_one(url: str) -> None:
    won = race(url, processes=3, names=20)
    assert sum(won) == 20
    catalog = Catalog.open(url)
    admin = catalog.users.get(ADMINISTRATOR)
    assert sorted(catalog.resources.collection_names(admin)) == sorted(f"c{i}" for i in range(20))
    catalog.close()


@pytest.mark.parametrize("where", ["file", "memory"])
def test_eight_threads_write_and_nobody_is_locked_out(url: str, where: str) -> None:
    catalog = Catalog.open(url if where == "file" else "sqlite://")
    catalog.prepare()
    admin, resources = catalog.users.get(ADMINISTRATOR), catalog.resources
    frame = resources.create_frame(
        "f", admin, start=(0, 0, 0), stop=(1, 2, 3), voxel_size=(1, 1, 1), voxel_unit="nanometers"
    )
    parent = resources.create_experiment(resources.create_collection("c", admin), "e", admin, frame=frame)
    shape = (1, 2, 3)
    channel = resources.create_channel(
        parent, "ch", admin, type="annotation", datatype="uint64", block_shape=shape, chunk_shape=shape, path="p"
    )

    def work(thread: int) -> list[int]:
        firsts = []
        for i in range(10):
            firsts.append(resources.reserve_ids(channel.id, 3))
            resources.create_collection(f"c{thread}-{i}", admin)
            resources.set_downsample_status(channel.id, DownsampleStatus.QUEUED)
            assert resources.channel("c", "e", "ch").downsample_status == "QUEUED"
        return firsts

    with ThreadPoolExecutor(8) as pool:
        firsts = [first for result in pool.map(work, range(8)) for first in result]
    assert sorted(firsts) == list(range(1, 240, 3))
    assert len(resources.collection_names(admin)) == 81
    catalog.close()
