"""purge removes for good what is marked, and nothing else, wherever it was stopped before."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bosslet.catalog.channels import Channels
from bosslet.catalog.purging import Purging
from bosslet.catalog.records import ADMINISTRATOR
from bosslet.errors import Busy
from bosslet.geometry import Box
from bosslet.jobs.maintenance import maintenance
from bosslet.jobs.verify import verify
from bosslet.volume.ledger import Ledger
from bosslet.volume.retirement import Retirement
from tests.cli.conftest import SHAPE, Run, everything_in, lines, store, voxels_of, write

NOW = range(1)


def test_it_removes_what_is_marked_and_says_so(run: Run, uploads: Path) -> None:
    kept = voxels_of(uploads, "mouse/spine/em")
    run("index", "mouse/cortex/cells")
    run("rm", "-r", "mouse/cortex")
    before = everything_in(uploads)
    said = run("purge", "--dry-run").stdout.splitlines()
    assert said[:2] == ["would remove: channel mouse/cortex/em", "would remove: channel mouse/cortex/cells"]
    assert everything_in(uploads) == before
    events = lines(run("purge", "--json"))
    assert [(e["kind"], e["name"]) for e in events if e["event"] == "removed"] == [
        ("channel", "mouse/cortex/em"),
        ("channel", "mouse/cortex/cells"),
        ("experiment", "mouse/cortex"),
    ]
    assert events[-1]["files"] > 30
    assert [path.name for path in (uploads / "mouse").iterdir()] == ["spine"]
    assert not list(uploads.rglob("*cells*/**/*"))
    np.testing.assert_array_equal(voxels_of(uploads, "mouse/spine/em"), kept)
    with store(uploads) as datastore:
        assert verify(datastore).ok
        assert datastore.store.ledger
        assert set(datastore.store.ledger.arrays()) == {"mouse/spine/em/0"}
    assert run("purge").stdout == "0 channels, 0 files, 0 bytes\n"
    run("rm", "-r", "mouse")
    run("purge")
    assert not (uploads / "mouse").exists()


def test_the_names_are_free_again(run: Run, uploads: Path) -> None:
    run("rm", "mouse/spine/em")
    run("purge")
    with store(uploads) as datastore:
        experiment, user = (
            datastore.catalog.resources.experiment("mouse", "spine"),
            datastore.catalog.users.get(ADMINISTRATOR),
        )
        channel = datastore.create_channel(experiment, "em", user, type="image", datatype="uint8")
        assert channel.path == "mouse/spine/em.2"
        written = write(datastore, channel, 3)
        assert verify(datastore).ok
    np.testing.assert_array_equal(voxels_of(uploads, "mouse/spine/em"), written)


STOPS = {
    "before a note is left": (Retirement, "retire"),
    "before the files are put away": (Retirement, "_put_away"),
    "before the ledger forgets": (Ledger, "forget"),
    "before the catalog forgets": (Channels, "forget_channel"),
    "before the rest is forgotten": (Purging, "forget_unused"),
    "before the files are removed": (Retirement, "empty_trash"),
}


@pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS.keys())
def test_stopped_anywhere_it_goes_on_from_there(
    run: Run, uploads: Path, stop: tuple[type, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = voxels_of(uploads, "mouse/spine/em")
    run("rm", "-r", "mouse/cortex")
    with monkeypatch.context() as patch:
        patch.setattr(*stop, interrupt)
        assert "next purge goes on" in run("purge", status=130).stderr
    run("purge")
    assert run("ls", "mouse").stdout == "spine\n"
    assert not (uploads / "mouse/cortex").exists()
    assert not (uploads / ".trash").exists()
    np.testing.assert_array_equal(voxels_of(uploads, "mouse/spine/em"), kept)
    with store(uploads) as datastore:
        assert verify(datastore).ok


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_who_had_it_open_is_not_told_that_a_write_was_kept(run: Run, uploads: Path) -> None:
    with store(uploads) as datastore:
        volume = datastore.volume("mouse", "spine", "em")
        volume.read(NOW, Box.of(SHAPE))
        run("rm", "mouse/spine/em")
        run("purge")
        works: list[Callable[[], object]] = [
            lambda: volume.read(NOW, Box.of(SHAPE)),
            lambda: volume.write(NOW, Box.of(SHAPE), np.ones((1, *SHAPE), np.uint16)),
        ]
        for work in works:
            with pytest.raises(Busy):
                work()
        assert not (uploads / "mouse/spine").exists()


def test_other_maintenance_goes_first(run: Run, uploads: Path) -> None:
    with store(uploads) as datastore, maintenance(datastore):
        assert "another" in run("purge", status=2).stderr


def test_a_channel_in_the_way_is_said(run: Run, uploads: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("rm", "mouse/spine/em")
    with store(uploads) as datastore:
        channel = datastore.catalog.resources.channel("mouse", "spine", "em")
        datastore.catalog.downsampling.request(channel)
    run("purge")
    assert run("ls", "mouse/spine").stdout == ""


def test_label_files_go_with_the_channel(run: Run, uploads: Path) -> None:
    run("rm", "mouse/cortex/cells")
    kept = uploads / ".index/mouse/cortex/cells/0/0"
    kept.mkdir(parents=True)
    (kept / "0").touch()
    run("purge")
    assert not (uploads / ".index/mouse/cortex/cells").exists()


def test_status_tells_sizes_and_when_it_was_verified(run: Run, uploads: Path) -> None:
    run("verify", str(uploads), on=None)
    found = json.loads(run("status", "--json").stdout)
    em, cells, _ = found["channels"]
    voxels = int(np.prod(SHAPE))
    assert (em["voxels"], em["raw_bytes"], em["blocks"]) == (voxels, 2 * voxels, 18)
    assert (cells["voxels"], cells["raw_bytes"]) == (voxels, 8 * voxels)
    assert cells["ratio"] > 1.5
    assert em["last_verify"]["findings"] == 0
    assert em["last_backup"] is None
    assert found["files"] >= 3 * 18
    assert 0 < found["free_bytes"] <= found["disk_bytes"]
    assert len(json.loads(run("status", "mouse/cortex", "--json").stdout)["channels"]) == 2
    text = run("status").stdout
    assert all(len(line.split()) > 8 for line in text.splitlines()[:4])
    assert "files" in text.splitlines()[-1]
    (uploads / "mouse/cortex/em/0/zarr.json").write_text("{")
    assert json.loads(run("status", "--json").stdout)["channels"][0]["unreadable"]
