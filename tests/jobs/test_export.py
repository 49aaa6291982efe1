"""Export, and ingest of what was exported: the same voxels, voxel sizes and places, in every format."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import sleep
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
import zarr
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from PIL import Image

from bosslet import config
from bosslet.cli import main
from bosslet.datastore import Datastore
from bosslet.geometry import Box
from bosslet.sources.opening import open_source
from bosslet.sources.source import Hints
from bosslet.spacing import Spacing
from tests.live.server import ROOT
from tests.sources.conftest import assert_holds

Voxels = NDArray[Any]

SIZED = Spacing((40.0, 5.0, 4.0), "nanometers")
NARROW = ("uint8", "uint16")
WIDE = (*NARROW, "uint32", "uint64")
Put = Callable[..., Path]

FORMATS: dict[str, tuple[str, tuple[str, ...], bool]] = {
    "TIFF stack": ("out/img_%04d.tiff", WIDE, False),
    "compressed TIFF stack": ("out/img_%04d.tif --compression 3", WIDE, False),
    "TIFF": ("a.tif", WIDE, True),
    "compressed TIFF": ("a.tif --compression 3", WIDE, True),
    "OME-TIFF": ("a.ome.tif", WIDE[:3], True),
    "compressed OME-TIFF": ("a.ome.tiff --compression 9", WIDE[:3], True),
    "PNG": ("out/img_%04d.png", NARROW, False),
    "JPEG 2000": ("out/img_%04d.jp2", NARROW, False),
    "npy": ("a.npy", WIDE, True),
    "HDF5": ("a.h5", WIDE, True),
    "gzip": ("a.h5 --compression gzip --compression-opts 4 --dataset deep/inside", WIDE, True),
    "lzf": ("a.hdf5 --compression lzf", WIDE, True),
    "OME-Zarr": ("a.ome.zarr", WIDE, True),
    "precomputed": ("a.precomputed", WIDE, False),
}
UNSIZED = ("PNG", "JPEG 2000", "npy")
PLACED = ("OME-Zarr", "precomputed")
CASES = [(name, dtype) for name, (_, dtypes, _) in FORMATS.items() for dtype in dtypes]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in config.Settings.model_fields:
        monkeypatch.delenv(f"BOSSLET_{name.upper()}", raising=False)
    monkeypatch.setenv("BOSSLET_BLOCK_SIZE", "16,12,20")
    monkeypatch.setenv("BOSSLET_CHUNK_SIZE", "8,6,10")
    monkeypatch.setenv("BOSSLET_UPLOADS_PATH", str(tmp_path / "uploads"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, workers: int = 1) -> Result:
    return CliRunner().invoke(main, [*arguments, "--n-workers", str(workers)], catch_exceptions=False)


def noise(dtype: str = "uint8", shape: tuple[int, ...] = (19, 29, 33)) -> Voxels:
    random = np.random.default_rng(0)
    return random.integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Uploads folders that hold a volume, by what it is."""
    return {"parent": tmp_path_factory.mktemp("stores")}


