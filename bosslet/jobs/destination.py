"""The channel that an ingest writes to: found or made, with all that leads to it.

What exists is kept as it is and must fit. Everything is checked before anything is made.
"""

from __future__ import annotations

from dataclasses import dataclass

from bosslet.catalog.names import valid_name
from bosslet.catalog.records import ADMINISTRATOR, Channel, Collection, Experiment, Frame
from bosslet.catalog.resources import Resources
from bosslet.datastore import Datastore
from bosslet.errors import ConfigurationError, InvalidBox, InvalidTime, MarkedForDeletion, NotFound, WrongDtype
from bosslet.geometry import Box, Point
from bosslet.spacing import Spacing

PLANE = 512
"""A pyramid ends with the first level whose planes have no side longer than this."""
MOST_LEVELS = 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a channel must be like."""

    names: tuple[str, str, str]
    """Of collection, experiment and channel."""
    dtype: str
    kind: str | None
    """``image`` or ``annotation``; None is whatever it is, and for a new one what its dtype suggests."""
    box: Box
    samples: int
    spacing: Spacing | None
    """As the user said."""
    found_spacing: Spacing | None = None
    """As the files say, which only counts for what is new."""

    @classmethod
    def of(
        cls,
        names: tuple[str, str, str],
        dtype: str,
        kind: str | None,
        offset: Point,
        shape: tuple[int, int, int, int],
        spacing: Spacing | None,
        found_spacing: Spacing | None,
    ) -> Wanted:
        """For a volume of a shape (t, z, y, x) that comes to lie at an offset."""
        samples, z, y, x = shape
        box = Box(offset, (offset[0] + z, offset[1] + y, offset[2] + x))
        return cls(names, dtype, kind, box, samples, spacing, found_spacing)

    def __str__(self) -> str:
        return "/".join(self.names)

    @property
    def type(self) -> str:
        """Of a channel that is made."""
        return self.kind or ("annotation" if self.dtype in ("uint32", "uint64") else "image")


@dataclass(frozen=True, slots=True)
class Space:
    """What an experiment says of its voxels."""

    box: Box
    samples: int
    spacing: Spacing | None


@dataclass(frozen=True, slots=True)
class Content:
    """What a channel says of its voxels."""

    dtype: str
    type: str
    base_resolution: int


@dataclass(frozen=True, slots=True)
class Found:
    """How much of it exists."""

    collection: Collection | None
    experiment: Experiment | None
    channel: Channel | None


def find(datastore: Datastore, wanted: Wanted) -> Found:
    """What there is, all of which fits.

    Raises:
        InvalidName, MarkedForDeletion, WrongDtype, InvalidBox, InvalidTime
        ConfigurationError: of another kind or voxel size; or no voxel size is known for what is new.
    """
    for name in wanted.names:
        valid_name(name)
    found = _found(datastore.catalog.resources, wanted)
    for each in (found.collection, found.experiment, found.channel):
        if each is not None and each.marked:
            raise MarkedForDeletion(f"{each.kind} {each.name}")
    if found.experiment is not None:
        frame, samples = found.experiment.frame, found.experiment.num_time_samples
        spacing = Spacing.of(frame.voxel_size, frame.voxel_unit)
        check_space(Space(Box(frame.start, frame.stop), samples, spacing), wanted)
    else:
        needed_spacing(wanted)
    if found.channel is not None:
        channel = found.channel
        check_content(Content(channel.datatype, channel.type, channel.base_resolution), wanted)
    return found


def make(datastore: Datastore, wanted: Wanted, found: Found) -> Channel:
    """The channel; it, and what leads to it, is made where it was not found."""
    if found.channel is not None:
        return found.channel
    resources, user = datastore.catalog.resources, datastore.catalog.users.get(ADMINISTRATOR)
    collection = found.collection or resources.create_collection(wanted.names[0], user)
    experiment = found.experiment or resources.create_experiment(
        collection,
        wanted.names[1],
        user,
        frame=_frame(datastore, wanted),
        num_hierarchy_levels=levels_of(wanted.box),
        hierarchy_method="isotropic" if needed_spacing(wanted).isotropic else "anisotropic",
        num_time_samples=wanted.samples,
    )
    return datastore.create_channel(experiment, wanted.names[2], user, type=wanted.type, datatype=wanted.dtype)


def _found(resources: Resources, wanted: Wanted) -> Found:
    collection, experiment, channel = wanted.names
    found = Found(None, None, None)
    try:
        found = Found(resources.collection(collection), None, None)
        found = Found(found.collection, resources.experiment(collection, experiment), None)
        return Found(found.collection, found.experiment, resources.channel(collection, experiment, channel))
    except NotFound:
        return found


def check_space(space: Space, wanted: Wanted) -> None:
    """Raises InvalidBox, InvalidTime, ConfigurationError where the volume does not fit into it."""
    if wanted.box not in space.box:
        raise InvalidBox(f"z,y,x {wanted.box} is not within the frame of {wanted}, {space.box}")
    if wanted.samples > space.samples:
        raise InvalidTime(f"{wanted.samples} time samples, and {wanted} has {space.samples}")
    if wanted.spacing is not None and space.spacing is not None and not wanted.spacing.matches(space.spacing):
        raise ConfigurationError(f"{wanted}: its voxels are {space.spacing}, and not {wanted.spacing}")


def check_content(content: Content, wanted: Wanted) -> None:
    """Raises WrongDtype, ConfigurationError where a channel holds something else."""
    if content.dtype != wanted.dtype:
        raise WrongDtype(f"{wanted} is {content.dtype}, and the source {wanted.dtype}")
    if wanted.kind not in (None, content.type):
        raise ConfigurationError(f"{wanted} is of type {content.type}, and not {wanted.kind}")
    if content.base_resolution != 0:
        raise ConfigurationError(f"{wanted} begins at resolution {content.base_resolution}, and not at 0")


def needed_spacing(wanted: Wanted) -> Spacing:
    """The voxel size of what is made; raises ConfigurationError where nobody says it."""
    spacing = wanted.spacing or wanted.found_spacing
    if spacing is None:
        raise ConfigurationError(
            "the files do not say how large a voxel is: say --voxel-size x,y,zUNIT, as in 4,4,40nm"
        )
    return spacing


def levels_of(box: Box) -> int:
    """How many resolutions a new experiment has."""
    side = max(box.stop[1:])
    return min(MOST_LEVELS, next(n + 1 for n in range(64) if -(-side // 2**n) <= PLANE))


def _frame(datastore: Datastore, wanted: Wanted) -> Frame:
    resources, spacing = datastore.catalog.resources, needed_spacing(wanted)
    return resources.create_frame(
        _unused_name(resources, f"{wanted.names[0]}-{wanted.names[1]}"),
        datastore.catalog.users.get(ADMINISTRATOR),
        start=(0, 0, 0),
        stop=wanted.box.stop,
        voxel_size=spacing.size,
        voxel_unit=spacing.unit,
    )


def _unused_name(resources: Resources, name: str) -> str:
    candidate, number = name[:240], 1
    while _is_frame(resources, candidate):
        number += 1
        candidate = f"{name[:240]}-{number}"
    return candidate


def _is_frame(resources: Resources, name: str) -> bool:
    try:
        resources.frame(name)
    except NotFound:
        return False
    return True
