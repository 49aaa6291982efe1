"""Whole volumes in one file: TIFF of many pages, HDF5, npy and raw voxels."""

from __future__ import annotations

import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile

from bosslet.errors import MissingLibrary, UnusableFile
from bosslet.sources.opening import open_source
from bosslet.sources.source import Hints
from bosslet.spacing import Spacing
from tests.sources.conftest import assert_holds, distinct

TIFFS = {
    "shaped": {},
    "big": {"bigtiff": True},
    "zlib": {"compression": "zlib"},
    "tiles": {"tile": (16, 16)},
    "big endian": {"byteorder": ">"},
    "ImageJ": {"imagej": True, "metadata": {"axes": "ZYX"}},
}


@pytest.mark.parametrize("settings", TIFFS.values(), ids=TIFFS)
def test_pages(settings: dict[str, object], tmp_path: Path) -> None:
    volume = distinct()
    tifffile.imwrite(tmp_path / "a.tif", volume, **settings)
    assert_holds(open_source((str(tmp_path / "a.tif"),)), volume)


def test_pages_that_nobody_described(tmp_path: Path) -> None:
    volume = distinct()
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for plane in volume:
            writer.write(plane, metadata=None)
    assert_holds(open_source((str(tmp_path / "a.tif"),)), volume)


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("axes", ["TZYX", "ZTYX", "TYX"])
def test_time_series_of_ome(axes: str, compression: str | None, tmp_path: Path) -> None:
    volume = distinct("uint16", (3, 5, 7, 11) if "Z" in axes else (3, 7, 11))
    stored = volume.swapaxes(0, 1) if axes == "ZTYX" else volume
    tifffile.imwrite(tmp_path / "a.ome.tif", stored, compression=compression, metadata={"axes": axes})
    expected = volume if "Z" in axes else volume[:, np.newaxis]
    assert_holds(open_source((str(tmp_path / "a.ome.tif"),)), expected)


def test_one_channel_of_ome(tmp_path: Path) -> None:
    volume = distinct("uint16", (2, 5, 7, 11))
    tifffile.imwrite(tmp_path / "a.ome.tif", volume, metadata={"axes": "CZYX"})
    with pytest.raises(UnusableFile, match="has 2 colours"):
        open_source((str(tmp_path / "a.ome.tif"),))
    assert_holds(open_source((str(tmp_path / "a.ome.tif"),), Hints(color=1)), volume[1])


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_samples_of_a_pixel(compression: str | None, tmp_path: Path) -> None:
    volume = distinct("uint8", (5, 7, 11, 3))
    tifffile.imwrite(tmp_path / "a.tif", volume, photometric="rgb", compression=compression)
    assert_holds(open_source((str(tmp_path / "a.tif"),), Hints(color=2)), volume[..., 2])


def test_voxel_sizes_of_tiff(tmp_path: Path) -> None:
    volume, file = distinct(), tmp_path / "a.tif"
    sizes = {"PhysicalSizeX": 4, "PhysicalSizeY": 5, "PhysicalSizeZ": 0.04}
    units = {"PhysicalSizeXUnit": "nm", "PhysicalSizeYUnit": "nm", "PhysicalSizeZUnit": "µm"}
    tifffile.imwrite(file, volume, ome=True, metadata={"axes": "ZYX"} | sizes | units)
    assert open_source((str(file),)).about.spacing == Spacing((40.0, 5.0, 4.0), "nanometers")
    metadata = {"axes": "ZYX", "spacing": 2.0, "unit": "um"}
    tifffile.imwrite(file, volume, imagej=True, resolution=(4, 2), metadata=metadata)
    assert open_source((str(file),)).about.spacing == Spacing((2.0, 0.5, 0.25), "micrometers")
    tifffile.imwrite(file, volume, resolution=(300, 300))
    assert open_source((str(file),)).about.spacing is None


