"""cp makes a channel of its own that shares files, and leaves nothing when it cannot."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest

from bosslet.catalog.records import ADMINISTRATOR, DownsampleStatus
from bosslet.catalog.restoration import Restoration
from bosslet.datastore import Datastore
from bosslet.geometry import Box
from bosslet.jobs.copy import Target, copy_channel
from bosslet.jobs.making import sweep
from bosslet.jobs.verify import verify
from bosslet.volume import placing
from tests.cli.conftest import BLOCK, SHAPE, Run, everything_in, lines, store, voxels_of, write

NOW = range(1)
ALL = Box.of(SHAPE)


def blocks(folder: Path) -> dict[str, os.stat_result]:
    return {str(file.relative_to(folder)): file.stat() for file in folder.rglob("c/**/*") if file.is_file()}


def test_a_copy_shares_files_until_one_is_written(run: Run, uploads: Path) -> None:
    before = voxels_of(uploads, "mouse/cortex/em")
    (said,) = lines(run("cp", "mouse/cortex/em", "mouse/cortex/copy", "--json"))
    assert (said["blocks"], said["linked"], said["copied"]) == (18, 18, 0)
    mine, copied = blocks(uploads / "mouse/cortex/em"), blocks(uploads / "mouse/cortex/copy")
    assert {name: found.st_ino for name, found in mine.items()} == {n: found.st_ino for n, found in copied.items()}
    with store(uploads) as datastore:
        resources = datastore.catalog.resources
        one, two = (resources.channel("mouse", "cortex", name) for name in ("em", "copy"))
        assert verify(datastore).ok
        second = write(datastore, two, 99)
        datastore.image(one).level(0).clear(NOW, Box((0, 0, 0), BLOCK))
        before[: BLOCK[0], : BLOCK[1], : BLOCK[2]] = 0
        assert verify(datastore).ok
    np.testing.assert_array_equal(voxels_of(uploads, "mouse/cortex/em"), before)
    np.testing.assert_array_equal(voxels_of(uploads, "mouse/cortex/copy"), second)


def test_no_write_changes_a_file_that_is_there(uploads: Path, tmp_path: Path) -> None:
    for name in blocks(uploads):
        (tmp_path / "kept" / name).parent.mkdir(parents=True, exist_ok=True)
        os.link(uploads / name, tmp_path / "kept" / name)
    before = everything_in(tmp_path / "kept")
    with store(uploads) as datastore:
        volume = datastore.volume("mouse", "cortex", "em")
        volume.write(NOW, ALL, np.full((1, *SHAPE), 3, np.uint16))
        volume.write(NOW, Box((1, 1, 1), (3, 4, 5)), np.full((1, 2, 3, 4), 4, np.uint16))
        volume.merge(NOW, ALL, np.random.default_rng(0).integers(0, 2, (1, *SHAPE), np.uint16))
        volume.clear(NOW, Box((0, 0, 0), (9, 9, 9)))
        volume.clear(NOW, ALL)
    assert everything_in(tmp_path / "kept") == before


def test_levels_and_what_is_said_of_it_come_along(run: Run, uploads: Path) -> None:
    run("downsample", "mouse/cortex/cells")
    run("cp", "mouse/cortex/cells", "rat/brain/cells")
    with store(uploads) as datastore:
        resources = datastore.catalog.resources
        old, new = resources.channel("mouse", "cortex", "cells"), resources.channel("rat", "brain", "cells")
        assert new.downsample_status is DownsampleStatus.DOWNSAMPLED
        assert (new.type, new.datatype, new.sources, new.experiment.frame) == (
            old.type,
            old.datatype,
            (),
            old.experiment.frame,
        )
        assert datastore.image(new).levels() == [0, 1, 2]
        assert datastore.is_described(new)
        for level in (1, 2):
            box = Box.of(new.experiment.pyramid.extent(level))
            ours, theirs = (datastore.image(channel).level(level).read(NOW, box) for channel in (old, new))
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("options", [[], ["--no-link"]])
def test_to_another_folder(run: Run, uploads: Path, tmp_path: Path, options: list[str]) -> None:
    other = tmp_path / "other"
    with store(other):
        pass
    run("cp", "mouse/cortex/em", "rat/brain/em", "--to", other, *options)
    np.testing.assert_array_equal(voxels_of(other, "rat/brain/em"), voxels_of(uploads, "mouse/cortex/em"))
    links = {found.st_nlink for found in blocks(other).values()}
    assert links == ({1} if options else {2})
    with store(other) as datastore:
        assert verify(datastore).ok


def test_where_there_are_no_links_files_are_copied(run: Run, uploads: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(placing.errno.EXDEV, "other file system")

    monkeypatch.setattr(os, "link", refuse)
    (said,) = lines(run("cp", "mouse/cortex/em", "mouse/cortex/copy", "--json"))
    assert (said["linked"], said["copied"]) == (0, 18)
    np.testing.assert_array_equal(voxels_of(uploads, "mouse/cortex/copy"), voxels_of(uploads, "mouse/cortex/em"))


@pytest.mark.parametrize(
    "target", ["mouse/cortex/cells", "mouse/cortex/not a name", "mouse/small/em", "mouse/cortex", "other/exp/em"]
)
def test_what_cannot_be_copied_leaves_nothing(run: Run, uploads: Path, target: str) -> None:
    with store(uploads) as datastore:
        resources, user = datastore.catalog.resources, datastore.catalog.users.get(ADMINISTRATOR)
        frame = resources.create_frame(
            "small", user, start=(0, 0, 0), stop=(5, 6, 7), voxel_size=(1.0, 1.0, 1.0), voxel_unit="nanometers"
        )
        resources.create_experiment(resources.collection("mouse"), "small", user, frame=frame)
    source = "mouse/cortex/em"
    if target == "other/exp/em":
        block = uploads / "mouse/cortex/em/0/c/0/1/2/1"
        block.write_bytes((uploads / "mouse/cortex/em/0/c/0/1/2/0").read_bytes())
    before = everything_in(uploads)
    error = run("cp", source, target, status=2).stderr
    assert "0/1/2/1" in error or target != "other/exp/em"
    assert everything_in(uploads) == before


def test_stopped_it_leaves_nothing(run: Run, uploads: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = everything_in(uploads)
    monkeypatch.setattr(Restoration, "restore_channel", interrupt)
    assert "Nothing is left" in run("cp", "mouse/cortex/em", "a/b/c", status=130).stderr
    assert everything_in(uploads) == before
    assert not (uploads / "a").exists()


def copy_until_killed(uploads: Path) -> None:
    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(Restoration, "restore_channel", die)  # noqa: B010 - in a process that is about to die
    with store(uploads) as datastore:
        channel = datastore.catalog.resources.channel("mouse", "cortex", "em")
        copy_channel(datastore, channel, Target(datastore, ("a", "b", "c")), lambda done, total: None)


def test_killed_it_leaves_what_the_next_one_removes(run: Run, uploads: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=copy_until_killed, args=(uploads,))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert (uploads / "a/b/c/0/zarr.json").exists()
    with store(uploads) as datastore:
        assert verify(datastore).ok
        sweep(datastore)
    assert not (uploads / "a").exists()
    run("cp", "mouse/cortex/em", "a/b/c")
    with store(uploads) as datastore:
        assert datastore.catalog.resources.channel("a", "b", "c").path == "a/b/c"
        assert verify(datastore).ok


@pytest.fixture
def writer(uploads: Path) -> Iterator[Datastore]:
    """A store whose em somebody writes all the time, each block in one value."""
    with store(uploads) as datastore:
        volume, stop = datastore.volume("mouse", "cortex", "em"), Event()

        def write() -> None:
            value = 0
            while not stop.is_set():
                value += 1
                volume.write(NOW, ALL, np.full((1, *SHAPE), value, np.uint16))

        write_once = np.full((1, *SHAPE), 1, np.uint16)
        volume.write(NOW, ALL, write_once)
        thread = Thread(target=write)
        thread.start()
        yield datastore
        stop.set()
        thread.join(30)


def test_each_block_is_of_one_moment_while_others_write(run: Run, uploads: Path, writer: Datastore) -> None:
    for number in range(3):
        channel = writer.catalog.resources.channel("mouse", "cortex", "em")
        copy_channel(writer, channel, Target(writer, ("a", "b", f"c{number}")), lambda done, total: None)
        found = voxels_of(uploads, f"a/b/c{number}")
        for part in (found[:8, :12, :16], found[8:, 24:, 32:]):
            assert len(np.unique(part)) == 1
            assert part.any()