@pytest.fixture
def put(stores: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Put:
    """A function: chooses an uploads folder with a volume in mouse/cortex/em; one that others read, too."""

    def put(volume: Voxels, *options: str) -> Path:
        key = f"{volume.dtype} {volume.shape} {volume.sum()} {options}"
        if key not in stores:
            np.save("in.npy", volume)
            stores[key] = stores["parent"] / str(len(stores))
            where = ["--uploads", str(stores[key])]
            result = run("ingest", "in.npy", "mouse/cortex/em", "--voxel-size", "4,5,40nm", *options, *where)
            assert result.exit_code == 0, result.output
            Path("in.npy").unlink()
        monkeypatch.setenv("BOSSLET_UPLOADS_PATH", str(stores[key]))
        return stores[key]

    return put


def source_name(target: str) -> str:
    return target.split()[0].replace("%04d", "*")


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_there_and_back(put: Put, name: str, dtype: str) -> None:
    volume = noise(dtype)
    put(volume)
    target = FORMATS[name][0]
    result = run("export", "mouse/cortex/em", *target.split())
    assert result.exit_code == 0, result.output
    about = open_source((source_name(target),)).about
    assert (about.spacing is None) == (name in UNSIZED)
    assert about.spacing is None or about.spacing.matches(SIZED)
    size = ["--voxel-size", "4,5,40nm"] if name in UNSIZED else []
    back = ["--uploads", "back", "--type", "image", *size]
    result = run("ingest", source_name(target), "mouse/back/em", *back)
    assert result.exit_code == 0, result.output
    with closing(Datastore.open("back")) as store:
        found = store.volume("mouse", "back", "em").read(range(1), Box.of((19, 29, 33)))[0]
    np.testing.assert_array_equal(found, volume)
    assert list(Path().rglob("*.partial")) == []


@pytest.mark.parametrize("name", [name for name, (*_, series) in FORMATS.items() if series])
@pytest.mark.parametrize("shape", [(3, 19, 29, 33), (3, 1, 29, 33), (3, 19, 29, 3)])
def test_time_series_there_and_back(put: Put, name: str, shape: tuple[int, ...]) -> None:
    volume = noise("uint16", shape)
    put(volume)
    target = FORMATS[name][0]
    assert run("export", "mouse/cortex/em", *target.split()).exit_code == 0
    source = open_source((source_name(target),))
    assert source.about.shape == shape
    for time in range(3):
        np.testing.assert_array_equal(source.read(time, Box.of((shape[1], shape[2], shape[3]))), volume[time])


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("shape", [(1, 29, 33), (3, 7, 3)])
def test_thin_volumes(put: Put, name: str, shape: tuple[int, int, int]) -> None:
    volume = noise("uint8", shape)
    put(volume)
    target = FORMATS[name][0]
    assert run("export", "mouse/cortex/em", *target.split()).exit_code == 0
    source = open_source((source_name(target),))
    np.testing.assert_array_equal(source.read(0, Box.of(shape)), volume)


@pytest.mark.parametrize("name", FORMATS)
def test_a_box_of_one_sample_by_two_processes(put: Put, name: str) -> None:
    volume = noise("uint16", (2, 53, 29, 33))
    put(volume, "--offset", "2,0,0")
    target = FORMATS[name][0]
    box = ["--box", "5:52,3:28,7:30", "--time", "1"]
    workers = 2 if name in ("TIFF stack", "OME-Zarr") else 1
    result = run("export", "mouse/cortex/em", *target.split(), *box, "--json", "--memory", "1", workers=workers)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout.splitlines()[-1])["nbytes"] == 47 * 25 * 23 * 2
    source = open_source((source_name(target),))
    np.testing.assert_array_equal(source.read(0, Box.of((47, 25, 23))), volume[1, 3:50, 3:28, 7:30])
    assert source.about.origin == ((5, 3, 7) if name in PLACED else (0, 0, 0))


def test_other_programs_read_it(put: Put) -> None:
    volume = noise("uint16")
    put(volume)
    for target in (
        "a.ome.tif",
        "a.tif",
        "out/%03d.tiff --compression 1",
        "a.h5",
        "b.zarr",
        "out/%03d.png",
        "out/%03d.jp2",
    ):
        assert run("export", "mouse/cortex/em", *target.split(), "--silent").output == ""
    np.testing.assert_array_equal(tifffile.imread("a.ome.tif"), volume)
    np.testing.assert_array_equal(tifffile.imread("a.tif"), volume)
    np.testing.assert_array_equal(tifffile.imread("out/004.tiff"), volume[4])
    with h5py.File("a.h5") as file:
        np.testing.assert_array_equal(file["volume"][...], volume)
    np.testing.assert_array_equal(np.asarray(zarr.open_group("b.zarr", mode="r")["0"])[0], volume)
    for suffix in ("png", "jp2"):
        with Image.open(f"out/018.{suffix}") as picture:
            np.testing.assert_array_equal(np.asarray(picture), volume[18])


def test_two_numbers_for_a_time_series(put: Put) -> None:
    volume = noise("uint8", (2, 19, 29, 33))
    put(volume)
    assert run("export", "mouse/cortex/em", "t%d_z%03d.tif").exit_code == 0
    source = open_source(("t%d_z%03d.tif",))
    for time in range(2):
        np.testing.assert_array_equal(source.read(time, Box.of((19, 29, 33))), volume[time])


