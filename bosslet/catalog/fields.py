"""What can be said of a resource when it is made, and what can be changed later.

An absent key means: as it is, or for something new, the default of its column in schema.py. Values are taken as they
come, of the right types; which of them bossDB allows is for its dialect to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Required, TypedDict

from bosslet.catalog.records import DownsampleStatus
from bosslet.geometry import Point


class FrameChanges(TypedDict, total=False):
    """What is measured in a frame cannot change under the voxels."""

    name: str
    description: str


class CollectionChanges(TypedDict, total=False):
    """All of it but the creator."""

    name: str
    description: str
    public: bool


class ExperimentFields(TypedDict, total=False):
    """What an experiment is made with, besides its place, name and frame."""

    description: str
    public: bool
    num_hierarchy_levels: int
    hierarchy_method: str
    num_time_samples: int
    time_step: int | None
    time_step_unit: str | None


class ExperimentChanges(ExperimentFields, total=False):
    """All of it but the frame."""

    name: str


class ChannelFields(TypedDict, total=False):
    """What may be said when a channel is made, and later."""

    description: str
    public: bool
    default_time_sample: int
    base_resolution: int
    sources: Iterable[str]
    """Names of other channels in the experiment; the list takes the place of the one before."""
    related: Iterable[str]
    """The same; the other channels' lists change with it."""
    storage_type: str
    bucket: str | None
    cv_path: str | None


class ChannelChanges(ChannelFields, total=False):
    """All but what the stored voxels depend on."""

    name: str


class NewChannel(ChannelFields, total=False):
    """What a channel is made with, besides its place and name."""

    type: Required[str]
    datatype: Required[str]
    downsample_status: DownsampleStatus
    block_shape: Required[Point]
    chunk_shape: Required[Point]
    path: Required[str]
