"""Zarr, OME-Zarr, N5 and precomputed: axes, voxel sizes, places, and what is wrong with them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import tensorstore as ts
import zarr

from bosslet.errors import UnusableFile
from bosslet.sources.chunked import address
from bosslet.sources.opening import open_source
from bosslet.sources.source import Hints
from bosslet.spacing import Spacing
from tests.sources.conftest import Volume, assert_holds, distinct


def write(folder: Path, spec: dict[str, Any], volume: Volume) -> None:
    spec = spec | {"kvstore": f"file://{folder}/"}
    schema = {} if "scale_metadata" in spec else {"dtype": volume.dtype.name, "shape": volume.shape}
    ts.open(spec, create=True, **schema).result()[...] = volume


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64", "int32"])
@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("samples", [(), (3,)])
def test_zarr(version: int, dtype: str, samples: tuple[int, ...], tmp_path: Path) -> None:
    volume = distinct(dtype, (*samples, 5, 7, 11))
    chunks = (*(1 for _ in samples), 2, 3, 4)
    zarr.create_array(tmp_path / "a.zarr", data=volume, chunks=chunks, zarr_format=version)
    source = open_source((str(tmp_path / "a.zarr"),))
    assert source.about.grain == (2, 3, 4)
    assert source.files
    assert_holds(source, volume)


@pytest.mark.parametrize(("version", "key"), [(2, ".zattrs"), (3, "zarr.json")])
def test_names_of_axes(version: int, key: str, tmp_path: Path) -> None:
    volume = distinct()
    names = (
        {"dimension_names": ["x", "z", "y"]} if version == 3 else {"attributes": {"_ARRAY_DIMENSIONS": ["x", "z", "y"]}}
    )
    array: Any = zarr.create_array(tmp_path / "a", data=volume.transpose(2, 0, 1), zarr_format=version, **names)
    assert array.ndim == 3
    assert (tmp_path / "a" / key).exists()
    assert_holds(open_source((str(tmp_path / "a"),)), volume)


def multiscales(names: str, unit: str, *scales: list[float], shift: list[float] | None = None) -> dict[str, Any]:
    datasets = []
    for level, scale in enumerate(scales):
        steps: list[dict[str, Any]] = [{"type": "scale", "scale": scale}]
        if shift is not None:
            steps.append({"type": "translation", "translation": shift})
        datasets.append({"path": str(level), "coordinateTransformations": steps})
    axes = [{"name": n, "type": "space", "unit": unit} if n in "zyx" else {"name": n, "type": "time"} for n in names]
    return {"multiscales": [{"version": "0.4", "axes": axes, "datasets": datasets}]}


@pytest.mark.parametrize("version", [2, 3])
def test_ome_zarr(version: int, tmp_path: Path) -> None:
    volume = distinct("uint16", (3, 2, 5, 7, 11))
    said = multiscales("tczyx", "micrometer", [1, 1, 2, 0.5, 0.25], [1, 1, 2, 1, 0.5], shift=[0, 0, 6, 2, 1.25])
    attributes = said if version == 2 else {"ome": said}
    group = zarr.create_group(tmp_path / "a", zarr_format=version, attributes=attributes)
    group.create_array("0", data=volume, chunks=(1, 1, 2, 3, 4))
    group.create_array("1", data=volume[..., ::2, ::2])
    name = (str(tmp_path / "a"),)
    with pytest.raises(UnusableFile, match="has 2 colours"):
        open_source(name)
    source = open_source(name, Hints(color=1))
    assert_holds(source, volume[:, 1])
    assert source.about.spacing == Spacing((2.0, 0.5, 0.25), "micrometers")
    assert source.about.origin == (3, 4, 5)
    assert_holds(open_source(name, Hints(color=0, dataset="1")), volume[:, 0, :, ::2, ::2])
    with pytest.raises(UnusableFile, match="has no resolution 2"):
        open_source(name, Hints(color=0, dataset="2"))


def test_a_group_of_arrays(tmp_path: Path) -> None:
    volume = distinct()
    zarr.create_group(tmp_path / "a").create_array("volumes/raw", data=volume)
    assert_holds(open_source((str(tmp_path / "a"),), Hints(dataset="volumes/raw")), volume)
    with pytest.raises(UnusableFile, match="say which array by --dataset"):
        open_source((str(tmp_path / "a"),))
    with pytest.raises(UnusableFile, match="nothing that bosslet can read"):
        open_source((str(tmp_path / "a"),), Hints(dataset="other"))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint64"])
def test_n5(dtype: str, tmp_path: Path) -> None:
    volume = distinct(dtype)
    write(tmp_path / "a.n5/s0", {"driver": "n5", "metadata": {"blockSize": [4, 3, 2]}}, volume.transpose())
    document = tmp_path / "a.n5/s0/attributes.json"
    said = json.loads(document.read_text()) | {"pixelResolution": {"dimensions": [4, 5, 40], "unit": "nm"}}
    document.write_text(json.dumps(said))
    (tmp_path / "a.n5/attributes.json").write_text('{"n5": "2.0.0"}')
    for source in (open_source((str(tmp_path / "a.n5"),)), open_source((str(tmp_path / "a.n5/s0"),))):
        assert source.about.spacing == Spacing((40.0, 5.0, 4.0), "nanometers")
        assert source.about.grain == (2, 3, 4)
        assert_holds(source, volume)


def precomputed(folder: Path, volume: Volume, **metadata: Any) -> None:
    scale = {"resolution": [4, 5, 40], "voxel_offset": [30, 20, 10], "encoding": "raw", "chunk_size": [4, 3, 2]}
    scale |= {"size": list(reversed(volume.shape))}
    spec = {
        "driver": "neuroglancer_precomputed",
        "multiscale_metadata": {"type": "image", "data_type": volume.dtype.name, "num_channels": 1} | metadata,
        "scale_metadata": scale,
    }
    write(folder, spec, volume.transpose()[..., np.newaxis])


def test_precomputed(tmp_path: Path) -> None:
    volume = distinct()
    precomputed(tmp_path / "image", volume)
    source = open_source((str(tmp_path / "image"),))
    assert (source.about.labels, source.about.origin) == (False, (10, 20, 30))
    assert source.about.spacing == Spacing((40.0, 5.0, 4.0), "nanometers")
    assert_holds(source, volume)
    assert_holds(open_source((str(tmp_path / "image"),), Hints(dataset="4_5_40")), volume)
    with pytest.raises(UnusableFile, match="has no scale 8_8_8; it has 4_5_40"):
        open_source((str(tmp_path / "image"),), Hints(dataset="8_8_8"))
    precomputed(tmp_path / "labels", distinct("uint64"), type="segmentation")
    assert open_source((str(tmp_path / "labels"),)).about.labels is True


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_over_http(tmp_path: Path) -> None:
    volume = distinct()
    precomputed(tmp_path / "image", volume)
    zarr.create_array(tmp_path / "a.zarr", data=volume, chunks=(2, 3, 4), zarr_format=2)
    with served(tmp_path) as url:
        for name in (f"precomputed://{url}/image", f"{url}/image/", f"zarr://{url}/a.zarr"):
            source = open_source((name,))
            assert_holds(source, volume)
            assert source.files == ()
        with pytest.raises(UnusableFile, match="nothing that bosslet can read"):
            open_source((f"{url}/nothing",))


def test_a_damaged_chunk_is_an_error(tmp_path: Path) -> None:
    volume = distinct()
    zarr.create_array(tmp_path / "a", data=volume, chunks=(5, 7, 11))
    chunk = next(path for path in (tmp_path / "a/c").rglob("*") if path.is_file())
    chunk.write_bytes(chunk.read_bytes()[:-9])
    source = open_source((str(tmp_path / "a"),))
    with pytest.raises(UnusableFile, match=str(tmp_path / "a")) as failure:
        assert_holds(source, volume)
    assert len(str(failure.value).splitlines()) == 1


@pytest.mark.parametrize("name", ["zarr.json", ".zarray", "info", "attributes.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"scales": []}', b'{"node_type": "array"}', b"\xff"])
def test_damaged_documents_are_one_line(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / name).write_bytes(content)
    with pytest.raises(UnusableFile) as failure:
        open_source((str(tmp_path / "a"),))
    assert len(str(failure.value).splitlines()) == 1


def test_what_is_an_address() -> None:
    assert address("precomputed://gs://bucket/a/b/") == "gs://bucket/a/b/"
    assert address("https://host/a") == "https://host/a/"
    assert address("slices/*.png") is None


@pytest.mark.parametrize("attributes", [5, {"ome": 5}, {"ome": {"multiscales": 5}}, {"ome": {"multiscales": []}}])
def test_metadata_of_another_shape(attributes: object, tmp_path: Path) -> None:
    document = {"zarr_format": 3, "node_type": "group", "attributes": attributes}
    (tmp_path / "zarr.json").write_text(json.dumps(document))
    with pytest.raises(UnusableFile, match=re.escape(str(tmp_path))):
        open_source((str(tmp_path),))
