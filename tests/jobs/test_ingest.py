"""Ingest: what was in the files is in the channel, whatever the cut, the interruption and the number of processes."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from time import sleep
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from PIL import Image

from bosslet import config
from bosslet.catalog.records import ADMINISTRATOR, Channel, DownsampleStatus
from bosslet.cli import main
from bosslet.datastore import Datastore
from bosslet.errors import StorageFull
from bosslet.geometry import Box
from bosslet.jobs.verify import verify
from bosslet.volume.volume import Volume
from tests.live.server import ROOT

Voxels = NDArray[Any]
SHAPE = (37, 45, 51)
SIZE = ["--voxel-size", "4,5,40nm"]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in config.Settings.model_fields:
        monkeypatch.delenv(f"BOSSLET_{name.upper()}", raising=False)
    monkeypatch.setenv("BOSSLET_BLOCK_SIZE", "16,12,20")
    monkeypatch.setenv("BOSSLET_CHUNK_SIZE", "8,6,10")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Datastore]:
    with closing(Datastore.open(tmp_path / "uploads")) as datastore:
        yield datastore


@pytest.fixture
def ingest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """A function: runs the command in the folder of the test, in this process unless it is given workers."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, workers: int = 1) -> Result:
        options = ["--uploads", "uploads", "--n-workers", str(workers)]
        return CliRunner().invoke(main, ["ingest", *arguments, *options], catch_exceptions=False)

    return run


def noise(dtype: str = "uint8", shape: tuple[int, ...] = SHAPE, seed: int = 0) -> Voxels:
    largest = np.iinfo(dtype).max
    return np.random.default_rng(seed).integers(0, largest, shape, dtype=dtype, endpoint=True)


def slices(folder: Path, volume: Voxels) -> str:
    for number, plane in enumerate(volume):
        Image.fromarray(plane).save(folder / f"s{number:03d}.png")
    return str(folder / "s*.png")


def channel_of(store: Datastore, name: str = "mouse/cortex/em") -> Channel:
    return store.catalog.resources.channel(*name.split("/"))


def stored(store: Datastore, name: str = "mouse/cortex/em") -> Voxels:
    channel = channel_of(store, name)
    frame, samples = channel.experiment.frame, channel.experiment.num_time_samples
    return store.image(channel).level(0).read(range(samples), Box(frame.start, frame.stop))


def lines_of_journals(uploads: Path) -> int:
    return sum(journal.read_bytes().count(b"\n") for journal in uploads.glob(".jobs/*.jsonl"))


def wait_for_the_end_of(group: int) -> None:
    """multiprocessing's own tracker ends a moment after all others."""
    for _ in range(500):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        sleep(0.02)
    pytest.fail("a process was left")


def assert_refused(result: Result, message: str) -> None:
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert result.stderr.startswith(("Error: ", "Usage: ", "What is finished"))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stack_of_slices_becomes_a_channel(
    workers: int, ingest: Callable[..., Result], store: Datastore, tmp_path: Path
) -> None:
    volume = noise()
    result = ingest(slices(tmp_path, volume), "mouse/cortex/em", *SIZE, "--downsample", workers=workers)
    assert result.exit_code == 0, result.output
    np.testing.assert_array_equal(stored(store)[0], volume)
    channel = channel_of(store)
    assert (channel.type, channel.datatype) == ("image", "uint8")
    assert channel.experiment.frame.voxel_size == (40.0, 5.0, 4.0)
    assert channel.experiment.hierarchy_method == "anisotropic"
    assert channel.downsample_status is DownsampleStatus.DOWNSAMPLED
    assert verify(store).ok
    assert "checksum" in result.stdout


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64"])
def test_every_dtype_and_time_series(dtype: str, ingest: Callable[..., Result], store: Datastore) -> None:
    volume = noise(dtype, (3, 17, 29, 41))
    np.save("a.npy", volume)
    assert ingest("a.npy", "mouse/cortex/em", *SIZE).exit_code == 0
    np.testing.assert_array_equal(stored(store), volume)
    channel = channel_of(store)
    assert channel.type == ("annotation" if dtype in ("uint32", "uint64") else "image")
    assert channel.experiment.num_time_samples == 3