@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("settings", TIFFS.values(), ids=TIFFS)
def test_cut_off_pages(settings: dict[str, object], part: float, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (5, 70, 90), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", noise, **settings)
    content = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(content[: int(len(content) * part)])
    with pytest.raises(UnusableFile, match=r"a\.tif: "):
        open_source((str(tmp_path / "a.tif"),))


def test_files_that_follow_each_other(tmp_path: Path) -> None:
    volume = distinct("uint16", (3, 5, 7, 11))
    for number, sample in enumerate(volume):
        tifffile.imwrite(tmp_path / f"{number}.tif", sample)
    pattern = (str(tmp_path / "*.tif"),)
    with pytest.raises(UnusableFile, match="--join"):
        open_source(pattern)
    assert_holds(open_source(pattern, Hints(join="t")), volume)
    assert_holds(open_source(pattern, Hints(join="z")), volume.reshape(15, 7, 11))
    tifffile.imwrite(tmp_path / "3.tif", volume[0, :, :6])
    with pytest.raises(UnusableFile, match=r"3\.tif: is 1 × 5 × 6 × 11 uint16, and .*0\.tif is 1 × 5 × 7 × 11 uint16"):
        open_source(pattern, Hints(join="t"))


@pytest.mark.parametrize("settings", [{}, {"chunks": (2, 3, 4), "compression": "gzip"}])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64", "int32", "int64"])
def test_hdf5(dtype: str, settings: dict[str, object], tmp_path: Path) -> None:
    volume = distinct(dtype)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("group/stack", data=volume, **settings)
        file["transforms"] = np.zeros((4, 2), np.int64)
    source = open_source((str(tmp_path / "a.h5"),))
    assert source.about.name.endswith("a.h5:group/stack")
    assert_holds(source, volume)


def test_hdf5_of_other_axes_and_sizes(tmp_path: Path) -> None:
    volume = distinct("uint16", (3, 5, 7, 11))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["a"] = volume.transpose(3, 2, 1, 0)
        file["a"].attrs["element_size_um"] = [0.25, 0.5, 2.0]
        file["b"] = volume
        file["b"].attrs["resolution"] = [40.0, 4.0, 5.0]
    name = (str(tmp_path / "a.h5"),)
    with pytest.raises(UnusableFile, match="say which by --dataset: a, b"):
        open_source(name)
    with pytest.raises(UnusableFile, match="has no dataset c; it has a, b"):
        open_source(name, Hints(dataset="c"))
    first, second = (open_source(name, Hints(dataset=n, axes=axes)) for n, axes in {"a": "xyzt", "b": None}.items())
    assert first.about.spacing == Spacing((2.0, 0.5, 0.25), "micrometers")
    assert second.about.spacing == Spacing((40.0, 4.0, 5.0), "nanometers")
    assert_holds(first, volume)
    assert_holds(second, volume)
    for axes in ("zyx", "tzyy", "tzyq", "tzcx"):
        with pytest.raises(UnusableFile, match="axes"):
            open_source(name, Hints(dataset="a", axes=axes))


def test_a_damaged_hdf5_file_is_named(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["stack"] = distinct()
    content = (tmp_path / "a.h5").read_bytes()
    (tmp_path / "a.h5").write_bytes(content[: len(content) // 2])
    with pytest.raises(UnusableFile, match=r"a\.h5: .*truncated"):
        open_source((str(tmp_path / "a.h5"),))


def test_hdf5_without_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["stack"] = distinct()
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingLibrary, match=r"^[^\n]*a\.h5: HDF5 needs h5py: pip install 'bosslet\[hdf5\]'$"):
        open_source((str(tmp_path / "a.h5"),))


@pytest.mark.parametrize("dtype", ["uint8", ">u4", "uint64"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy(order: str, dtype: str, tmp_path: Path) -> None:
    volume = distinct(dtype)
    np.save(tmp_path / "a.npy", np.asarray(volume, order=order))
    assert_holds(open_source((str(tmp_path / "a.npy"),)), volume)
    content = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(content[:-1])
    with pytest.raises(UnusableFile, match=r"a\.npy: \d+ bytes, and 5 × 7 × 11 .* take"):
        open_source((str(tmp_path / "a.npy"),))


def test_a_pickle_is_not_opened(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[{}]]), allow_pickle=True)
    with pytest.raises(UnusableFile, match="Python objects"):
        open_source((str(tmp_path / "a.npy"),))


def test_raw_voxels(tmp_path: Path) -> None:
    volume = distinct(">u2")
    (tmp_path / "a.raw").write_bytes(b"header" + volume.tobytes())
    name, dtype = (str(tmp_path / "a.raw"),), np.dtype(">u2")
    assert_holds(open_source(name, Hints(shape=(5, 7, 11), dtype=dtype, skip=6)), volume)
    with pytest.raises(UnusableFile, match="say --shape"):
        open_source(name)
    for shape, skip, message in [((5, 7, 12), 6, "take"), ((5, 7, 11), 4, "--skip say")]:
        with pytest.raises(UnusableFile, match=message):
            open_source(name, Hints(shape=shape, dtype=dtype, skip=skip))


def test_volumes_without_voxels_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((5, 0, 7), np.uint8))
    with pytest.raises(UnusableFile, match="no voxels"):
        open_source((str(tmp_path / "a.npy"),))
    np.save(tmp_path / "a.npy", np.zeros(5, np.uint8))
    with pytest.raises(UnusableFile, match="1 axes"):
        open_source((str(tmp_path / "a.npy"),))
