"""What the catalog hands out: frozen values, free of SQL, that may cross every layer above it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from bosslet.geometry import Point
from bosslet.pyramid import Pyramid


class Kind(StrEnum):
    """The kinds of resource that permissions are held on."""

    COLLECTION = "collection"
    EXPERIMENT = "experiment"
    CHANNEL = "channel"
    FRAME = "coordinate frame"


class Role(StrEnum):
    """What a user may do to the catalog as a whole; ``admin`` includes the other two."""

    ADMIN = "admin"
    USER_MANAGER = "user-manager"
    RESOURCE_MANAGER = "resource-manager"


class Permission(StrEnum):
    """What a group may do to one resource; the last three exist on channels only."""

    READ = "read"
    ADD = "add"
    UPDATE = "update"
    DELETE = "delete"
    ASSIGN_GROUP = "assign_group"
    REMOVE_GROUP = "remove_group"
    ADD_VOLUMETRIC_DATA = "add_volumetric_data"
    READ_VOLUMETRIC_DATA = "read_volumetric_data"
    DELETE_VOLUMETRIC_DATA = "delete_volumetric_data"


_ON_EVERYTHING = tuple(Permission)[:6]
PERMISSIONS: dict[Kind, tuple[Permission, ...]] = {
    Kind.COLLECTION: _ON_EVERYTHING,
    Kind.EXPERIMENT: _ON_EVERYTHING,
    Kind.CHANNEL: tuple(Permission),
    Kind.FRAME: _ON_EVERYTHING,
}
"""The permissions that exist on each kind; whoever creates a resource gets all of them."""


class DownsampleStatus(StrEnum):
    """Where a channel's pyramid stands."""

    NOT_DOWNSAMPLED = "NOT_DOWNSAMPLED"
    QUEUED = "QUEUED"
    IN_PROGRESS = "IN_PROGRESS"
    DOWNSAMPLED = "DOWNSAMPLED"
    FAILED = "FAILED"


ADMINISTRATOR = "bossadmin"
"""The account that exists from the first start and passes every check."""
PUBLIC_ACCOUNT = "public-access"
"""The account behind the token ``public``, which intern sends when nothing is configured."""
PUBLIC_TOKEN = "public"
ADMIN_GROUP = "admin"
PUBLIC_GROUP = "public"
PRIMARY_SUFFIX = "-primary"
"""A user's own group is called by the user's name and this."""


@dataclass(frozen=True, slots=True)
class User:
    """Who asks. ``id`` is None for somebody without credentials."""

    id: int | None
    name: str
    roles: frozenset[Role] = frozenset()
    superuser: bool = False

    @property
    def anonymous(self) -> bool:
        """Whether nobody in particular asks."""
        return self.id is None

    def has_role(self, role: Role) -> bool:
        """Whether the user holds the role, or the one that includes it."""
        return self.superuser or role in self.roles or Role.ADMIN in self.roles


ANONYMOUS = User(None, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A coordinate frame: the extent, in voxels of level 0, and the voxel size that an experiment lives in."""

    kind = Kind.FRAME
    public = True  # bossDB shows every frame to everybody

    id: int
    name: str
    description: str
    start: Point
    stop: Point
    voxel_size: tuple[float, float, float]
    voxel_unit: str
    marked: bool
    creator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """The outermost of bossDB's three names."""

    kind = Kind.COLLECTION

    id: int
    name: str
    description: str
    public: bool
    creator: str
    marked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """What was imaged together: channels that share a coordinate frame, time samples and resolutions."""

    kind = Kind.EXPERIMENT

    id: int
    name: str
    description: str
    public: bool
    creator: str
    marked: bool
    collection: Collection
    frame: Frame
    num_hierarchy_levels: int
    hierarchy_method: str
    num_time_samples: int
    time_step: int | None
    time_step_unit: str | None

    @property
    def pyramid(self) -> Pyramid:
        """The arithmetic of its resolutions."""
        return Pyramid(self.frame.voxel_size, self.frame.stop, self.hierarchy_method == "isotropic")


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One array of voxels."""

    kind = Kind.CHANNEL

    id: int
    name: str
    description: str
    public: bool
    creator: str
    marked: bool
    experiment: Experiment
    type: str
    datatype: str
    default_time_sample: int
    base_resolution: int
    downsample_status: DownsampleStatus
    storage_type: str
    bucket: str | None
    cv_path: str | None
    path: str
    """Where its files are, relative to the uploads folder; fixed when the channel is created."""
    block_shape: Point
    chunk_shape: Point
    sources: tuple[str, ...] = field(default=())
    related: tuple[str, ...] = field(default=())

    @property
    def annotation(self) -> bool:
        """Whether its voxels are labels."""
        return self.type == "annotation"

    @property
    def marked_ancestor(self) -> Collection | Experiment | Channel | None:
        """The outermost of collection, experiment and channel that waits to be purged, if any."""
        chain = (self.experiment.collection, self.experiment, self)
        return next((resource for resource in chain if resource.marked), None)

    def __str__(self) -> str:
        return f"{self.experiment.collection.name}/{self.experiment.name}/{self.name}"


Resource = Collection | Experiment | Channel | Frame
"""Anything that permissions are held on."""


@dataclass(frozen=True, slots=True)
class Group:
    """Users who hold permissions together; ``creator`` is None where bosslet made it, or where that account is gone."""

    id: int
    name: str
    creator: str | None


@dataclass(frozen=True, slots=True)
class UserDetails:
    """What is known of an account besides its rights."""

    id: int
    name: str
    first_name: str
    last_name: str
    email: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class Address:
    """The names of a collection, experiment or channel; frames have none."""

    collection: str
    experiment: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class PermissionSet:
    """What a group may do to a resource, in the order of ``Permission``; never empty."""

    group: str
    address: Address
    permissions: tuple[Permission, ...]


class Direction(StrEnum):
    """Which way bytes go, in bossDB's words: to a client or from one."""

    EGRESS = "egress"
    INGRESS = "ingress"


@dataclass(frozen=True, slots=True)
class Usage:
    """How many bytes a counter has seen this month."""

    counter: str
    direction: Direction
    nbytes: int