def test_labels_of_hdf5_that_could_have_been_negative(ingest: Callable[..., Result], store: Datastore) -> None:
    volume = noise("int32") & 0x7FFFFFFF
    with h5py.File("a.h5", "w") as file:
        file.create_dataset("stack", data=volume, chunks=(8, 8, 8), compression="gzip")
    assert ingest("a.h5", "mouse/cortex/em", *SIZE, "--type", "image", "--json").exit_code == 0
    np.testing.assert_array_equal(stored(store)[0], volume)
    assert (channel_of(store).type, channel_of(store).datatype) == ("image", "uint32")
    with h5py.File("a.h5", "r+") as file:
        file["stack"][20, 3, 4] = -1
    assert_refused(ingest("a.h5", "mouse/cortex/two", *SIZE), "a.h5:stack: has negative voxels between z 16 and 32")


def test_the_files_own_voxel_size_and_an_offset(ingest: Callable[..., Result], store: Datastore) -> None:
    volume = noise("uint16")
    metadata = {"axes": "ZYX"} | {
        f"PhysicalSize{axis}": size for axis, size in zip("XYZ", (0.5, 0.5, 0.5), strict=True)
    }
    tifffile.imwrite("a.ome.tif", volume, ome=True, metadata=metadata)
    result = ingest("a.ome.tif", "mouse/cortex/em", "--offset", "10,20,30", "--json")
    assert result.exit_code == 0
    found = stored(store)[0]
    assert found.shape == (47, 65, 81)
    np.testing.assert_array_equal(found[10:, 20:, 30:], volume)
    assert np.count_nonzero(found) == np.count_nonzero(volume)
    frame = channel_of(store).experiment.frame
    assert (frame.voxel_size, frame.voxel_unit) == ((0.5, 0.5, 0.5), "micrometers")
    assert channel_of(store).experiment.hierarchy_method == "isotropic"
    plan, *_, done = map(json.loads, result.stdout.splitlines())
    assert (plan["event"], plan["zyx_stop"], plan["voxel_size_xyz"]) == ("plan", [47, 65, 81], "0.5,0.5,0.5um")
    assert (done["event"], done["nbytes"], done["resumed_blocks"]) == ("done", volume.nbytes, 0)


def test_pieces_of_a_volume_side_by_side_in_one_channel(ingest: Callable[..., Result], store: Datastore) -> None:
    volume = noise()
    np.save("frame.npy", np.zeros_like(volume))
    assert ingest("frame.npy", "mouse/cortex/em", *SIZE).exit_code == 0
    for number, z in enumerate(range(0, 37, 10)):
        np.save(f"{number}.npy", volume[z : z + 10])
        result = ingest(f"{number}.npy", "mouse/cortex/em", "--offset", f"{z},0,0", "--overwrite")
        assert result.exit_code == 0
    np.testing.assert_array_equal(stored(store)[0], volume)


def test_a_dry_run_changes_nothing(ingest: Callable[..., Result], tmp_path: Path) -> None:
    pattern = slices(tmp_path, noise())
    result = ingest(pattern, "mouse/cortex/em", *SIZE, "--dry-run")
    assert result.exit_code == 0
    assert "37 × 45 × 51 uint8" in result.stdout
    assert not (tmp_path / "uploads").exists()


