"""push and pull: the same voxels on both sides, over sockets, with tokens, killed and gone on with."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray

from bosslet.catalog.records import ADMINISTRATOR, Channel
from bosslet.cli import main
from bosslet.datastore import Datastore
from bosslet.geometry import Box
from bosslet.jobs.verify import verify
from bosslet.remote import Remote
from tests.live.server import Server, environment, serving

START, STOP = (3, 5, 7), (70, 530, 1100)
SPACE = Box(START, STOP)
PIECES = 12
"""What 64 × 512 × 512 voxels make of the space: 2 × 2 × 3."""
SPOTS = [Box((z, y, x), (z + 6, y + 11, x + 13)) for z in (3, 60) for y in (505, 519) for x in (30, 505, 1087)]
SAMPLES = 2


def opened(uploads: Path) -> Datastore:
    datastore = Datastore.open(uploads, block_shape=(32, 64, 64), chunk_shape=(16, 32, 32))
    datastore.prepare()
    return datastore


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Datastore]:
    """A store with ``mouse/cortex/em``: something in all pieces, and in places across their borders."""
    datastore = opened(tmp_path / "here")
    resources, user = datastore.catalog.resources, datastore.catalog.users.get(ADMINISTRATOR)
    frame = resources.create_frame(
        "frame",
        user,
        start=START,
        stop=STOP,
        voxel_size=(40.5, 4.0, 4.0),
        voxel_unit="nanometers",
        description="a frame",
    )
    experiment = resources.create_experiment(
        resources.create_collection("mouse", user, description="a mouse"),
        "cortex",
        user,
        frame=frame,
        num_hierarchy_levels=3,
        num_time_samples=SAMPLES,
        time_step=2,
        time_step_unit="seconds",
    )
    channel = datastore.create_channel(experiment, "em", user, type="image", datatype="uint8", description="an em")
    fill(datastore, channel, 1)
    yield datastore
    datastore.close()


def fill(datastore: Datastore, channel: Channel, seed: int) -> None:
    random, level = np.random.default_rng(seed), datastore.image(channel).level(0)
    for box in SPOTS:
        level.write(range(SAMPLES), box, random.integers(0, 255, (SAMPLES, *box.shape), np.uint8))


def voxels_of(datastore: Datastore, name: str) -> NDArray[Any]:
    return datastore.volume(*name.split("/")).read(range(SAMPLES), SPACE)


def run(*arguments: object, status: int = 0) -> Result:
    result = CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == status, result.output
    return result


def done(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


@pytest.fixture
def there(tmp_path: Path) -> Iterator[tuple[Server, str]]:
    """A server that asks who is there, and a token of somebody who may make things."""
    with serving(tmp_path / "there", "--auth", "token", "--workers", "2") as server:
        token = run("user", "create", "maria", "--role", "resource-manager", "--uploads", server.uploads).stdout.strip()
        yield server, token


def test_a_push_that_is_killed_goes_on_and_ends_equal(
    here: Datastore, there: tuple[Server, str], tmp_path: Path
) -> None:
    server, token = there
    arguments = ["push", "mouse/cortex/em", "--to", server.url, "--uploads", here.uploads, "--jobs", "1", "--json"]
    command = [sys.executable, "-m", "bosslet", *map(str, arguments)]
    for noted in (2, 7):
        with subprocess.Popen(command, env=environment(tmp_path) | {"BOSSLET_TOKEN": token}) as process:
            wait_until_noted(here.uploads, noted)
            process.send_signal(signal.SIGKILL)
    said = done(run(*arguments, "--token", token))
    assert (said["event"], said["pieces"]) == ("done", SAMPLES * PIECES)
    assert 7 <= said["before"] < SAMPLES * PIECES
    assert not list((here.uploads / ".jobs").glob("transfer-*.jsonl"))
    other = opened(server.uploads)
    np.testing.assert_array_equal(voxels_of(other, "mouse/cortex/em"), voxels_of(here, "mouse/cortex/em"))
    mine, theirs = (each.catalog.resources.channel("mouse", "cortex", "em") for each in (here, other))
    assert (theirs.description, theirs.creator) == ("an em", "maria")
    assert theirs.experiment.frame.voxel_size == mine.experiment.frame.voxel_size
    assert (theirs.experiment.time_step, theirs.experiment.num_hierarchy_levels) == (2, 3)
    assert verify(other).ok
    other.close()
    check_that_a_pull_brings_it_back(here, server, token, tmp_path)


def wait_until_noted(uploads: Path, pieces: int) -> None:
    last_try = monotonic() + 60
    while monotonic() < last_try:
        for journal in (uploads / ".jobs").glob("transfer-*.jsonl"):
            if journal.read_bytes().count(b"\n") > pieces:
                return
        sleep(0.01)
    raise AssertionError("nothing was noted")


def check_that_a_pull_brings_it_back(here: Datastore, server: Server, token: str, tmp_path: Path) -> None:
    """Killed, too; under another name, into a store of other blocks."""
    back = opened(tmp_path / "back")
    arguments = ["pull", "mouse/cortex/em", "--from", server.url, "--as", "rat/brain/em2", "--uploads", back.uploads]
    arguments += ["--token", token, "--jobs", "1", "--json"]
    with subprocess.Popen(
        [sys.executable, "-m", "bosslet", *map(str, arguments)], env=environment(tmp_path)
    ) as process:
        wait_until_noted(back.uploads, 2)
        process.send_signal(signal.SIGKILL)
    assert done(run(*arguments))["before"] >= 2
    np.testing.assert_array_equal(voxels_of(back, "rat/brain/em2"), voxels_of(here, "mouse/cortex/em"))
    channel = back.catalog.resources.channel("rat", "brain", "em2")
    assert (channel.experiment.num_time_samples, channel.experiment.time_step_unit) == (SAMPLES, "seconds")
    assert (channel.experiment.frame.name, channel.experiment.frame.start) == ("frame", START)
    assert (channel.description, channel.type) == ("an em", "image")
    assert verify(back).ok
    assert "rat/brain/em2" in run(*arguments, status=2).stderr
    back.close()


def test_what_is_there_already_is_made_the_same_only_when_asked_for(here: Datastore, server: Server) -> None:
    name = "there/already/em"
    push = ["push", "mouse/cortex/em", "--to", server.url, "--as", name, "--uploads", here.uploads]
    run(*push)
    remote = Remote(server.url, "public")
    extra = Box((10, 10, 600), (20, 30, 700))
    remote.write(("there", "already", "em"), 1, extra, np.full(extra.shape, 9, np.uint8))
    fill(here, here.catalog.resources.channel("mouse", "cortex", "em"), 2)
    assert "--overwrite" in run(*push, status=2).stderr
    assert (remote.read(("there", "already", "em"), 0, 1, extra, "uint8") == 9).all()
    run(*push, "--overwrite")
    for time in range(SAMPLES):
        found = remote.read(("there", "already", "em"), 0, time, SPACE, "uint8")
        np.testing.assert_array_equal(found, voxels_of(here, "mouse/cortex/em")[time])


def test_what_cannot_be_is_one_line_and_changes_nothing(here: Datastore, server: Server, tmp_path: Path) -> None:
    uploads = ["--uploads", here.uploads]
    run("push", "mouse/cortex/em", "--to", server.url, "--as", "refused/exp/em", *uploads)
    resources, user = here.catalog.resources, here.catalog.users.get(ADMINISTRATOR)
    wide = here.create_channel(resources.experiment("mouse", "cortex"), "wide", user, type="image", datatype="uint16")
    small = resources.create_frame(
        "small", user, start=(0, 0, 0), stop=(5, 6, 7), voxel_size=(1.0, 1.0, 1.0), voxel_unit="nanometers"
    )
    inside = resources.create_experiment(resources.collection("mouse"), "small", user, frame=small, num_time_samples=2)
    here.create_channel(inside, "em", user, type="image", datatype="uint8")
    resources.delete_channel(here.create_channel(inside, "marked", user, type="image", datatype="uint8"))
    for arguments, said in (
        ([f"{wide}", "--to", server.url, "--as", "refused/exp/em"], "datatype"),
        (["mouse/small/em", "--to", server.url, "--as", "refused/exp/em2"], "z_start"),
        (["mouse/small/marked", "--to", server.url], "mouse/small/marked"),
        (["mouse/cortex/none", "--to", server.url], "mouse/cortex/none"),
        (["mouse/cortex/em", "--to", server.url, "--as", "refused/not a name/em"], "refused"),
        (["mouse/cortex/em", "--to", "http://127.0.0.1:1"], "127.0.0.1:1"),
        (["mouse/cortex/em", "--to", "nonsense"], "nonsense"),
    ):
        assert said in run("push", *arguments, *uploads, status=2).stderr
    for arguments, said in (
        (["none/at/all", "--from", server.url], "no such channel"),
        (["refused/exp/em", "--from", server.url, "--as", "mouse/cortex/em"], "mouse/cortex/em"),
        (["refused/exp/em", "--from", server.url, "--as", "mouse/small/em3"], "other ends"),
    ):
        assert said in run("pull", *arguments, *uploads, status=2).stderr
    assert resources.channel_names(resources.experiment("mouse", "cortex")) == ["em", "wide"]


def test_somebody_unknown_is_told_so(here: Datastore, there: tuple[Server, str]) -> None:
    server, _ = there
    said = run("push", "mouse/cortex/em", "--to", server.url, "--uploads", here.uploads, status=2).stderr
    assert ": 40" in said


def test_the_other_resolutions_are_asked_for(here: Datastore, server: Server) -> None:
    run(
        "push",
        "mouse/cortex/em",
        "--to",
        server.url,
        "--as",
        "down/sampled/em",
        "--downsample",
        "--uploads",
        here.uploads,
    )
    status = Remote(server.url, "public").find("downsample/down/sampled/em")
    assert status
    assert status["status"] in ("QUEUED", "IN_PROGRESS", "DOWNSAMPLED")


def interrupted_after(calls: int, monkeypatch: pytest.MonkeyPatch, name: str, *arguments: object) -> None:
    honest, count = getattr(Remote, name), 0

    def failing(self: Remote, *given: Any) -> Any:
        nonlocal count
        count += 1
        if count > calls:
            raise KeyboardInterrupt
        return honest(self, *given)

    with monkeypatch.context() as patch:
        patch.setattr(Remote, name, failing)
        run(*arguments, "--jobs", "1", status=130)


def remove(uploads: Path, name: str) -> None:
    run("rm", name, "--uploads", uploads)
    run("purge", "--uploads", uploads)


def test_what_was_noted_of_a_channel_that_is_gone_is_moved_again(
    here: Datastore, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    push = ["push", "mouse/cortex/em", "--to", server.url, "--as", "gone/once/em", "--uploads", here.uploads]
    interrupted_after(3, monkeypatch, "write", *push)
    remove(server.uploads, "gone/once/em")
    run(*push)
    for time in range(SAMPLES):
        found = Remote(server.url, "public").read(("gone", "once", "em"), 0, time, SPACE, "uint8")
        np.testing.assert_array_equal(found, voxels_of(here, "mouse/cortex/em")[time])
    pull = ["pull", "gone/once/em", "--from", server.url, "--as", "mouse/cortex/back", "--uploads", here.uploads]
    interrupted_after(3, monkeypatch, "read", *pull)
    remove(here.uploads, "mouse/cortex/back")
    run(*pull)
    np.testing.assert_array_equal(voxels_of(here, "mouse/cortex/back"), voxels_of(here, "mouse/cortex/em"))
