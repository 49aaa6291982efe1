"""A job of bossDB's ingest-client as a source: the JSON that says by which plugins tiles or chunks are found.

Schemas v0.1 and v0.2 (``ingestclient/schema`` of jhuapl-boss/ingest-client). The plugins are not run: what the usual
ones would read is read by our own readers. A job says where its voxels lie; its extent is kept even where the files are
smaller, and what they lack is black, as there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from bosslet.errors import UnusableFile
from bosslet.geometry import Box, Point
from bosslet.remote import Remote
from bosslet.sources import hdf5, source, tiff
from bosslet.sources.boss import configured, opened
from bosslet.sources.chunked import chunked
from bosslet.sources.source import Hints, Source
from bosslet.sources.stack import joined, stack
from bosslet.sources.window import Window, window


def _forward(ends: list[int]) -> list[int]:
    if not 0 <= ends[0] < ends[1]:
        raise ValueError("should be a first one, not before 0, and an end after it")
    return ends


_Range = Annotated[list[int], Field(min_length=2, max_length=2), AfterValidator(_forward)]
Parameters = dict[str, Any]


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Plugin(_Lenient):
    name: Annotated[str, Field(alias="class")]
    params: Parameters = {}


class _Client(_Lenient):
    path_processor: _Plugin
    tile_processor: _Plugin | None = None
    chunk_processor: _Plugin | None = None


class _Database(_Lenient):
    collection: str
    experiment: str
    channel: str


class _Extent(_Lenient):
    x: _Range
    y: _Range
    z: _Range
    t: _Range


class _Work(_Lenient):
    resolution: int = 0
    extent: _Extent


class _Schema(_Lenient):
    name: str


class _Job(_Lenient):
    schema_: Annotated[_Schema, Field(alias="schema")]
    client: _Client
    database: _Database
    ingest_job: _Work


@dataclass(frozen=True, slots=True)
class Job:
    """A job file, read and found to be one."""

    file: Path
    content: _Job

    @property
    def names(self) -> tuple[str, str, str]:
        """Of the channel that it is for."""
        found = self.content.database
        return found.collection, found.experiment, found.channel

    @property
    def box(self) -> Box:
        """Its extent."""
        extent = self.content.ingest_job.extent
        return Box((extent.z[0], extent.y[0], extent.x[0]), (extent.z[1], extent.y[1], extent.x[1]))

    @property
    def times(self) -> range:
        """Its time samples."""
        return range(*self.content.ingest_job.extent.t)

    def source(self) -> Window:
        """What it is to take in; raises UnusableFile for plugins that are not known."""
        client = self.content.client
        reader = client.chunk_processor or client.tile_processor or client.path_processor
        kind = reader.name.rpartition(".")[2]
        if kind not in _READERS:
            raise UnusableFile(f"{self.file}: plugin {reader.name} is none of {', '.join(_READERS)}")
        if self.content.ingest_job.resolution != 0:
            raise UnusableFile(f"{self.file}: is for resolution {self.content.ingest_job.resolution}, and not for 0")
        try:
            found, shift = _READERS[kind](self, client.path_processor.params | reader.params)
        except KeyError as error:
            raise UnusableFile(f"{self.file}: the parameter {error} is missing") from error
        except (ValueError, TypeError, ZeroDivisionError) as error:
            raise UnusableFile(f"{self.file}: a parameter of {kind} is not what it should be: {error}") from error
        return window(found, self.times, self.box, shift)


def is_job(name: str) -> bool:
    """Whether a file could be one."""
    return name.lower().endswith(".json") and Path(name).is_file()


def read_job(file: Path) -> Job:
    """The job in a file."""
    with source.about(file):
        content = json.loads(file.read_bytes())
    try:
        return Job(file, _Job.model_validate(content))
    except (ValidationError, ValueError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": str(error)}
        raise UnusableFile(f"{file}: no ingest job: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _planes(job: Job, parameters: Parameters) -> tuple[Source, Point]:
    files = [_file(job, parameters, z) for z in range(job.box.start[0], job.box.stop[0])]
    gaps = bool(parameters.get("fail_gracefully", False))
    planes = tuple(None if gaps and not file.is_file() else file for file in files)
    if all(file is None for file in planes):
        raise UnusableFile(f"{files[0]}: this and all other planes are missing")
    return stack((planes,), Hints()), _down(job)


def _times_of_each_plane(job: Job, parameters: Parameters) -> tuple[Source, Point]:
    files = [_local(job, parameters[f"z_{z}"]) for z in range(job.box.start[0], job.box.stop[0])]
    return joined([tiff.volume(file, Hints(axes="tyx")) for file in files], "z"), _down(job)


def _hyperstacks(job: Job, parameters: Parameters) -> tuple[Source, Point]:
    samples, slices, channels = (int(parameters[n]) for n in ("time_chunk_size", "num_z_slices", "num_channels"))
    pages, color = (samples, slices, channels), int(parameters["channel_index"])
    hints = Hints(shape=pages, axes="tzcyx", color=color)
    count = -(-job.times.stop // samples)
    return joined([tiff.volume(_file(job, parameters, number), hints) for number in range(count)], "t"), (0, 0, 0)


def _planes_of_hdf5(axes: str, dataset: str) -> Callable[[Job, Parameters], tuple[Source, Point]]:
    def read(job: Job, parameters: Parameters) -> tuple[Source, Point]:
        if float(parameters.get("scale_factor", 1)) != 1:
            raise UnusableFile(f"{job.file}: scale_factor would change voxels")
        color = int(parameters["channel_index"]) if "c" in axes else None
        hints = Hints(dataset=str(parameters[dataset]), axes=axes, color=color)
        files = [_file(job, parameters, z) for z in range(job.box.start[0], job.box.stop[0])]
        return joined([hdf5.dataset(file, hints) for file in files], "z"), _down(job)

    return read


def _one_hdf5(job: Job, parameters: Parameters) -> tuple[Source, Point]:
    found = hdf5.dataset(_local(job, parameters["filename"]), Hints(dataset=str(parameters["data_name"])))
    return found, (int(parameters["offset_z"]), int(parameters["offset_y"]), int(parameters["offset_x"]))


def _zarr(job: Job, parameters: Parameters) -> tuple[Source, Point]:
    return chunked(str(parameters["cloud_path"]), Hints(dataset=str(parameters["volume_name"]), axes="zyx")), (0, 0, 0)


def _precomputed(job: Job, parameters: Parameters) -> tuple[Source, Point]:
    path = str(parameters["cloudpath"]).removeprefix("precomputed://")
    found = chunked(path, Hints(dataset=str(parameters.get("mip", 0))))
    z, y, x = (-side for side in found.about.origin)
    return found, (z, y, x)


def _intern(job: Job, parameters: Parameters) -> tuple[Source, Point]:
    there = configured()
    names = str(parameters["collection"]), str(parameters["experiment"]), str(parameters["channel"])
    remote = Remote(f"{there['protocol']}://{there['host']}", there["token"])
    found = opened(remote, names, int(parameters["resolution"]))
    z, y, x = (int(parameters[f"{axis}_offset"]) - first for axis, first in zip("zyx", found.about.origin, strict=True))
    return found, (z, y, x)


_READERS: dict[str, Callable[[Job, Parameters], tuple[Source, Point]]] = {
    "ZindexStackTileProcessor": _planes,
    "SingleTimeTiffTileProcessor": _times_of_each_plane,
    "TiffMultiFileHyperStackTileProcessor": _hyperstacks,
    "Hdf5TimeSeriesTileProcessor": _planes_of_hdf5("txyc", "dataset"),
    "Hdf5TimeSeriesLabelTileProcessor": _planes_of_hdf5("xy", "dataset"),
    "Hdf5SingleFileTileProcessor": _one_hdf5,
    "ZarrChunkProcessor": _zarr,
    "CloudVolumeChunkProcessor": _precomputed,
    "InternTileProcessor": _intern,
}


def _down(job: Job) -> Point:
    """The first file is the first plane of the extent, and not plane 0."""
    return -job.box.start[0], 0, 0


def _file(job: Job, parameters: Parameters, z: int) -> Path:
    """``<o:200p:4>`` is z (or the number of the file) and 200, in four digits; ``<>`` or ``<z>`` is z."""

    def number(match: re.Match[str]) -> str:
        return str(int(match[1] or 0) + z).zfill(int(match[2] or 0))

    base = re.sub(r"<(?:o:(\d+))?(?:p:(\d+))?>", number, str(parameters["base_filename"]))
    name = base.replace("<z>", str(z)).replace("<y>", "0").replace("<x>", "0")
    return _local(job, str(Path(str(parameters["root_dir"])) / f"{name}.{parameters['extension']}"))


def _local(job: Job, name: str) -> Path:
    """Relative names are looked for beside the job, if they are not where we are."""
    path = Path(name)
    beside = job.file.parent / path
    return beside if not path.exists() and beside.exists() else path
