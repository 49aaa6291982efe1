"""OME-Zarr 0.5 and Neuroglancer precomputed, in a folder; written by TensorStore, whole chunks by whoever has them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import tensorstore as ts

from bosslet.geometry import Box, Grid, Point
from bosslet.targets.target import Subject, Voxels, partial, prepare, put_in_place, refused, take_away

Json = dict[str, Any]

SHARD, CHUNK = 256, 64
"""Voxels a side: of the files of OME-Zarr, and of what is compressed alone there and in precomputed."""


@dataclass(frozen=True, slots=True)
class Chunked:
    """One array in a folder."""

    subject: Subject
    path: Path
    kind: Literal["zarr", "precomputed"]
    parallel: bool = True

    @property
    def grain(self) -> Point:
        """What goes into one file."""
        side = SHARD if self.kind == "zarr" else CHUNK
        return side, side, side

    def begin(self) -> None:
        """The metadata."""
        try:
            made = prepare(self.path)
            if self.kind == "zarr":
                # Read only now: it takes a third of a second, and most exports are of other formats.
                import_module("zarr").create_group(made, attributes={"ome": _ome(self.subject)})
            ts.open(json.loads(self._spec), create=True).result()
        except (OSError, ValueError) as error:
            raise refused(self.path, error) from error

    def write(self, time: int, box: Box, voxels: Voxels) -> None:
        """Whole chunks; when one fails, none of the others is still on its way to the disk."""
        parts = [part.box for part in Grid(self.grain).parts(box)]
        try:
            array = _opened(self._spec)
            pending = [self._begin(array, time, part, voxels[part.relative_to(box.start).slices]) for part in parts]
            failed = [error for future in pending if (error := future.exception()) is not None]
            if failed:
                raise failed[0]
        except (OSError, ValueError) as error:
            raise refused(self.path, error) from error

    def _begin(self, array: ts.TensorStore, time: int, box: Box, voxels: Voxels) -> ts.Future[None]:
        if self.kind == "zarr":
            return array[(time, *box.slices)].write(voxels).commit
        z, y, x = (slice(s.start + by, s.stop + by) for s, by in zip(box.slices, self.subject.origin, strict=True))
        return array[x, y, z, 0].write(voxels.T).commit

    def finish(self) -> None:
        """Rename the folder."""
        put_in_place(self.path)

    def discard(self) -> None:
        """Remove the folder."""
        take_away(partial(self.path))

    @property
    def _spec(self) -> str:
        """By which TensorStore makes and opens it."""
        # Not a URL, in which some characters of a name would have a meaning.
        folder = f"{partial(self.path).absolute()}/"
        if self.kind == "zarr":
            return json.dumps(_zarr(self.subject) | {"kvstore": {"driver": "file", "path": f"{folder}0/"}})
        return json.dumps(_precomputed(self.subject) | {"kvstore": {"driver": "file", "path": folder}})


@lru_cache(maxsize=2)
def _opened(spec: str) -> ts.TensorStore:
    kept: Json = {"driver": json.loads(spec)["driver"], "kvstore": json.loads(spec)["kvstore"]}
    # Whole blocks are synced once at the end by whoever wants them safe; an export can be made again.
    context = ts.Context({"file_io_sync": False, "cache_pool": {"total_bytes_limit": 0}})
    return ts.open(kept, context=context, open=True).result()


def _zarr(subject: Subject) -> Json:
    dtype = subject.dtype.name
    little: Json = {"name": "bytes", "configuration": {"endian": "little"}}
    blosc = {"cname": "zstd", "clevel": 3, "shuffle": "shuffle", "typesize": subject.dtype.itemsize, "blocksize": 0}
    sharding = {
        "chunk_shape": [1, CHUNK, CHUNK, CHUNK],
        "codecs": [little, {"name": "blosc", "configuration": blosc}],
        "index_codecs": [little, {"name": "crc32c"}],
    }
    grid = {"name": "regular", "configuration": {"chunk_shape": [1, SHARD, SHARD, SHARD]}}
    metadata = {
        "shape": list(subject.shape),
        "data_type": dtype,
        "fill_value": 0,
        "chunk_grid": grid,
        "chunk_key_encoding": {"name": "default"},
        "dimension_names": ["t", "z", "y", "x"],
        "codecs": [{"name": "sharding_indexed", "configuration": sharding}],
    }
    return {"driver": "zarr3", "metadata": metadata}


def _ome(subject: Subject) -> Json:
    spacing = subject.spacing
    size = spacing.size if spacing is not None else (1.0, 1.0, 1.0)
    unit = {"unit": spacing.unit.removesuffix("s")} if spacing is not None else {}
    steps: list[Json] = [{"type": "scale", "scale": [1.0, *size]}]
    if any(subject.origin):
        shift = [first * side for first, side in zip(subject.origin, size, strict=True)]
        steps.append({"type": "translation", "translation": [0.0, *shift]})
    axes: list[Json] = [{"name": "t", "type": "time"}, *({"name": name, "type": "space"} | unit for name in "zyx")]
    datasets = [{"path": "0", "coordinateTransformations": steps}]
    labels: Json = {"image-label": {"version": "0.5"}} if subject.labels else {}
    return {"version": "0.5", "multiscales": [{"name": subject.name, "axes": axes, "datasets": datasets}]} | labels


def _precomputed(subject: Subject) -> Json:
    _, z, y, x = subject.shape
    labels = subject.labels and subject.dtype.name in ("uint32", "uint64")
    encoding: Json = {"encoding": "raw"}
    if labels:
        encoding = {"encoding": "compressed_segmentation", "compressed_segmentation_block_size": [8, 8, 8]}
    resolution = reversed(subject.spacing.to("nanometers") if subject.spacing is not None else (1.0, 1.0, 1.0))
    return {
        "driver": "neuroglancer_precomputed",
        "multiscale_metadata": {
            "type": "segmentation" if subject.labels else "image",
            "data_type": subject.dtype.name,
            "num_channels": 1,
        },
        "scale_metadata": {
            "size": [x, y, z],
            "voxel_offset": list(reversed(subject.origin)),
            "resolution": list(resolution),
            "chunk_size": [CHUNK, CHUNK, CHUNK],
        }
        | encoding,
    }
