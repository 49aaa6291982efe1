"""Targets that cannot be written: one line, status 2, and nothing is left of what was begun."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from bosslet.cli import main
from bosslet.sources.opening import open_source
from tests.sources.conftest import assert_holds

VOLUME = np.random.default_rng(0).integers(0, 255, (70, 200, 300), dtype=np.uint8)
FULL = 50_000
"""Bytes that a file may have on the disk that is full: less than a plane, and than a compressed chunk."""
TARGETS = {
    "TIFF stack": "s/%d.tif",
    "compressed TIFF stack": "s/%d.tif --compression 1",
    "TIFF": "a.tif",
    "compressed TIFF": "a.tif --compression 1",
    "OME-TIFF": "a.ome.tif",
    "PNG": "s/%d.png",
    "JPEG 2000": "s/%d.jp2 --box 0:1,0:200,0:300",
    "npy": "a.npy",
    "HDF5": "a.h5",
    "gzip": "a.h5 --compression gzip --compression-opts 1",
    "OME-Zarr": "a.zarr",
    "precomputed": "a.precomputed",
}


@pytest.fixture(scope="module")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``mouse/cortex/em``."""
    folder = tmp_path_factory.mktemp("store")
    np.save(folder / "in.npy", VOLUME)
    arguments = ["ingest", str(folder / "in.npy"), "mouse/cortex/em", "--voxel-size", "4,5,40nm", "--n-workers", "1"]
    result = CliRunner().invoke(main, [*arguments, "--uploads", str(folder / "uploads")], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return folder / "uploads"


def export(uploads: Path, target: str) -> Result:
    arguments = ["export", "mouse/cortex/em", *target.split(), "--uploads", str(uploads), "--n-workers", "1"]
    return CliRunner().invoke(main, [*arguments, "--silent"], catch_exceptions=False)


@contextmanager
def full_disk() -> Iterator[None]:
    """No file can grow beyond a size: the error is another one than on a disk that is full, and comes where that does.

    Python ignores the signal that would come with it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FULL, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def assert_one_line(result: Result, file: str) -> None:
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("Error: ")
    assert len(result.stderr.splitlines()) == 1
    assert file in result.stderr


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_a_full_disk(target: str, uploads: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with full_disk():
        result = export(uploads, target)
    assert_one_line(result, target.split()[0].partition("%")[0])
    assert set(tmp_path.rglob("*")) <= {tmp_path / "s"}
    assert export(uploads, target).exit_code == 0
    depth = 1 if "box" in target else len(VOLUME)
    assert_holds(open_source((target.split()[0],)), VOLUME[:depth])


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_a_folder_that_cannot_be(target: str, uploads: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("not a folder")
    assert_one_line(export(uploads, f"file/{target}"), "file/")
    assert Path("file").read_text() == "not a folder"
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_a_folder_where_a_plane_should_be(uploads: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s/3.tif").mkdir(parents=True)
    assert_one_line(export(uploads, "s/%d.tif --overwrite"), "s/%d.tif: cannot be written")
    assert not list(tmp_path.rglob("*.partial"))