def test_voxels_are_not_overwritten_by_mistake(ingest: Callable[..., Result], store: Datastore, tmp_path: Path) -> None:
    first, second = noise(), noise(seed=1)
    np.save("a.npy", first)
    np.save("b.npy", second)
    assert ingest("a.npy", "mouse/cortex/em", *SIZE).exit_code == 0
    assert_refused(ingest("b.npy", "mouse/cortex/em"), "has voxels within z,y,x 0:37,0:45,0:51 already")
    assert_refused(ingest("b.npy", "mouse/cortex/em", "--resume"), "was another ingest (source differ)")
    np.testing.assert_array_equal(stored(store)[0], first)
    assert ingest("b.npy", "mouse/cortex/em", "--overwrite").exit_code == 0
    np.testing.assert_array_equal(stored(store)[0], second)


REFUSED = {
    "no voxel size": (["a.npy", "mouse/cortex/em"], "say --voxel-size"),
    "a name": (["a.npy", "mouse/cor.tex/em", *SIZE], "cor.tex"),
    "two names": (["a.npy", "mouse/cortex", *SIZE], "collection/experiment/channel"),
    "no file": (["b.npy", "mouse/cortex/em", *SIZE], "b.npy: "),
    "floats": (["float.npy", "mouse/cortex/em", *SIZE], "float.npy: its voxels are float32"),
    "unknown": (["text.txt", "mouse/cortex/em", *SIZE], "text.txt: not of a known format"),
    "an offset": (["a.npy", "mouse/cortex/em", *SIZE, "--offset", "1,2"], "3 integers"),
    "a voxel size": (["a.npy", "mouse/cortex/em", "--voxel-size", "4,4"], "voxel size"),
    "a missing slice": (["gap*.tif", "mouse/cortex/em", *SIZE], "gap4.tif: number 3 is missing"),
    "another size": (["size*.tif", "mouse/cortex/em", *SIZE], "size2.tif: is 46 × 51 uint8"),
    "another dtype": (["wide*.tif", "mouse/cortex/em", *SIZE], "wide2.tif: is 45 × 51 uint16"),
    "cut off": (["cut*.tif", "mouse/cortex/em", *SIZE], "cut2.tif: "),
    "no pages left": (["short.tif", "mouse/cortex/em", *SIZE], "short.tif: "),
    "an empty file": (["empty.tif", "mouse/cortex/em", *SIZE], "empty.tif: "),
    "no array in it": (["text.h5", "mouse/cortex/em", *SIZE], "text.h5: "),
}


def write_bad_files() -> None:
    """In the working folder: what ``REFUSED`` names."""
    volume = noise()
    np.save("a.npy", volume)
    np.save("float.npy", np.zeros((3, 4, 5), np.float32))
    Path("text.txt").write_text("these are no voxels")
    Path("text.h5").write_bytes(b"\x89HDF\r\n\x1a\nthese are no voxels")
    Path("empty.tif").touch()
    for number in (1, 2, 3, 4):
        for name in ("gap", "size", "wide", "cut"):
            tifffile.imwrite(f"{name}{number}.tif", volume[number])
    Path("gap3.tif").unlink()
    tifffile.imwrite("size2.tif", noise("uint8", (46, 51)))
    tifffile.imwrite("wide2.tif", noise("uint16", (45, 51)))
    Path("cut2.tif").write_bytes(Path("cut1.tif").read_bytes()[:-200])
    tifffile.imwrite("short.tif", volume, compression="zlib")
    Path("short.tif").write_bytes(Path("short.tif").read_bytes()[:20_000])


