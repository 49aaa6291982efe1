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
        _check_experiment(found.experiment, wanted)
    elif (wanted.spacing or wanted.found_spacing) is None:
        raise ConfigurationError(
            "the files do not say how large a voxel is: say --voxel-size x,y,zUNIT, as in 4,4,40nm"
        )
    if found.channel is not None:
        _check_channel(found.channel, wanted)
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
        num_hierarchy_levels=_levels(wanted.box),
        hierarchy_method="isotropic" if _spacing(wanted).isotropic else "anisotropic",
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


def _check_experiment(experiment: Experiment, wanted: Wanted) -> None:
    frame = experiment.frame
    if wanted.box not in Box(frame.start, frame.stop):
        raise InvalidBox(f"z,y,x {wanted.box} is not within the frame of {wanted}, {Box(frame.start, frame.stop)}")
    if wanted.samples > experiment.num_time_samples:
        raise InvalidTime(f"{wanted.samples} time samples, and {wanted} has {experiment.num_time_samples}")
    known = Spacing.of(frame.voxel_size, frame.voxel_unit)
    if wanted.spacing is not None and known is not None and not wanted.spacing.matches(known):
        raise ConfigurationError(f"{wanted}: its voxels are {known}, and not {wanted.spacing}")


def _check_channel(channel: Channel, wanted: Wanted) -> None:
    if channel.datatype != wanted.dtype:
        raise WrongDtype(f"{channel} is {channel.datatype}, and the source {wanted.dtype}")
    if wanted.kind not in (None, channel.type):
        raise ConfigurationError(f"{channel} is of type {channel.type}, and not {wanted.kind}")
    if channel.base_resolution != 0:
        raise ConfigurationError(f"{channel} begins at resolution {channel.base_resolution}, and not at 0")


def _frame(datastore: Datastore, wanted: Wanted) -> Frame:
    resources, spacing = datastore.catalog.resources, _spacing(wanted)
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


def _spacing(wanted: Wanted) -> Spacing:
    spacing = wanted.spacing or wanted.found_spacing
    if spacing is None:
        raise ConfigurationError(f"{wanted}: no voxel size")
    return spacing


def _levels(box: Box) -> int:
    side = max(box.stop[1:])
    return min(MOST_LEVELS, next(n + 1 for n in range(64) if -(-side // 2**n) <= PLANE))
