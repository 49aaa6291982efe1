"""How bossDB shows its resources in JSON: keys and their order as its clients know them."""

from __future__ import annotations

from typing import Any

from bosslet.catalog.records import Channel, Collection, Experiment, Frame

Json = dict[str, Any]


def collection(record: Collection, experiments: list[str]) -> Json:
    """A collection, with the names of the experiments that the caller may see."""
    return {
        "name": record.name,
        "public": record.public,
        "description": record.description,
        "experiments": experiments,
        "creator": record.creator,
    }


def frame(record: Frame) -> Json:
    """A coordinate frame, x before y before z."""
    names = ("z", "y", "x")
    start, stop = dict(zip(names, record.start, strict=True)), dict(zip(names, record.stop, strict=True))
    size = dict(zip(names, record.voxel_size, strict=True))
    extent = {f"{axis}_{end}": value[axis] for axis in "xyz" for end, value in (("start", start), ("stop", stop))}
    return {
        "name": record.name,
        "description": record.description,
        **extent,
        **{f"{axis}_voxel_size": size[axis] for axis in "xyz"},
        "voxel_unit": record.voxel_unit,
    }


def experiment(record: Experiment, channels: list[str]) -> Json:
    """An experiment, with the names of the channels that the caller may see."""
    return {
        "channels": channels,
        "name": record.name,
        "public": record.public,
        "description": record.description,
        "collection": record.collection.name,
        "coord_frame": record.frame.name,
        "num_hierarchy_levels": record.num_hierarchy_levels,
        "hierarchy_method": record.hierarchy_method,
        "num_time_samples": record.num_time_samples,
        "time_step": record.time_step,
        "time_step_unit": record.time_step_unit,
        "creator": record.creator,
    }


def channel(record: Channel) -> Json:
    """A channel."""
    return {
        "name": record.name,
        "public": record.public,
        "description": record.description,
        "experiment": record.experiment.name,
        "default_time_sample": record.default_time_sample,
        "type": record.type,
        "base_resolution": record.base_resolution,
        "datatype": record.datatype,
        "creator": record.creator,
        "sources": list(record.sources),
        "downsample_status": record.downsample_status.value,
        "related": list(record.related),
        "storage_type": record.storage_type,
        "bucket": record.bucket,
        "cv_path": record.cv_path,
    }
