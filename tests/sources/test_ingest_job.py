"""Jobs of bossDB's ingest-client, one for each plugin that is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

from bosslet.errors import UnusableFile
from bosslet.sources.ingest_job import read_job
from bosslet.sources.opening import open_source
from tests.sources.conftest import Volume, assert_holds, distinct
from tests.sources.test_chunked import precomputed

STACK = "stack.ZindexStack"
EXTENT = {"x": [0, 11], "y": [0, 7], "z": [20, 25], "t": [0, 1]}


def job(folder: Path, plugin: str, parameters: dict[str, Any], **extent: list[int]) -> tuple[str]:
    path, _, kind = plugin.partition(".")
    chunks = kind in ("Zarr", "CloudVolume")
    reader = "chunk_processor" if chunks else "tile_processor"
    content = {
        "schema": {"name": "boss-v0.2-schema", "validator": "BossValidatorV02"},
        "client": {
            "backend": {"name": "boss", "class": "BossBackend", "host": "api.theboss.io", "protocol": "https"},
            "path_processor": {"class": f"ingestclient.plugins.{path}.{kind}PathProcessor", "params": parameters},
            reader: {
                "class": f"ingestclient.plugins.{path}.{kind}{'Chunk' if chunks else 'Tile'}Processor",
                "params": parameters,
            },
        },
        "database": {"collection": "col", "experiment": "exp", "channel": "ch"},
        "ingest_job": {
            "ingest_type": "volumetric" if chunks else "tile",
            "resolution": 0,
            "extent": EXTENT | extent,
            "tile_size": {"x": 11, "y": 7, "z": 1, "t": 1},
        },
    }
    (folder / "job.json").write_text(json.dumps(content))
    return (str(folder / "job.json"),)


def stack(folder: Path, volume: Volume) -> dict[str, Any]:
    for number, plane in enumerate(volume):
        Image.fromarray(plane).save(folder / f"{3020 + number}_section{20 + number:03d}.png")
    return {
        "root_dir": str(folder),
        "extension": "png",
        "base_filename": "<o:3000>_section<p:3>",
        "filesystem": "local",
    }


def test_a_stack(tmp_path: Path) -> None:
    volume = distinct()
    parameters = stack(tmp_path, volume)
    source = open_source(job(tmp_path, STACK, parameters))
    assert source.about.origin == (20, 0, 0)
    assert len(source.files) == 5
    assert_holds(source, volume)
    assert read_job(tmp_path / "job.json").names == ("col", "exp", "ch")
    (tmp_path / "3022_section022.png").unlink()
    with pytest.raises(UnusableFile, match="3022_section022"):
        open_source(job(tmp_path, STACK, parameters))
    volume[2] = 0
    assert_holds(open_source(job(tmp_path, STACK, parameters | {"fail_gracefully": True})), volume)


def test_an_extent_that_is_not_that_of_the_files(tmp_path: Path) -> None:
    volume = distinct()
    parameters = stack(tmp_path, volume)
    source = open_source(job(tmp_path, STACK, parameters, z=[21, 24], x=[2, 16], y=[3, 7]))
    assert source.about.origin == (21, 3, 2)
    assert_holds(source, np.pad(volume[1:4, 3:, 2:], [(0, 0), (0, 0), (0, 5)]))


def test_pages_that_are_times(tmp_path: Path) -> None:
    volume = distinct("uint16", (3, 5, 7, 11))
    names = {f"z_{z}": str(tmp_path / f"{z}.tif") for z in range(20, 25)}
    for z, name in enumerate(names.values()):
        tifffile.imwrite(name, volume[:, z], photometric="minisblack")
    source = open_source(job(tmp_path, "multipage_tiff.SingleTimeTiff", names | {"datatype": "uint16"}, t=[0, 3]))
    assert_holds(source, volume)


def test_hyperstacks(tmp_path: Path) -> None:
    volume = distinct("uint16", (4, 5, 2, 7, 11))
    for number in range(2):
        with tifffile.TiffWriter(tmp_path / f"base_{200 + number:04d}.tif") as writer:
            for plane in volume[2 * number : 2 * number + 2].reshape(-1, 7, 11):
                writer.write(plane, metadata=None)
    parameters = {"root_dir": str(tmp_path), "extension": "tif", "base_filename": "base_<o:200p:4>"}
    pages = {"time_chunk_size": 2, "num_z_slices": 5, "num_channels": 2, "channel_index": 1}
    plugin = "multipage_tiff.TiffMultiFileHyperStack"
    source = open_source(job(tmp_path, plugin, parameters | pages, t=[0, 4], z=[0, 5]))
    assert_holds(source, volume[:, :, 1])
    with pytest.raises(UnusableFile, match=r"base_0200\.tif: has 20 pages, and not 2 × 4 × 2"):
        open_source(job(tmp_path, plugin, parameters | pages | {"num_z_slices": 4}, t=[0, 4], z=[0, 4]))


def test_hdf5(tmp_path: Path) -> None:
    volume = distinct("uint16", (3, 5, 7, 11))
    for z in range(5):
        with h5py.File(tmp_path / f"s{20 + z}.h5", "w") as file:
            file["a"] = np.stack([volume[:, z], volume[:, z] + 1], -1).swapaxes(1, 2)
            file["labels"] = volume[0, z].T
    parameters = {"root_dir": str(tmp_path), "extension": "h5", "base_filename": "s<>", "dataset": "a"}
    series = parameters | {"channel_index": 0, "scale_factor": 1.0}
    assert_holds(open_source(job(tmp_path, "hdf5.Hdf5TimeSeries", series, t=[0, 3])), volume)
    with pytest.raises(UnusableFile, match="scale_factor"):
        open_source(job(tmp_path, "hdf5.Hdf5TimeSeries", series | {"scale_factor": 2}))
    with h5py.File(tmp_path / "one.h5", "w") as file:
        file["img"] = volume[0]
    one = {"filename": "one.h5", "data_name": "img", "offset_z": -20, "offset_y": 0, "offset_x": 0}
    assert_holds(open_source(job(tmp_path, "hdf5.Hdf5SingleFile", one)), volume[0])


def test_labels_of_hdf5(tmp_path: Path) -> None:
    volume = distinct("uint32")
    for z in range(5):
        with h5py.File(tmp_path / f"s{20 + z}.h5", "w") as file:
            file["labels"] = volume[z].T
    parameters = {"root_dir": str(tmp_path), "extension": "h5", "base_filename": "s<>", "dataset": "labels"}
    content = json.loads(Path(*job(tmp_path, "hdf5.Hdf5TimeSeries", parameters)).read_text())
    content["client"]["tile_processor"]["class"] = "ingestclient.plugins.hdf5.Hdf5TimeSeriesLabelTileProcessor"
    (tmp_path / "job.json").write_text(json.dumps(content))
    assert_holds(open_source((str(tmp_path / "job.json"),)), volume)


def test_zarr_and_cloudvolume(tmp_path: Path) -> None:
    volume = distinct()
    zarr.create_group(tmp_path / "a.zarr", zarr_format=2).create_array("raw", data=volume)
    there = {"cloud_path": f"file://{tmp_path}/a.zarr", "volume_name": "raw"}
    assert_holds(open_source(job(tmp_path, "zarr.Zarr", there, z=[0, 5])), volume)
    precomputed(tmp_path / "image", volume)
    there = {"cloudpath": f"file://{tmp_path}/image", "mip": 0}
    source = open_source(job(tmp_path, "cloudvolume.CloudVolume", there, z=[10, 15], y=[20, 27], x=[30, 41]))
    assert source.about.origin == (10, 20, 30)
    assert_holds(source, volume)


def test_what_is_no_job(tmp_path: Path) -> None:
    parameters = stack(tmp_path, distinct())
    for plugin, message in [("my.Own", r"plugin ingestclient\.plugins\.my\.OwnTileProcessor is none of Zindex")]:
        with pytest.raises(UnusableFile, match=message):
            open_source(job(tmp_path, plugin, parameters))
    for content in ("", "[]", "{}", '{"schema": {"name": "x"}}'):
        (tmp_path / "job.json").write_text(content)
        with pytest.raises(UnusableFile, match=r"job\.json: "):
            open_source((str(tmp_path / "job.json"),))
    del parameters["root_dir"]
    with pytest.raises(UnusableFile, match="'root_dir' is missing"):
        open_source(job(tmp_path, STACK, parameters))


@pytest.mark.parametrize("extent", [{"x": [11, 0]}, {"z": [20, 20]}, {"y": [-1, 7]}, {"t": [0, 0]}])
def test_an_extent_that_is_none(extent: dict[str, list[int]], tmp_path: Path) -> None:
    parameters = stack(tmp_path, distinct())
    with pytest.raises(UnusableFile, match=rf"job\.json: .*extent\.{next(iter(extent))}"):
        open_source(job(tmp_path, STACK, parameters, **extent))


@pytest.mark.parametrize(
    ("name", "value"), [("time_chunk_size", "two"), ("time_chunk_size", 0), ("num_channels", None)]
)
def test_a_parameter_that_is_no_number(name: str, value: object, tmp_path: Path) -> None:
    parameters = {"time_chunk_size": 1, "num_z_slices": 1, "num_channels": 1, "channel_index": 0} | {name: value}
    with pytest.raises(UnusableFile, match=r"job\.json: a parameter of TiffMultiFileHyperStackTileProcessor"):
        open_source(job(tmp_path, "multipage_tiff.TiffMultiFileHyperStack", parameters))
