"""optimize rewrites a channel while it is used, and dedupe makes equal blocks one file; no voxel changes by either."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
import zarr

import bosslet
from bosslet.catalog.channels import Channels
from bosslet.catalog.records import ADMINISTRATOR
from bosslet.errors import Busy
from bosslet.geometry import Box
from bosslet.jobs.optimize import optimize
from bosslet.jobs.rewrite import Rewrite
from bosslet.jobs.verify import verify
from tests.cli.conftest import SHAPE, Run, everything_in, lines, store, voxels_of, write

NOW = range(1)
NAME = "mouse/cortex/em"
PACK = ("optimize", NAME, "--pack", "16,24,32")


def files(uploads: Path, name: str = NAME) -> list[Path]:
    with store(uploads) as datastore:
        path = datastore.catalog.resources.channel(*name.split("/")).path
    return [file for file in (uploads / path / "0/c").rglob("*") if file.is_file()]


def is_whole(uploads: Path) -> None:
    with store(uploads) as datastore:
        assert verify(datastore).findings == ()
        assert all(datastore.is_described(channel) for channel in datastore.catalog.resources.all_channels())
        assert datastore.store.ledger
        assert datastore.store.ledger.unfinished() == []
    assert not list((uploads / ".jobs").glob("optimize*"))
    assert not (uploads / ".trash").exists()


def test_larger_blocks_are_fewer_files_with_the_same_voxels(run: Run, uploads: Path) -> None:
    run("downsample", NAME)
    before = voxels_of(uploads, NAME)
    with store(uploads) as datastore:
        levels = [datastore.volume("mouse", "cortex", "em", r).read(NOW, Box.of(SHAPE)) for r in (1, 2)]
    (said,) = lines(run(*PACK, "--json"))
    assert (said["channel"], said["files_before"] > said["files"]) == (NAME, True)
    assert said["won"] == said["nbytes_before"] - said["nbytes"]
    np.testing.assert_array_equal(voxels_of(uploads, NAME), before)
    with store(uploads) as datastore:
        for resolution, expected in zip((1, 2), levels, strict=True):
            np.testing.assert_array_equal(
                datastore.volume("mouse", "cortex", "em", resolution).read(NOW, Box.of(SHAPE)), expected
            )
        channel = datastore.catalog.resources.channel("mouse", "cortex", "em")
        assert (channel.path, channel.block_shape) == ("mouse/cortex/em.2", (16, 24, 32))
    assert len(files(uploads)) == 4
    assert not (uploads / "mouse/cortex/em").exists()
    is_whole(uploads)
    found = zarr.open_group(str(uploads / "mouse/cortex/em.2"), mode="r")["0"]
    np.testing.assert_array_equal(found[0], before)
    run("optimize", NAME, "--pack", "8,12,16")
    np.testing.assert_array_equal(voxels_of(uploads, NAME), before)
    assert len(files(uploads)) == 18


@pytest.mark.parametrize("codec", ["zstd", "lz4hc", "zlib"])
def test_another_codec(run: Run, uploads: Path, codec: str) -> None:
    before = voxels_of(uploads, "mouse/cortex/cells")
    (said,) = lines(run("optimize", "mouse/cortex/cells", "--codec", codec, "--json"))
    assert said["files"] == said["files_before"]
    assert said["won"] > 0
    np.testing.assert_array_equal(voxels_of(uploads, "mouse/cortex/cells"), before)
    assert codec in (uploads / "mouse/cortex/cells.2/0/zarr.json").read_text()
    found = zarr.open_group(str(uploads / "mouse/cortex/cells.2"), mode="r")["0"]
    np.testing.assert_array_equal(found[0], before)
    with store(uploads) as datastore:
        channel = datastore.catalog.resources.channel("mouse", "cortex", "cells")
        after = write(datastore, channel, 50)
    np.testing.assert_array_equal(voxels_of(uploads, "mouse/cortex/cells"), after)
    is_whole(uploads)


class Writers:
    """Threads that write their own parts of em all the time, each knowing what was kept of it."""

    def __init__(self, uploads: Path) -> None:
        self.uploads, self.stop, self.kept, self.errors = uploads, Event(), {}, []
        self.threads = [Thread(target=self.work, args=(number,)) for number in range(4)]

    def work(self, number: int) -> None:
        value, box = 0, Box((0, 7 * number, 3), (13, 7 * number + 7, 34))
        with store(self.uploads) as datastore:
            while not self.stop.is_set():
                value += 1
                try:
                    volume = datastore.volume("mouse", "cortex", "em")
                    volume.write(NOW, box, np.full((1, *box.shape), value, np.uint16))
                    self.kept[number] = (box, value)
                    if not (volume.read(NOW, box) == value).all():
                        self.errors.append(f"{number}: another value than {value}")
                except Busy:
                    value -= 1


@pytest.fixture
def writers(uploads: Path) -> Iterator[Writers]:
    writers = Writers(uploads)
    for thread in writers.threads:
        thread.start()
    yield writers
    writers.stop.set()
    for thread in writers.threads:
        thread.join(30)


def test_no_write_is_lost_and_no_read_is_wrong_while_others_use_it(run: Run, uploads: Path, writers: Writers) -> None:
    for pack in ("16,24,32", "8,12,16", "16,12,16"):
        run("optimize", NAME, "--pack", pack)
    writers.stop.set()
    for thread in writers.threads:
        thread.join(30)
    assert writers.errors == []
    found = voxels_of(uploads, NAME)
    for box, value in writers.kept.values():
        assert value > 1
        assert (found[box.slices] == value).all()
    is_whole(uploads)


def test_an_open_array_goes_on(run: Run, uploads: Path) -> None:
    with bosslet.open(uploads, NAME) as array:
        before = np.asarray(array)
        run(*PACK)
        np.testing.assert_array_equal(array, before)
        array[3, 4, 5] = 77
        assert array.chunks == (16, 24, 32)
    before[3, 4, 5] = 77
    np.testing.assert_array_equal(voxels_of(uploads, NAME), before)


def test_what_is_erased_meanwhile_stays_erased(run: Run, uploads: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    really, passes = Rewrite.stale, iter(range(9))

    def stale(rewrite: Rewrite) -> Any:
        if next(passes) == 1:
            with store(uploads) as datastore:
                datastore.volume("mouse", "cortex", "em").clear(NOW, Box.of(SHAPE))
                datastore.volume("mouse", "cortex", "em").write(
                    NOW, Box((0, 0, 0), (1, 2, 3)), np.ones((1, 1, 2, 3), "u2")
                )
        return really(rewrite)

    monkeypatch.setattr(Rewrite, "stale", stale)
    run(*PACK)
    expected = np.zeros(SHAPE, "u2")
    expected[:1, :2, :3] = 1
    np.testing.assert_array_equal(voxels_of(uploads, NAME), expected)
    assert len(files(uploads)) == 1
    is_whole(uploads)


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_stopped_nothing_has_changed_and_it_goes_on(run: Run, uploads: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, made = everything_in(uploads), []
    really = Rewrite._make

    def make(rewrite: Rewrite, block: Any) -> None:
        made.append(block)
        if len(made) == 3:
            raise KeyboardInterrupt
        really(rewrite, block)

    with monkeypatch.context() as patch:
        patch.setattr(Rewrite, "_make", make)
        assert "goes on from here" in run(*PACK, status=130).stderr
        kept = everything_in(uploads)
        assert {name: kept[name] for name in before} == before
        with store(uploads) as datastore:
            assert verify(datastore).ok
        run(*PACK)
    assert len(made) == 3 + 2
    is_whole(uploads)


def test_begun_and_given_up_it_goes_with_another_wish_or_with_the_channel(
    run: Run, uploads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, then in ((NAME, ("optimize", NAME, "--codec", "zstd")), ("mouse/spine/em", ("purge",))):
        with monkeypatch.context() as patch:
            patch.setattr(Channels, "relocate_channel", interrupt)
            run("optimize", name, "--pack", "16,24,32", status=130)
        if then == ("purge",):
            run("rm", name)
        else:
            np.testing.assert_array_equal(voxels_of(uploads, name).shape, SHAPE)
        run(*then)
        assert not list(uploads.rglob("em.3")) or then != ("purge",)
    assert [path.name for path in (uploads / "mouse").iterdir()] == ["cortex"]
    is_whole(uploads)


def test_killed_in_the_moment_of_the_switch_the_next_start_takes_it_back(
    run: Run, uploads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = voxels_of(uploads, NAME)
    with store(uploads) as datastore:
        assert datastore.store.retirement
        datastore.store.retirement.announce(NAME)
        with pytest.raises(Busy):
            datastore.volume("mouse", "cortex", "em").read(NOW, Box.of(SHAPE))
        datastore.complete()
    np.testing.assert_array_equal(voxels_of(uploads, NAME), before)
    run("rm", "mouse/spine/em")
    with store(uploads) as datastore:
        assert datastore.store.retirement
        datastore.store.retirement.announce("mouse/spine/em")
        datastore.complete()
        assert datastore.store.retirement.is_retired("mouse/spine/em")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["optimize"], "Usage"),
        (["optimize", NAME], "Usage"),
        (["optimize", "--pack", "16"], "Usage"),
        (["optimize", NAME, "--pack", "7"], "multiple"),
        (["optimize", NAME, "--pack", "0"], "one side or three"),
        (["optimize", NAME, "--pack", "8,8"], "one side or three"),
        (["optimize", NAME, "--pack", "4000,4000,4000"], "multiple"),
        (["optimize", NAME, "--pack", "4000,6000,8000"], "bytes"),
        (["optimize", NAME, "--codec", "gzip"], "gzip"),
        (["optimize", "mouse/cortex/none", "--codec", "zstd"], "none"),
        (["optimize", "mouse/spine/em", "--codec", "zstd"], "mouse/spine/em"),
    ],
)
def test_what_is_wrong_changes_nothing(run: Run, uploads: Path, arguments: list[str], said: str) -> None:
    run("rm", "mouse/spine/em")
    before = everything_in(uploads)
    assert said in run(*arguments, status=2).stderr
    assert everything_in(uploads) == before


def test_damage_stops_it_and_the_channel_stays(run: Run, uploads: Path) -> None:
    block = uploads / "mouse/cortex/em/0/c/0/1/1/1"
    block.write_bytes(block.read_bytes()[:100])
    before = everything_in(uploads)
    assert "mouse/cortex/em/0" in run(*PACK, status=2).stderr
    kept = everything_in(uploads)
    assert {name: kept[name] for name in before} == before


def test_equal_blocks_become_one_file_until_one_is_written(run: Run, uploads: Path) -> None:
    run("cp", NAME, "mouse/cortex/copy", "--no-link")
    before = voxels_of(uploads, NAME)
    (said,) = lines(run("optimize", "--dedupe", "--json"))
    assert (said["blocks"], said["linked"]) == (4 * 18, 18)
    assert said["won"] > 18 * 100
    assert {file.stat().st_nlink for file in files(uploads, "mouse/cortex/copy")} == {2}
    assert lines(run("optimize", "--dedupe", "--json"))[0]["linked"] == 0
    is_whole(uploads)
    with store(uploads) as datastore:
        write(datastore, datastore.catalog.resources.channel("mouse", "cortex", "copy"), 5)
    np.testing.assert_array_equal(voxels_of(uploads, NAME), before)
    is_whole(uploads)


def test_dedupe_beside_writers(run: Run, uploads: Path, writers: Writers) -> None:
    for _ in range(3):
        run("optimize", "--dedupe")
    writers.stop.set()
    for thread in writers.threads:
        thread.join(30)
    assert writers.errors == []
    found = voxels_of(uploads, NAME)
    for box, value in writers.kept.values():
        assert (found[box.slices] == value).all()
    is_whole(uploads)


def test_a_channel_without_voxels(run: Run, uploads: Path) -> None:
    with store(uploads) as datastore:
        experiment = datastore.catalog.resources.experiment("mouse", "cortex")
        user = datastore.catalog.users.get(ADMINISTRATOR)
        datastore.create_channel(experiment, "empty", user, type="image", datatype="uint8")
        channel = datastore.catalog.resources.channel("mouse", "cortex", "empty")
        moved = optimize(datastore, channel, (16, 24, 32), None, lambda done, total: None)
        assert moved.files == 2
    assert json.loads(run("info", "mouse/cortex/empty", "--json").stdout)["levels"][0]["extent"] == list(SHAPE)
    is_whole(uploads)
