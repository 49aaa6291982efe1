"""Ingest through a live server: sent, replaced, gone on with, refused, and taken in from it again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from threading import local
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from urllib3.util.retry import Retry

from bosslet import remote
from bosslet.cli import main
from bosslet.errors import UnusableFile
from bosslet.geometry import Box
from bosslet.jobs import sending
from bosslet.remote import Remote
from bosslet.sources.opening import open_source
from tests.live.server import Server, serving
from tests.sources.conftest import assert_holds
from tests.sources.test_ingest_job import job

Voxels = NDArray[Any]
SHAPE = (37, 45, 51)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(
        tmp_path_factory.mktemp("server") / "uploads", "--workers", "1", block_size="16,12,20", chunk_size="8,6,10"
    ) as running:
        yield running


@pytest.fixture(autouse=True)
def small_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(sending, "BLOCK_VOXELS_Z", 16)
    monkeypatch.setattr(sending, "PLANE", 24)
    monkeypatch.chdir(tmp_path)


def send(server: Server, *arguments: str) -> Result:
    options = ["--server", server.url, "--n-workers", "1", "--json"]
    return CliRunner().invoke(main, ["ingest", *arguments, *options], catch_exceptions=False)


def noise(dtype: str = "uint8", shape: tuple[int, ...] = SHAPE, seed: int = 0) -> Voxels:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


def test_a_time_series_is_sent_and_comes_back(server: Server, tmp_path: Path) -> None:
    volume = noise("uint16", (2, *SHAPE))
    volume[:, 16:32, :24, :24] = 0
    np.save("a.npy", volume)
    result = send(server, "a.npy", "mouse/series/em", "--voxel-size", "4,5,40nm", "--type", "image")
    assert result.exit_code == 0, result.output
    source = open_source((f"boss://{server.url}/mouse/series/em",))
    assert str(source.about.spacing) == "4,5,40nm"
    assert source.about.labels is False
    assert_holds(source, volume)
    back = ["--uploads", str(tmp_path / "back"), "--n-workers", "1"]
    command = ["ingest", f"boss://{server.url}/mouse/series/em", "mouse/back/em", *back]
    assert CliRunner().invoke(main, command, catch_exceptions=False).exit_code == 0
    with pytest.raises(UnusableFile, match="has no channel mouse/series/none"):
        open_source((f"boss://{server.url}/mouse/series/none",))


def test_voxels_are_replaced_when_that_is_wanted(server: Server) -> None:
    first, second = noise(), noise(seed=1)
    second[:, 10:30] = 0
    np.save("a.npy", first)
    np.save("b.npy", second)
    assert send(server, "a.npy", "mouse/twice/em", "--voxel-size", "4,5,40nm").exit_code == 0
    refused = send(server, "b.npy", "mouse/twice/em")
    assert (refused.exit_code, "has mouse/twice/em already" in refused.stderr) == (2, True)
    assert send(server, "b.npy", "mouse/twice/em", "--overwrite").exit_code == 0
    assert_holds(open_source((f"boss://{server.url}/mouse/twice/em",)), second)


def test_what_was_stopped_goes_on(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    volume, write, count = noise(), Remote.write, 0
    np.save("a.npy", volume)

    def failing(self: Remote, *arguments: Any) -> None:
        nonlocal count
        count += 1
        if count == 7:
            raise KeyboardInterrupt
        write(self, *arguments)

    monkeypatch.setattr(Remote, "write", failing)
    size = ["--voxel-size", "4,4,40nm", "--memory", "1"]
    result = send(server, "a.npy", "mouse/stopped/em", *size, "--resume")
    assert (result.exit_code, "--resume" in result.stderr) == (130, True)
    result = send(server, "a.npy", "mouse/stopped/em", *size, "--resume", "--downsample")
    assert result.exit_code == 0, result.output
    done = next(line for line in map(json.loads, result.stdout.splitlines()) if line["event"] == "done")
    assert 0 < done["resumed_blocks"] < done["blocks"] == 3 * 2 * 3
    assert_holds(open_source((f"boss://{server.url}/mouse/stopped/em",)), volume)


def test_a_channel_that_is_gone_is_sent_again(server: Server) -> None:
    volume = noise()
    np.save("a.npy", volume)
    arguments = ["a.npy", "mouse/gone/em", "--voxel-size", "4,5,40nm", "--resume"]
    assert send(server, *arguments).exit_code == 0
    for verb in (["rm", "mouse/gone/em"], ["purge"]):
        assert CliRunner().invoke(main, [*verb, "--uploads", str(server.uploads)]).exit_code == 0
    assert send(server, *arguments).exit_code == 0
    assert_holds(open_source((f"boss://{server.url}/mouse/gone/em",)), volume)


def test_what_a_server_refuses_is_one_line(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "PATIENCE", Retry(0))
    monkeypatch.setattr(remote, "_connections", local())
    np.save("a.npy", noise())
    result = send(server, "a.npy", "mouse/refused/em", "--voxel-size", "4,5,40nm", "--dry-run")
    assert result.exit_code == 0
    assert Remote(server.url, "public").find("collection/mouse/experiment/refused") is None
    for url, message in [("http://127.0.0.1:1", "refused"), (f"{server.url}/docs", "404")]:
        result = CliRunner().invoke(main, ["ingest", "a.npy", "a/b/c", "--voxel-size", "4,4,4nm", "--server", url])
        assert result.exit_code == 2
        assert message in result.stderr
        assert len(result.stderr.splitlines()) == 1


def test_a_job_of_intern_names_both_channels(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = noise()
    np.save("a.npy", volume)
    assert send(server, "a.npy", "mouse/there/em", "--voxel-size", "4,5,40nm").exit_code == 0
    for name, value in {"PROTOCOL": "http", "HOST": server.host, "TOKEN": "public"}.items():
        monkeypatch.setenv(f"INTERN_{name}", value)
    offsets = {"x_offset": 1, "y_offset": 0, "z_offset": -20, "x_tile": 11, "y_tile": 7, "resolution": 0}
    names = {"collection": "mouse", "experiment": "there", "channel": "em"}
    (file,) = job(tmp_path, "intern.Intern", offsets | names)
    result = CliRunner().invoke(main, ["ingest", file, "--uploads", "up", "--n-workers", "1"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert CliRunner().invoke(main, ["export", "col/exp/ch", "b.npy", "--uploads", "up", "--silent"]).exit_code == 0
    found = np.load("b.npy")
    assert found.shape == (25, 7, 11)
    np.testing.assert_array_equal(found[20:], volume[:5, :7, 1:12])
    assert not found[:20].any()


def test_a_box_is_literal(server: Server) -> None:
    volume = noise()
    np.save("a.npy", volume)
    send(server, "a.npy", "mouse/boxes/em", "--voxel-size", "4,5,40nm", "--type", "annotation")
    there, names, box = Remote(server.url, "public"), ("mouse", "boxes", "em"), Box((3, 5, 7), (9, 17, 21))
    np.testing.assert_array_equal(there.read(names, 0, 0, box, "uint8"), volume[box.slices])
