"""What the files of a channel say of it and of what it lies in: enough to make the catalog's rows again.

It stands in the channel's ``zarr.json``. Who may do what, and keys and values, are in the catalog alone. The ids are
those of the catalog that wrote it, and only tell what was made first.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from bosslet.catalog.records import Channel
from bosslet.errors import UnreadableBlock
from bosslet.geometry import Point


class _Part(BaseModel):
    """``extra``: a later bosslet may say more."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", from_attributes=True)

    id: int = 0
    name: str
    description: str
    creator: str
    marked: bool = False


class CollectionPart(_Part):
    """Of a collection."""

    public: bool


class FramePart(_Part):
    """Of a coordinate frame; all three (z, y, x)."""

    start: Point
    stop: Point
    voxel_size: tuple[float, float, float]
    voxel_unit: str


class ExperimentPart(_Part):
    """Of an experiment."""

    public: bool
    num_hierarchy_levels: int
    hierarchy_method: str
    num_time_samples: int
    time_step: int | None
    time_step_unit: str | None


class ChannelPart(_Part):
    """Of a channel; without how far its pyramid is, which changes too often."""

    public: bool
    type: str
    datatype: str
    default_time_sample: int
    base_resolution: int
    storage_type: str
    bucket: str | None
    cv_path: str | None
    block_shape: Point
    chunk_shape: Point
    sources: tuple[str, ...]
    related: tuple[str, ...]
    next_id: int = 1
    """No label from here on was ever reserved."""


class Description(BaseModel):
    """All of it."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    format: Literal[1] = 1
    collection: CollectionPart
    coordinate_frame: FramePart
    experiment: ExperimentPart
    channel: ChannelPart

    @classmethod
    def of(cls, channel: Channel, next_id: int) -> Self:
        """What the catalog says; of what was reserved, a bound that seldom changes."""
        bound = min(1 << (next_id - 1).bit_length(), 2**63 - 1)
        return cls(
            collection=CollectionPart.model_validate(channel.experiment.collection),
            coordinate_frame=FramePart.model_validate(channel.experiment.frame),
            experiment=ExperimentPart.model_validate(channel.experiment),
            channel=ChannelPart.model_validate(channel).model_copy(update={"next_id": bound}),
        )

    @classmethod
    def in_document(cls, content: bytes) -> Description:
        """That of a ``zarr.json``.

        Raises:
            UnreadableBlock: not JSON, not bosslet's, or of a format that is not known.
        """
        try:
            return _Document.model_validate_json(content).attributes.bosslet
        except ValidationError as error:
            first = error.errors()[0]
            raise UnreadableBlock(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error

    def agrees_with(self, other: Description) -> bool:
        """Whether the same is said, but for the ids."""
        return _without_ids(self) == _without_ids(other)

    def json_ready(self) -> dict[str, Any]:
        """As it is written."""
        return self.model_dump(mode="json")


class _Attributes(BaseModel):
    bosslet: Description


class _Document(BaseModel):
    attributes: _Attributes


def _without_ids(description: Description) -> dict[str, Any]:
    parts = ("collection", "coordinate_frame", "experiment", "channel")
    return description.model_dump(exclude={part: {"id"} for part in parts})
