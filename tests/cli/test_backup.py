"""A backup is a store of its own that holds what was acknowledged before it began; a restored one is the same."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bosslet.catalog.records import ADMINISTRATOR, DownsampleStatus
from bosslet.datastore import Datastore
from bosslet.geometry import Box
from bosslet.jobs.clone import _Work
from bosslet.jobs.maintenance import maintenance
from bosslet.jobs.verify import verify
from bosslet.volume import copying, placing
from bosslet.volume.volume import Volume
from tests.cli.conftest import SHAPE, Run, everything_in, lines, store, voxels_of, write

NOW = range(1)
NAMES = ("mouse/cortex/em", "mouse/cortex/cells", "mouse/spine/em")


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return tmp_path / "backup"


def generations(destination: Path) -> list[Path]:
    return sorted(path for path in destination.iterdir() if path.name[0] == "2")


def inodes(folder: Path) -> dict[str, int]:
    return {str(file.relative_to(folder)): file.stat().st_ino for file in folder.rglob("0/c/**/*") if file.is_file()}


def assert_same(one: Path, two: Path) -> None:
    for name in NAMES:
        np.testing.assert_array_equal(voxels_of(one, name), voxels_of(two, name))
    with store(two) as datastore:
        assert verify(datastore).ok


def test_a_backup_is_a_store_like_the_one_it_was_made_of(run: Run, uploads: Path, destination: Path) -> None:
    run("user", "create", "maria")
    (said,) = lines(run("backup", destination, "--json"))
    assert (said["channels"], said["blocks"], said["copied"], said["findings"]) == (3, 54, 54, [])
    (made,) = generations(destination)
    assert (destination / "latest").resolve() == made
    assert {path.name for path in destination.iterdir()} == {made.name, "latest", ".lock"}
    assert_same(uploads, made)
    assert "maria" in run("user", "list", on=made).stdout
    assert not set(inodes(uploads).values()) & set(inodes(made).values())
    assert "backup" in run("status").stdout or "20" in run("status").stdout
    assert json.loads(run("status", "--json").stdout)["channels"][0]["last_backup"]["generation"] == made.name


def test_of_an_unchanged_store_no_voxel_is_read(
    run: Run, uploads: Path, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("backup", destination)

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a voxel was touched")

    monkeypatch.setattr(Volume, "read", refuse)
    monkeypatch.setattr(copying, "copy", refuse)
    monkeypatch.setattr(copying, "_opened", refuse)
    (said,) = lines(run("backup", destination, "--json"))
    assert (said["blocks"], said["copied"], said["copied_bytes"]) == (54, 0, 0)
    monkeypatch.undo()
    first, second = generations(destination)
    assert inodes(first) == inodes(second)
    assert_same(uploads, second)


def test_only_what_changed_is_copied_and_older_ones_stay_as_they_were(
    run: Run, uploads: Path, destination: Path
) -> None:
    run("backup", destination)
    before = {name: voxels_of(uploads, name) for name in NAMES}
    with store(uploads) as datastore:
        level = datastore.volume("mouse", "cortex", "em")
        level.write(NOW, Box((0, 0, 0), (8, 12, 16)), np.full((1, 8, 12, 16), 7, np.uint16))
        level.clear(NOW, Box((8, 24, 32), SHAPE))
        datastore.catalog.resources.update_collection("mouse", description="changed")
    (said,) = lines(run("backup", destination, "--json"))
    assert (said["blocks"], said["copied"]) == (53, 1)
    first, second = generations(destination)
    assert_same(uploads, second)
    for name in NAMES:
        np.testing.assert_array_equal(voxels_of(first, name), before[name])
    with store(first) as datastore:
        assert verify(datastore).ok
        assert datastore.catalog.resources.collection("mouse").description == "a mouse"


def test_so_many_stay(run: Run, destination: Path) -> None:
    for number in range(4):
        (said,) = lines(run("backup", destination, "--keep", 2, "--json"))
        assert len(said["removed"]) == (number > 1)
    assert len(generations(destination)) == 2
    assert not list(destination.glob(".unf*"))


DAMAGES = {
    "gone": lambda block: block.unlink(),
    "another block": lambda block: shutil.copyfile(block.with_name("0"), block),
    "a flipped bit": lambda block: block.write_bytes(bytes([block.read_bytes()[0] ^ 1]) + block.read_bytes()[1:]),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damage_is_told_and_no_older_backup_goes(run: Run, uploads: Path, destination: Path, damage: Any) -> None:
    damage(uploads / "mouse/cortex/em/0/c/0/1/2/1")
    for count in (1, 2):
        result = run("backup", destination, "--keep", 1, status=1)
        assert "mouse/cortex/em, resolution 0: time 0, z,y,x 8:16,24:36,16:32: " in result.stdout
        assert len(generations(destination)) == count
    with store(generations(destination)[1]) as datastore:
        findings = verify(datastore).findings
    assert [str(finding.box) for finding in findings] == ["8:16,24:36,16:32"]
    np.testing.assert_array_equal(
        voxels_of(generations(destination)[0], "mouse/spine/em"), voxels_of(uploads, "mouse/spine/em")
    )


def test_stopped_it_goes_on_with_what_it_had(
    run: Run, uploads: Path, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_Work, "_describe", interrupt)
    assert "kept for the next" in run("backup", destination, status=130).stderr
    assert generations(destination) == []
    assert not (destination / "latest").exists()
    monkeypatch.undo()
    (said,) = lines(run("backup", destination, "--json"))
    assert (said["blocks"], said["copied"]) == (54, 36)
    assert not list(destination.glob(".unf*"))
    assert_same(uploads, generations(destination)[0])


def test_what_the_catalog_says_is_not_behind_the_blocks(
    run: Run, uploads: Path, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("downsample", "mouse/cortex/cells")
    really = _Work.run

    def write_before(work: _Work) -> object:
        with store(uploads) as datastore:
            channel = datastore.catalog.resources.channel("mouse", "cortex", "cells")
            assert datastore.reserve_ids(channel, 100) == 1
            datastore.catalog.downsampling.note_write(channel.id)
        return really(work)

    monkeypatch.setattr(_Work, "run", write_before)
    run("backup", destination)
    with store(generations(destination)[0]) as datastore:
        channel = datastore.catalog.resources.channel("mouse", "cortex", "cells")
        assert datastore.reserve_ids(channel, 1) == 101
        assert channel.downsample_status is DownsampleStatus.NOT_DOWNSAMPLED


def test_everything_comes_back(run: Run, uploads: Path, destination: Path, tmp_path: Path) -> None:
    run("downsample", "mouse/cortex/em")
    run("backup", destination)
    before = everything_in(destination)
    (tmp_path / "empty").mkdir()
    for name in ("new/uploads", "empty"):
        run("restore", destination, on=tmp_path / name)
        assert_same(uploads, tmp_path / name)
        assert not list((tmp_path / name).parent.glob(".*restoring*"))
    assert everything_in(destination) == before
    with store(tmp_path / "empty") as datastore:
        status = datastore.catalog.resources.channel("mouse", "cortex", "em").downsample_status
        assert status is DownsampleStatus.DOWNSAMPLED


def test_a_restore_that_was_stopped_leaves_no_folder_and_goes_on(
    run: Run, uploads: Path, destination: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("backup", destination)
    copies: list[object] = []

    def interrupt(*arguments: Any) -> Any:
        copies.append(arguments)
        if len(copies) == 30:
            raise KeyboardInterrupt
        return placing.copy(*arguments)

    monkeypatch.setattr(copying, "copy", interrupt)
    run("restore", destination, on=tmp_path / "new", status=130)
    assert not (tmp_path / "new").exists()
    run("restore", destination, on=tmp_path / "new")
    assert len(copies) < 30 + 54
    assert_same(uploads, tmp_path / "new")
    assert not list(tmp_path.glob(".new*"))


def test_one_channel_comes_back_into_a_store_in_use(run: Run, uploads: Path, destination: Path) -> None:
    run("backup", destination)
    before = {name: voxels_of(uploads, name) for name in NAMES}
    with store(uploads) as datastore:
        channel = datastore.catalog.resources.channel("mouse", "cortex", "em")
        write(datastore, channel, 33)
    run("mv", "mouse/cortex/em", "mouse/cortex/bad")
    run("restore", destination, "mouse/cortex/em")
    np.testing.assert_array_equal(voxels_of(uploads, "mouse/cortex/em"), before["mouse/cortex/em"])
    run("rm", "-r", "mouse")
    run("purge")
    assert run("restore", destination / "latest", "mouse").stdout.splitlines()[:3] == [f"restored: {n}" for n in NAMES]
    for name in NAMES:
        np.testing.assert_array_equal(voxels_of(uploads, name), before[name])
    with store(uploads) as datastore:
        assert verify(datastore).ok
        assert datastore.catalog.resources.channel("mouse", "cortex", "cells").sources == ("em",)
        assert all(datastore.is_described(channel) for channel in datastore.catalog.resources.all_channels())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["restore", "BACKUP", "mouse/cortex"], "mouse/cortex/em, mouse/cortex/cells"),
        (["restore", "BACKUP", "mouse/none"], "mouse/none"),
        (["restore", "BACKUP"], "not empty"),
        (["restore", "."], "neither a backup"),
        (["backup", "UPLOADS/inside"], "inside the uploads"),
        (["backup", "UPLOADS/bosslet.db"], "bosslet.db"),
        (["backup", "FILE"], "cannot be used"),
    ],
)
def test_what_is_wrong_is_said_and_changes_nothing(
    run: Run, uploads: Path, destination: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    run("backup", destination)
    (tmp_path / "file").touch()
    before = everything_in(tmp_path)
    places = {"BACKUP": str(destination), "UPLOADS": str(uploads), "FILE": str(tmp_path / "file/x")}
    for name, place in places.items():
        arguments = [each.replace(name, place) for each in arguments]
    assert said in run(*arguments, status=2).stderr
    assert everything_in(tmp_path) == before


def test_other_maintenance_goes_first(run: Run, uploads: Path, destination: Path) -> None:
    with store(uploads) as datastore, maintenance(datastore):
        assert "another" in run("backup", destination, status=2).stderr
    assert not destination.exists()


def test_a_catalog_that_is_no_file_is_refused(uploads: Path, destination: Path, tmp_path: Path) -> None:
    datastore = Datastore.open(uploads, catalog_url="sqlite://")
    datastore.prepare()
    assert datastore.catalog.users.get(ADMINISTRATOR)
    with pytest.raises(Exception, match="SQLite file"):
        datastore.catalog.copy_to(tmp_path / "copy.db")
    datastore.close()
    assert not (tmp_path / "copy.db").exists()