def test_jpeg_2000_with_loss_is_smaller_and_near(put: Put) -> None:
    smooth = np.add.outer(np.arange(200), np.arange(300))[np.newaxis] // 2 + noise("uint8", (1, 200, 300)) % 5
    put(smooth.astype(np.uint8))
    assert run("export", "mouse/cortex/em", "whole_%d.jp2").exit_code == 0
    assert run("export", "mouse/cortex/em", "lossy_%d.jp2", "--psnr", "40").exit_code == 0
    assert Path("lossy_0.jp2").stat().st_size < Path("whole_0.jp2").stat().st_size / 2
    found = open_source(("lossy_0.jp2",)).read(0, Box.of((1, 200, 300)))
    error = np.mean((found.astype(float) - smooth.astype(np.uint8)) ** 2)
    assert 10 * np.log10(255**2 / error) > 38


def test_a_resolution(put: Put) -> None:
    put(noise("uint8", (19, 1100, 33)), "--downsample")
    assert run("export", "mouse/cortex/em/1", "a.ome.tif").exit_code == 0
    about = open_source(("a.ome.tif",)).about
    assert about.shape == (1, 19, 550, 17)
    assert about.spacing is not None
    assert about.spacing.matches(Spacing((40.0, 10.0, 8.0), "nanometers"))
    refused = run("export", "mouse/cortex/em/7", "b.tif")
    assert (refused.exit_code, "has no resolution 7" in refused.stderr) == (2, True)


REFUSED = {
    "no such channel": (["mouse/cortex/ca", "a.tif"], "mouse/cortex/ca"),
    "an ending": (["mouse/cortex/em", "a.xyz"], "a.xyz: its ending"),
    "what is there": (["mouse/cortex/em", "there.tif"], "there.tif: is there already"),
    "a plane that is there": (["mouse/cortex/em", "there%d.png"], "there3.png: is there already"),
    "a box outside": (["mouse/cortex/em", "a.tif", "--box", "0:20,0:1,0:1"], "is not within"),
    "a time": (["mouse/cortex/em", "a.tif", "--time", "2"], "has 2 time samples"),
    "no pattern": (["mouse/cortex/em", "a.png", "--time", "0"], "such as %04d"),
    "a pattern without time": (["mouse/cortex/em", "a%d.png"], "two numbers"),
    "a wrong pattern": (["mouse/cortex/em", "a%s%d.png", "--time", "0"], "should have %04d"),
    "time in precomputed": (["mouse/cortex/em", "precomputed://a"], "choose a sample by --time"),
    "somewhere else": (["mouse/cortex/em", "gs://bucket/a"], "can only write to this machine"),
    "a box": (["mouse/cortex/em", "a.tif", "--box", "3:1,0:1,0:1"], "z0:z1"),
    "a compression": (["mouse/cortex/em", "a.tif", "--compression", "zip"], "gzip or lzf"),
    "a filter for TIFF": (["mouse/cortex/em", "a.tif", "--compression", "lzf"], "--compression lzf is not for tiff"),
    "a level for HDF5": (["mouse/cortex/em", "a.h5", "--compression", "5"], "--compression 5 is not for hdf5"),
    "a level for npy": (["mouse/cortex/em", "a.npy", "--compression", "5"], "--compression 5 is not for npy"),
    "a level of lzf": (["mouse/cortex/em", "a.h5", "--compression", "lzf", "--compression-opts", "5"], "of --compre"),
    "a level of nothing": (["mouse/cortex/em", "a.h5", "--compression-opts", "5"], "of --compression gzip"),
    "a dataset of TIFF": (["mouse/cortex/em", "a.tif", "--dataset", "a"], "--dataset is not for tiff"),
    "decibels of npy": (["mouse/cortex/em", "a.npy", "--psnr", "40"], "--psnr is not for npy"),
}