@pytest.mark.parametrize(("arguments", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_leaves_nothing(
    arguments: list[str], message: str, ingest: Callable[..., Result], store: Datastore, tmp_path: Path
) -> None:
    write_bad_files()
    result = ingest(*arguments)
    assert_refused(result, message)
    assert len(result.stderr.splitlines()) == 1 or result.stderr.startswith("Usage: ")
    if (tmp_path / "uploads").exists():
        assert store.catalog.resources.collection_names(store.catalog.users.get(ADMINISTRATOR)) == []
        assert list((tmp_path / "uploads").glob("mouse*")) == []


def test_what_exists_must_fit(ingest: Callable[..., Result]) -> None:
    np.save("a.npy", noise())
    np.save("wide.npy", noise("uint16"))
    assert ingest("a.npy", "mouse/cortex/em", *SIZE).exit_code == 0
    for arguments, message in [
        (["wide.npy", "mouse/cortex/em"], "is uint8, and the source uint16"),
        (["a.npy", "mouse/cortex/em", "--type", "annotation"], "is of type image"),
        (["a.npy", "mouse/cortex/two", "--offset", "1,0,0"], "is not within the frame"),
        (["a.npy", "mouse/cortex/two", "--voxel-size", "4,4,40nm"], "its voxels are 4,5,40nm"),
        (["a.npy", "mouse/cortex/two", "--axes", "tyx"], "37 time samples"),
    ]:
        assert_refused(ingest(*arguments), message)
    assert ingest("a.npy", "mouse/cortex/two", "--voxel-size", "0.004,0.005,0.04um").exit_code == 0


def test_a_full_disk_is_said_and_gone_on_from(
    ingest: Callable[..., Result], store: Datastore, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume, write, written = noise(), Volume.write, 0
    np.save("a.npy", volume)

    def full(self: Volume, times: range, box: Box, voxels: Voxels) -> None:
        nonlocal written
        written += 1
        if written == 20:
            raise StorageFull("no space left")
        write(self, times, box, voxels)

    monkeypatch.setattr(Volume, "write", full)
    result = ingest("a.npy", "mouse/cortex/em", *SIZE)
    assert_refused(result, "no space left")
    assert "--resume" in result.stderr
    monkeypatch.setattr(Volume, "write", write)
    result = ingest("a.npy", "mouse/cortex/em", "--resume", "--json")
    assert 0 < json.loads(result.stdout.splitlines()[-1])["resumed_blocks"] < 36
    np.testing.assert_array_equal(stored(store)[0], volume)


def test_killed_again_and_again_and_gone_on_with(store: Datastore, tmp_path: Path) -> None:
    volume = noise(shape=(150, 45, 51))
    pattern = slices(tmp_path, volume)
    command = [sys.executable, "-m", "bosslet", "ingest", pattern, "mouse/cortex/em", *SIZE, "--resume", "--json"]
    options = ["--uploads", str(tmp_path / "uploads"), "--n-workers", "2", "--memory", "1"]
    waits = random.Random(1)
    for _ in range(2):
        with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, start_new_session=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            sleep(waits.uniform(0.5, 2.5))
            os.killpg(process.pid, signal.SIGKILL)
    done = json.loads(subprocess.run([*command, *options], capture_output=True, check=True).stdout.splitlines()[-1])
    np.testing.assert_array_equal(stored(store)[0], volume)
    assert done["blocks"] == 10 * 4 * 3
    assert verify(store).ok


def test_ctrl_c_is_one_line_and_leaves_no_process(store: Datastore, tmp_path: Path) -> None:
    volume = noise(shape=(150, 45, 51))
    command = [sys.executable, "-m", "bosslet", "ingest", slices(tmp_path, volume), "mouse/cortex/em", *SIZE, "--json"]
    options = ["--uploads", str(tmp_path / "uploads"), "--n-workers", "2", "--memory", "1"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([*command, *options], text=True, start_new_session=True, **pipes) as process:  # type: ignore[call-overload]
        process.stdout.readline()
        while lines_of_journals(tmp_path / "uploads") < 3:
            assert process.poll() is None
            sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert (process.returncode, len(err.splitlines())) == (130, 1), err
        wait_for_the_end_of(process.pid)
    assert "--resume" in err
    result = subprocess.run([*command, *options, "--resume"], capture_output=True, text=True, check=True)
    assert json.loads(result.stdout.splitlines()[-1])["resumed_blocks"] > 0
    np.testing.assert_array_equal(stored(store)[0], volume)
