"""What a process leaves that is killed while it makes a channel or writes is finished by the next that starts."""

import multiprocessing
import os
import signal
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pytest

from bosslet import config
from bosslet.app import create_app
from bosslet.catalog.channels import Channels
from bosslet.catalog.records import ADMINISTRATOR
from bosslet.datastore import Datastore
from bosslet.errors import StorageFull
from bosslet.geometry import Box
from bosslet.jobs.verify import verify
from bosslet.volume.store import Store

BOX = Box((0, 0, 0), (8, 12, 16))
NOW = range(1)

POINTS = {
    "before it is in the catalog": (Channels, "create_channel", 0, False),
    "before it has files": (Store, "create_array", 0, False),
    "before its description": (Store, "write_document", 0, False),
    "before it is known to be done": (Store, "write_document", 0, True),
    "while a level is listed": (Store, "write_document", 1, False),
}


def kill_myself(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(owner: type, name: str, calls: int, after: bool) -> None:
    """Let a method end this process, before or after the work of the call with this number."""
    really, count = getattr(owner, name), iter(range(99))

    def work(*args: Any, **kwargs: Any) -> object:
        last = next(count) == calls
        if last and not after:
            kill_myself()
        result = really(*args, **kwargs)
        if last:
            kill_myself()
        return result

    setattr(owner, name, work)


def open_store(uploads: Path) -> Datastore:
    datastore = Datastore.open(uploads, block_shape=BOX.shape, chunk_shape=(4, 6, 8))
    datastore.prepare()
    return datastore


def make_until_killed(uploads: Path, point: tuple[type, str, int, bool]) -> None:
    die_at(*point)
    make(uploads)


def make(uploads: Path) -> None:
    datastore = open_store(uploads)
    resources, user = datastore.catalog.resources, datastore.catalog.users.get(ADMINISTRATOR)
    frame = resources.create_frame(
        "frame", user, start=(0, 0, 0), stop=BOX.shape, voxel_size=(1.0, 1.0, 1.0), voxel_unit="nanometers"
    )
    experiment = resources.create_experiment(resources.create_collection("col", user), "exp", user, frame=frame)
    channel = datastore.create_channel(experiment, "ch", user, type="image", datatype="uint8")
    datastore.image(channel).create_level(1)


def write_until_killed(uploads: Path) -> None:
    """A block is written beside its place, and then the process is gone."""
    datastore = open_store(uploads)
    volume = datastore.volume("col", "exp", "ch")
    beside = uploads / "col/exp/ch/0/c/0/0/0/0.__lock"
    beside.parent.mkdir(parents=True)
    with volume.locked(0, (0, 0, 0)):
        beside.write_bytes(b"half of a block")
        kill_myself()


def killed(work: Any, *arguments: object) -> None:
    process = multiprocessing.get_context("spawn").Process(target=work, args=arguments)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.parametrize("point", POINTS.values(), ids=POINTS.keys())
def test_a_channel_half_made_is_whole_after_the_next_start(tmp_path: Path, point: tuple[type, str, int, bool]) -> None:
    killed(make_until_killed, tmp_path, point)
    began = monotonic()
    create_app(settings=config.load(uploads_path=tmp_path))
    assert monotonic() - began < 5
    datastore = open_store(tmp_path)
    resources = datastore.catalog.resources
    experiment = resources.experiment("col", "exp")
    if not resources.channel_names(experiment):
        user = datastore.catalog.users.get(ADMINISTRATOR)
        datastore.create_channel(experiment, "ch", user, type="image", datatype="uint8")
    image = datastore.image(resources.channel("col", "exp", "ch"))
    assert image.path == "col/exp/ch"
    listed = datastore.store.document("col/exp/ch/zarr.json") or b""
    assert all(f'"path": "{level}"'.encode() in listed for level in image.levels())
    assert 0 in image.levels()
    assert datastore.store.ledger
    assert datastore.store.ledger.unfinished() == []
    image.level(0).write(NOW, BOX, np.ones((1, *BOX.shape), np.uint8))
    assert verify(datastore).ok


def test_what_was_written_beside_a_file_is_removed_unless_its_writer_lives(tmp_path: Path) -> None:
    datastore = open_store(tmp_path)
    make(tmp_path)
    killed(write_until_killed, tmp_path)
    (beside,) = tmp_path.rglob("*.__lock")
    with datastore.volume("col", "exp", "ch").locked(0, (0, 0, 0)):
        open_store(tmp_path).complete()
        assert beside.exists()
    open_store(tmp_path).complete()
    assert not beside.exists()


def test_a_full_disk_lets_the_server_start_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(self: Store) -> None:
        raise StorageFull("no room")

    monkeypatch.setattr(Store, "sweep", full)
    create_app(settings=config.load(uploads_path=tmp_path))
    assert "no room" in caplog.text