@pytest.mark.parametrize(("arguments", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_leaves_nothing(put: Put, arguments: list[str], message: str) -> None:
    put(noise("uint8", (2, 19, 29, 33)))
    Path("there.tif").touch()
    Path("there3.png").touch()
    before = sorted(Path().glob("*"))
    if arguments[1] == "there%d.png":
        arguments = [*arguments, "--time", "0"]
    result = run("export", *arguments)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert sorted(Path().glob("*")) == before


def test_wide_voxels_do_not_go_into_narrow_formats(put: Put) -> None:
    put(noise("uint64"))
    for target, held in [("a%d.png", "uint8, uint16"), ("a%d.jp2", "uint8, uint16"), ("a.ome.tif", "uint16, uint32")]:
        result = run("export", "mouse/cortex/em", target)
        assert (result.exit_code, f"{held}, and mouse/cortex/em is uint64" in result.stderr) == (2, True)


@pytest.mark.parametrize("target", ["there.tif", "there.zarr", "there.h5", "out/%d.png"])
def test_overwriting(put: Put, target: str) -> None:
    put(noise())
    for _ in range(2):
        assert run("export", "mouse/cortex/em", target, "--overwrite").exit_code == 0
    assert run("export", "mouse/cortex/em", target).exit_code == 2
    assert open_source((target,)).about.shape == (1, 19, 29, 33)


@pytest.mark.parametrize("target", ["mine.zarr", "mine.npy", "mine.precomputed"])
def test_a_folder_of_other_things_is_never_replaced(put: Put, target: str) -> None:
    put(noise())
    Path(target).mkdir()
    Path(target, "notes.txt").write_text("mine")
    result = run("export", "mouse/cortex/em", target, "--overwrite")
    assert (result.exit_code, "other things" in result.stderr) == (2, True)
    assert Path(target, "notes.txt").read_text() == "mine"
    Path(target, "notes.txt").unlink()
    assert run("export", "mouse/cortex/em", target, "--overwrite").exit_code == 0


@pytest.mark.parametrize("target", ["100%41 #2?.zarr", "100%41 #2?.precomputed"])
def test_names_mean_themselves(put: Put, target: str) -> None:
    volume = noise()
    put(volume)
    assert run("export", "mouse/cortex/em", target).exit_code == 0
    assert_holds(open_source((str(Path(target).absolute()),)), volume)
    assert [path.name for path in Path().iterdir()] == [target]


def test_no_compression_of_hdf5(put: Put) -> None:
    volume = noise()
    put(volume)
    assert run("export", "mouse/cortex/em", "a.h5", "--compression", "0").exit_code == 0
    assert_holds(open_source(("a.h5",)), volume)


def test_hdf5_without_its_library(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    put(noise())
    monkeypatch.setitem(sys.modules, "h5py", None)
    result = run("export", "mouse/cortex/em", "a.h5")
    assert result.exit_code == 2
    assert result.stderr == "Error: a.h5: HDF5 needs h5py: pip install 'bosslet[hdf5]'\n"


@pytest.mark.parametrize("target", ["a.tif", "a.tif --compression 1", "a.h5", "a.zarr", "out/%d.png", "a.precomputed"])
def test_a_damaged_block_leaves_nothing(put: Put, target: str) -> None:
    block = put(noise(), "--type", "annotation") / "mouse/cortex/em/0/c/0/1/1/1"
    block.write_bytes(block.read_bytes()[:200])
    before = set(Path().rglob("*"))
    result = run("export", "mouse/cortex/em", *target.split())
    assert result.exit_code == 2
    assert "mouse/cortex/em" in result.stderr
    assert set(Path().rglob("*")) - before <= {Path("out")}


def test_ctrl_c_leaves_nothing(put: Put, tmp_path: Path) -> None:
    put(noise("uint8", (150, 145, 151)))
    command = [sys.executable, "-m", "bosslet", "export", "mouse/cortex/em", "a.tif", "--json", "--n-workers", "1"]
    options = ["--compression", "9", "--memory", "1"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not (tmp_path / ".a.tif.partial").exists():
            assert process.poll() is None
            sleep(0.005)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == "Interrupted; nothing was written.\n"
    assert list(tmp_path.glob("*a.tif*")) == []
    assert run("export", "mouse/cortex/em", "a.tif").exit_code == 0


def test_hints_reach_the_reader(put: Put) -> None:
    put(noise())
    assert run("export", "mouse/cortex/em", "a.h5", "--dataset", "a/b").exit_code == 0
    assert open_source(("a.h5",), Hints(dataset="a/b")).about.name == "a.h5:a/b"
