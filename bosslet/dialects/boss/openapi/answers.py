"""What the JSON of bossDB's answers looks like: for the description of the API, which the tests hold answers against.

Nothing is built from these models; the views answer plain dictionaries.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from bosslet.catalog.records import DownsampleStatus, Permission, Role
from bosslet.dialects.boss import fields

Triple = tuple[int, int, int]
FloatTriple = tuple[float, float, float]


class Answer(BaseModel):
    """An object without other keys than these."""

    model_config = ConfigDict(extra="forbid")


class Error(Answer):
    """What went wrong, in bossDB's words."""

    status: int = Field(description="The HTTP status once more.")
    code: int = Field(description="One of bossDB's numbers, more precise than the status.")
    message: str
    error: str | None = Field(None, description="The words of bossDB's identity provider, for accounts.")
    errorMessage: str | None = Field(None, description="The same, where that calls it so.")


class Detail(Answer):
    """What went wrong before bosslet's own code was asked."""

    detail: str


class OauthError(Answer):
    """RFC 6749 section 5.2."""

    error: str
    error_description: str


class Ping(Answer):
    """A sign of life."""

    ip: str


class Collections(Answer):
    """Names in order of creation."""

    collections: list[str]


class Experiments(Answer):
    """Names in order of creation."""

    experiments: list[str]


class Channels(Answer):
    """Names in order of creation."""

    channels: list[str]


class Frames(Answer):
    """Names in order of creation."""

    coords: list[str]


class Collection(Answer):
    """A collection."""

    name: str
    public: bool
    description: str
    experiments: list[str]
    creator: str


class Frame(Answer):
    """A coordinate frame."""

    name: str
    description: str
    x_start: int
    x_stop: int
    y_start: int
    y_stop: int
    z_start: int
    z_stop: int
    x_voxel_size: float
    y_voxel_size: float
    z_voxel_size: float
    voxel_unit: str


class Experiment(Answer):
    """An experiment."""

    channels: list[str]
    name: str
    public: bool
    description: str
    collection: str
    coord_frame: str
    num_hierarchy_levels: int
    hierarchy_method: fields.HierarchyMethod
    num_time_samples: int
    time_step: int | None
    time_step_unit: fields.TimeUnit | None
    creator: str


class Channel(Answer):
    """A channel."""

    name: str
    public: bool
    description: str
    experiment: str
    default_time_sample: int
    type: Literal["image", "annotation"]
    base_resolution: int
    datatype: Literal["uint8", "uint16", "uint32", "uint64"]
    creator: str
    sources: list[str]
    downsample_status: DownsampleStatus
    related: list[str]
    storage_type: fields.StorageType
    bucket: str | None
    cv_path: str | None


class Keys(Answer):
    """The keys of a resource's metadata."""

    keys: list[str]


class KeyValue(Answer):
    """One key and its value."""

    key: str
    value: str


class Progress(Answer):
    """Blocks, of all that are to be made."""

    done: int
    total: int


class Downsample(Answer):
    """The levels of a channel, by number; sides are x, y, z."""

    status: DownsampleStatus
    num_hierarchy_levels: int
    voxel_size: dict[str, FloatTriple]
    extent: dict[str, Triple] = Field(description="Where the frame stops at this level.")
    cuboid_size: dict[str, Triple]
    progress: Progress | None = Field(None, description="While there is work.")
    message: str | None = Field(None, description="After a failure.")


class Reserved(Answer):
    """Labels from ``start_id`` on."""

    start_id: int
    count: str = Field(description="As in the URL.")


class Ids(Answer):
    """Labels in ascending order, as decimal text."""

    ids: list[str]


class BoundingBox(Answer):
    """Half-open ranges."""

    x_range: tuple[int, int]
    y_range: tuple[int, int]
    z_range: tuple[int, int]
    t_range: tuple[int, int]


class Groups(Answer):
    """Names of groups."""

    groups: list[str]


class GroupResource(Answer):
    """The names of a collection, experiment or channel."""

    collection: str
    experiment: str | None = None
    channel: str | None = None


class Group(Answer):
    """A group, and what it holds any permission on."""

    name: str
    owner: str | None
    resources: list[GroupResource]


class Members(Answer):
    """User names."""

    members: list[str]


class Maintainers(Answer):
    """User names."""

    maintainers: list[str]


class Result(Answer):
    """Whether the user is one."""

    result: bool


class PermissionSet(GroupResource):
    """What a group holds on a resource."""

    group: str
    permissions: list[Permission]
    volumetric_permissions: list[Permission] | None = Field(
        None, description="Of channels, where no resource is asked for: what is then not in the other list."
    )


class PermissionSets(Answer):
    """All that was asked for."""

    sets: list[PermissionSet] = Field(serialization_alias="permission-sets")


class User(Answer):
    """An account, as bossDB's identity provider shows it."""

    id: str
    username: str
    firstName: str
    lastName: str
    email: str
    enabled: bool
    realmRoles: list[Role]


class IngestJobs(Answer):
    """There are none."""

    ingest_jobs: list[str] = Field(max_length=0)


class MetricType(Answer):
    """A direction, and the limits that hold in it; -1 is none."""

    mtype: Literal["egress", "ingress"]
    units: Literal["bytes"]
    def_user_limit: int
    def_api_limit: int
    def_system_limit: int


class Threshold(Answer):
    """The limit of a counter; -1 is none."""

    metric: str
    mtype: Literal["egress", "ingress"]
    units: Literal["bytes"]
    limit: int


class Usage(Threshold):
    """What a counter has seen since the first of the month."""

    since: str
    value: int


class Token(Answer):
    """RFC 6749 section 5.1."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int


class Empty(Answer):
    """Nothing to say."""
