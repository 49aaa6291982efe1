"""Every format that ingest reads, written by the libraries of others, with voxels of 4 × 5 × 40 nm where it says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tensorstore as ts
import tifffile
import zarr
from numpy.typing import NDArray
from PIL import Image

from tests.sources import test_blockfs
from tests.sources.test_chunked import multiscales

Voxels = NDArray[Any]
Write = Callable[[Path, Voxels], str]
"""Puts a volume (z, y, x), or (t, z, y, x) where the format has it, into an empty folder; what to call it then."""

NARROW = ("uint8", "uint16")
WIDE = (*NARROW, "uint32", "uint64")


@dataclass(frozen=True, slots=True)
class Format:
    """What a format can hold."""

    write: Write
    dtypes: tuple[str, ...] = WIDE
    series: bool = False
    sized: bool = False
    """Whether it says how large a voxel is."""


def by_pillow(ending: str, **settings: Any) -> Write:
    def save(file: Path, plane: Voxels) -> None:
        Image.fromarray(plane).save(file, **settings)

    return lambda folder, volume: _planes(folder, volume, ending, save)


def tiff_stack(folder: Path, volume: Voxels) -> str:
    return _planes(folder, volume, "tif", lambda file, plane: tifffile.imwrite(file, plane))


def _planes(folder: Path, volume: Voxels, ending: str, save: Callable[[Path, Voxels], None]) -> str:
    for *time, z in np.ndindex(volume.shape[:-2]):
        save(folder / (f"t{time[0]}_z{z:03d}.{ending}" if time else f"z{z:03d}.{ending}"), volume[(*time, z)])
    return str(folder / f"t%d_z%03d.{ending}") if volume.ndim == 4 else str(folder / f"*.{ending}")


def tiff(**settings: Any) -> Write:
    def write(folder: Path, volume: Voxels) -> str:
        tifffile.imwrite(folder / "a.tif", volume, photometric="minisblack", **settings)
        return str(folder / "a.tif")

    return write


def ome_tiff(folder: Path, volume: Voxels) -> str:
    sizes = {f"PhysicalSize{axis}": size for axis, size in zip("XYZ", (4, 5, 40), strict=True)}
    units = {f"PhysicalSize{axis}Unit": "nm" for axis in "XYZ"}
    axes = {"axes": "TZYX"[-volume.ndim :]}
    tifffile.imwrite(folder / "a.ome.tif", volume, photometric="minisblack", metadata=axes | sizes | units)
    return str(folder / "a.ome.tif")


def imagej(folder: Path, volume: Voxels) -> str:
    said = {"axes": "TZYX"[-volume.ndim :], "spacing": 0.04, "unit": "um"}
    tifffile.imwrite(folder / "a.tif", volume, imagej=True, resolution=(250, 200), metadata=said)
    return str(folder / "a.tif")


def hdf5(folder: Path, volume: Voxels) -> str:
    with h5py.File(folder / "a.h5", "w") as file:
        made = file.create_dataset("inside/stack", data=volume, chunks=True, compression="gzip")
        made.attrs["element_size_um"] = [0.04, 0.005, 0.004] if volume.ndim == 3 else [1, 0.04, 0.005, 0.004]
    return str(folder / "a.h5")


def npy(folder: Path, volume: Voxels) -> str:
    np.save(folder / "a.npy", volume)
    return str(folder / "a.npy")


def raw(folder: Path, volume: Voxels) -> str:
    (folder / "a.raw").write_bytes(volume.tobytes())
    return str(folder / "a.raw")


def zarr_array(version: int) -> Write:
    def write(folder: Path, volume: Voxels) -> str:
        chunks = (1, 7, 6, 5)[-volume.ndim :]
        zarr.create_array(folder / "a.zarr", data=volume, chunks=chunks, zarr_format=version)  # type: ignore[arg-type]
        return str(folder / "a.zarr")

    return write


def ome_zarr(version: int) -> Write:
    def write(folder: Path, volume: Voxels) -> str:
        sizes: list[float] = [1.0, 40.0, 5.0, 4.0]
        said = multiscales("tzyx"[-volume.ndim :], "nanometer", sizes[-volume.ndim :])
        attributes = said if version == 2 else {"ome": said}
        group = zarr.create_group(folder / "a", zarr_format=version, attributes=attributes)  # type: ignore[arg-type]
        group.create_array("0", data=volume, chunks=(1, 7, 6, 5)[-volume.ndim :])
        return str(folder / "a")

    return write


def n5(folder: Path, volume: Voxels) -> str:
    _by_tensorstore(folder / "a.n5/s0", {"driver": "n5", "metadata": {"blockSize": [5, 6, 7]}}, volume.transpose())
    document = folder / "a.n5/s0/attributes.json"
    said = json.loads(document.read_text()) | {"pixelResolution": {"dimensions": [4, 5, 40], "unit": "nm"}}
    document.write_text(json.dumps(said))
    (folder / "a.n5/attributes.json").write_text('{"n5": "2.0.0"}')
    return str(folder / "a.n5")


def precomputed(folder: Path, volume: Voxels) -> str:
    scale = {"resolution": [4, 5, 40], "encoding": "raw", "chunk_size": [5, 6, 7], "size": list(volume.shape[::-1])}
    said = {"type": "image", "data_type": volume.dtype.name, "num_channels": 1}
    spec = {"driver": "neuroglancer_precomputed", "multiscale_metadata": said, "scale_metadata": scale}
    _by_tensorstore(folder / "a", spec, volume.transpose()[..., np.newaxis])
    return str(folder / "a")


def _by_tensorstore(folder: Path, spec: dict[str, Any], voxels: Voxels) -> None:
    schema = {} if "scale_metadata" in spec else {"dtype": voxels.dtype.name, "shape": voxels.shape}
    ts.open(spec | {"kvstore": f"file://{folder}/"}, create=True, **schema).result()[...] = voxels


def blockfs(folder: Path, volume: Voxels) -> str:
    return str(test_blockfs.write(folder / "a", volume, bits=(20, 12)))


SOURCES = {
    "TIFF stack": Format(tiff_stack, series=True),
    "TIFF": Format(tiff()),
    "BigTIFF": Format(tiff(bigtiff=True)),
    "compressed TIFF": Format(tiff(compression="zlib")),
    "OME-TIFF": Format(ome_tiff, WIDE[:3], series=True, sized=True),
    "ImageJ": Format(imagej, NARROW, series=True, sized=True),
    "PNG": Format(by_pillow("png"), NARROW, series=True),
    "JPEG": Format(by_pillow("jpg", quality=95), ("uint8",), series=True),
    "JPEG 2000": Format(by_pillow("jp2", irreversible=False), NARROW, series=True),
    "HDF5": Format(hdf5, series=True, sized=True),
    "npy": Format(npy, series=True),
    "raw": Format(raw, series=True),
    "Zarr 2": Format(zarr_array(2), series=True),
    "Zarr 3": Format(zarr_array(3), series=True),
    "OME-Zarr 0.4": Format(ome_zarr(2), series=True, sized=True),
    "OME-Zarr 0.5": Format(ome_zarr(3), series=True, sized=True),
    "N5": Format(n5, sized=True),
    "precomputed": Format(precomputed, sized=True),
    "BlockFS": Format(blockfs),
}
