"""What two servers call the same channel: resources in bossDB's JSON, made from ours, and compared with theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bosslet.catalog.description import ChannelPart, CollectionPart, Description, ExperimentPart, FramePart
from bosslet.catalog.records import Channel, Frame
from bosslet.errors import ConfigurationError, RemoteRefused
from bosslet.remote import Json, Names, Remote

_AXES = ("z", "y", "x")


@dataclass(frozen=True, slots=True)
class Addressed:
    """A channel of another server."""

    remote: Remote
    names: Names

    def __str__(self) -> str:
        return f"{self.remote.url}/v1/{self.path}"

    @property
    def path(self) -> str:
        """Below ``/v1/``."""
        collection, experiment, channel = self.names
        return f"{_experiment(collection, experiment)}/channel/{channel}"


def make_there(channel: Channel, there: Addressed) -> bool:
    """See to it that the channel is there, with all that it lies in; whether it was made just now.

    Raises:
        ConfigurationError: what is there is another one.
        RemoteRefused
    """
    remote, (collection, experiment, _) = there.remote, there.names
    known = remote.find(there.path)
    inside = remote.find(_experiment(collection, experiment))
    if inside is not None:
        _compare(str(there), _experiment_body(channel, str(inside.get("coord_frame"))), inside, "num_time_samples")
        _compare(
            str(there),
            _frame_body(channel.experiment.frame),
            _frame_of(remote, inside),
            *_frame_body(channel.experiment.frame),
        )
    if known is not None:
        _compare(str(there), _channel_body(channel), known, "datatype", "type", "base_resolution")
        return False
    if inside is None:
        if remote.find(f"collection/{collection}") is None:
            remote.make(f"collection/{collection}", {"description": channel.experiment.collection.description})
        frame = _make_frame(remote, channel.experiment.frame, f"{collection}-{experiment}")
        remote.make(_experiment(collection, experiment), _experiment_body(channel, frame))
    remote.make(there.path, _channel_body(channel))
    return True


def describe(there: Addressed, names: Names) -> Description:
    """What the other server says of a channel, under names of ours.

    Raises:
        ConfigurationError: there is none, or it is one that a store does not have.
        RemoteRefused
    """
    remote, (collection, experiment, _) = there.remote, there.names
    found = [
        remote.find(path) for path in (f"collection/{collection}", _experiment(collection, experiment), there.path)
    ]
    if None in found:
        raise ConfigurationError(f"{there}: there is no such channel, or it is not to be seen")
    outer, inside, channel = (each or {} for each in found)
    frame = _frame_of(remote, inside)
    try:
        return Description(
            collection=CollectionPart(name=names[0], description=outer["description"], creator="", public=False),
            coordinate_frame=_frame_part(frame),
            experiment=_part(ExperimentPart, inside, name=names[1], creator="", public=False),
            channel=_part(
                ChannelPart,
                channel,
                name=names[2], creator="", public=False, sources=(), related=(),
                storage_type="spdb", bucket=None, cv_path=None, block_shape=(1, 1, 1), chunk_shape=(1, 1, 1),
            ),
        )  # fmt: skip
    except (KeyError, ValueError, TypeError) as error:
        raise RemoteRefused(f"{there}: says of itself what a channel cannot be: {error}") from error


def _part(kind: Any, said: Json, **ours: object) -> Any:  # noqa: ANN401 - one of Description's
    return kind.model_validate({name: said[name] for name in kind.model_fields if name in said} | {"id": 0} | ours)


def _frame_part(said: Json) -> FramePart:
    points = {
        key: tuple(int(said[f"{axis}_{key}"]) for axis in _AXES) for key in ("start", "stop")
    }  # fmt: skip
    return FramePart(
        name=said["name"],
        description=said["description"],
        creator="",
        start=points["start"],  # type: ignore[arg-type] # three, as the axes are
        stop=points["stop"],  # type: ignore[arg-type]
        voxel_size=tuple(float(said[f"{axis}_voxel_size"]) for axis in _AXES),  # type: ignore[arg-type]
        voxel_unit=said["voxel_unit"],
    )


def _make_frame(remote: Remote, frame: Frame, other: str) -> str:
    """The name of a frame that is there now: ours, or where that is another one, the other."""
    body = _frame_body(frame)
    for name in (frame.name, other[:255]):
        known = remote.find(f"coord/{name}")
        if known is None:
            remote.make(f"coord/{name}", {**body, "description": frame.description})
        if known is None or all(known.get(key) == value for key, value in body.items()):
            return name
    raise ConfigurationError(f"{remote.url}: has coordinate frames {frame.name} and {other}, both other ones")


def _frame_of(remote: Remote, experiment: Json) -> Json:
    frame = remote.find(f"coord/{experiment.get('coord_frame')}")
    if frame is None:
        raise RemoteRefused(f"{remote.url}: has no coordinate frame {experiment.get('coord_frame')}")
    return frame


def _compare(there: str, ours: Json, theirs: Json, *keys: str) -> None:
    for key in keys:
        if theirs.get(key) != ours[key]:
            raise ConfigurationError(f"{there}: its {key} is {theirs.get(key)}, and here it is {ours[key]}")


def _experiment(collection: str, experiment: str) -> str:
    return f"collection/{collection}/experiment/{experiment}"


def _frame_body(frame: Frame) -> Json:
    ends = {"start": frame.start, "stop": frame.stop, "voxel_size": frame.voxel_size}
    sides = {f"{axis}_{key}": value for key, point in ends.items() for axis, value in zip(_AXES, point, strict=True)}
    return {**sides, "voxel_unit": frame.voxel_unit}


def _experiment_body(channel: Channel, frame: str) -> Json:
    found = channel.experiment
    body = {
        "coord_frame": frame,
        "description": found.description,
        "num_hierarchy_levels": found.num_hierarchy_levels,
        "hierarchy_method": found.hierarchy_method,
        "num_time_samples": found.num_time_samples,
    }
    if found.time_step is not None and found.time_step_unit is not None:
        body |= {"time_step": found.time_step, "time_step_unit": found.time_step_unit}
    return body


def _channel_body(channel: Channel) -> Json:
    return {
        "type": channel.type,
        "datatype": channel.datatype,
        "description": channel.description,
        "base_resolution": channel.base_resolution,
        "default_time_sample": channel.default_time_sample,
    }
