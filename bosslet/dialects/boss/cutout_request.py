"""What the text of a cutout's URL means: a channel, a resolution, a box and time samples, checked in bossDB's order.

URLs say x, y, z; from here on it is (z, y, x). The frame's limits hold at every resolution, not scaled: that is how
bossDB has it, and its clients know.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flask import Request
from numpy.typing import NDArray

from bosslet import access
from bosslet.catalog.records import Channel, Experiment, Permission
from bosslet.datastore import Datastore
from bosslet.dialects.authentication import current_user
from bosslet.dialects.boss.marks import refuse_marked_ancestors
from bosslet.errors import (
    InvalidBox,
    InvalidMode,
    InvalidNumber,
    InvalidResolution,
    InvalidTime,
    NotAnnotation,
    TooLarge,
)
from bosslet.geometry import Box

Span = tuple[int, int]
"""A range of coordinates: start, stop."""

MAX_DIGITS = 12
"""More digits than any frame's limit has; longer numbers are refused before they are computed with."""
ACCESS_MODES = frozenset({"cache", "no-cache", "raw"})


@dataclass(frozen=True, slots=True)
class CutoutRequest:
    """A cutout that is allowed and makes sense."""

    channel: Channel
    resolution: int
    box: Box
    times: range
    keeps_time_axis: bool
    """Whether the URL has a time range: only then is the array 4-D."""
    iso: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array on the wire: (z, y, x) or (t, z, y, x)."""
        return (len(self.times), *self.box.shape) if self.keeps_time_axis else self.box.shape

    @property
    def nbytes(self) -> int:
        """Of the voxels, uncompressed."""
        return len(self.times) * self.box.size * np.dtype(self.channel.datatype).itemsize


@dataclass(frozen=True, slots=True)
class CutoutUrl:
    """The pieces of the URL as they came."""

    collection: str
    experiment: str
    channel: str
    resolution: str
    x: str
    y: str
    z: str
    t: str | None = None

    def resolve(self, datastore: Datastore, request: Request, permission: Permission, max_bytes: int) -> CutoutRequest:
        """The cutout that is meant.

        Raises:
            NotFound, MarkedForDeletion, MissingPermission, NotAnnotation, InvalidTime, InvalidResolution, InvalidBox,
            TooLarge: in this order.
        """
        channel = permitted_channel(datastore, self.collection, self.experiment, self.channel, permission)
        if "filter" in request.args and permission is Permission.READ_VOLUMETRIC_DATA and not channel.annotation:
            raise NotAnnotation(f"filter: {channel} is an image channel")
        check_access_mode(request)
        cutout = CutoutRequest(
            channel=channel,
            times=times(self.t, channel),
            resolution=resolution(self.resolution, channel),
            box=box_in_frame(channel.experiment, self.x, self.y, self.z),
            keeps_time_axis=self.t is not None,
            iso=request.args.get("iso", "").lower() == "true",
        )
        check_size(cutout, max_bytes)
        return cutout


def permitted_channel(
    datastore: Datastore,
    collection: str,
    experiment: str,
    name: str,
    permission: Permission,
    *,
    public_helps: bool = True,
) -> Channel:
    """The channel, whose voxels the caller may use in this way.

    Raises:
        NotFound, MarkedForDeletion, MissingPermission: in this order.
    """
    channel = datastore.catalog.resources.channel(collection, experiment, name)
    refuse_marked_ancestors(channel)
    access.require(datastore.catalog, current_user(), permission, channel, public_helps=public_helps)
    return channel


def times(text: str | None, channel: Channel) -> range:
    """The samples that a URL names, or the channel's default one."""
    if text is None:
        time = default_time(channel)
        return range(time, time + 1)
    first, last = span(text)
    samples = channel.experiment.num_time_samples
    if not 0 <= first < last <= samples:
        raise InvalidTime(f"time range {text}: must be start:stop, not empty, within 0:{samples}")
    return range(first, last)


def default_time(channel: Channel) -> int:
    """The sample that is meant when none is named; raises InvalidTime when its experiment has no such."""
    time, samples = channel.default_time_sample, channel.experiment.num_time_samples
    if not 0 <= time < samples:
        raise InvalidTime(f"{channel}: its default time sample is {time}, and there are {samples}; name one")
    return time


def resolution(text: str, channel: Channel) -> int:
    """A resolution that the channel has."""
    first, levels = channel.base_resolution, channel.experiment.num_hierarchy_levels
    if not first <= int(text) < first + levels:
        raise InvalidResolution(f"resolution {text}: {channel} has {first} to {first + levels - 1}")
    return int(text)


def box_in_frame(experiment: Experiment, x: str, y: str, z: str) -> Box:
    """The box of three ranges, which must lie in the coordinate frame."""
    return box_of_spans(experiment, (span(z), span(y), span(x)))


def box_of_spans(experiment: Experiment, spans: tuple[Span, Span, Span]) -> Box:
    """The same of numbers, in the order z, y, x."""
    frame = experiment.frame
    for name, (first, last), low, high in zip("zyx", spans, frame.start, frame.stop, strict=True):
        if not low <= first < last <= high:
            raise InvalidBox(f"{name} range {first}:{last}: must be start:stop, not empty, within {low}:{high}")
    (z, z_stop), (y, y_stop), (x, x_stop) = spans
    return Box((z, y, x), (z_stop, y_stop, x_stop))


def span(text: str) -> Span:
    """The two numbers of ``start:stop``."""
    start, _, stop = text.partition(":")
    return number(start), number(stop)


def number(text: str) -> int:
    """Decimal digits as a number, refused when nobody could mean it."""
    if len(text) > MAX_DIGITS:
        raise InvalidNumber(f"{text[:MAX_DIGITS]}…: a number of {len(text)} digits")
    return int(text)


def check_access_mode(request: Request) -> None:
    """Refuse a wrong mode; a right one changes nothing, since a read always sees every write that was acknowledged."""
    mode, no_cache = request.args.get("access-mode"), request.args.get("no-cache")
    if mode is not None and no_cache is not None:
        raise InvalidMode("access-mode and no-cache exclude each other")
    if mode is not None and mode.lower() not in ACCESS_MODES:
        raise InvalidMode(f"access-mode {mode!r}: there are {', '.join(sorted(ACCESS_MODES))}")
    if no_cache is not None and no_cache.lower() not in {"true", "false"}:
        raise InvalidMode(f"no-cache {no_cache!r}: true or false")


def wanted_labels(request: Request) -> NDArray[np.uint64] | None:
    """The labels of ``filter=1,7,9``, up to the first that is none; None without a filter."""
    text = request.args.get("filter")
    if text is None:
        return None
    labels = []
    for token in text.split(","):
        token = token.strip()
        if not (token.isascii() and token.isdigit()) or len(token) > 20 or int(token) >= 2**64:
            break
        labels.append(int(token))
    return np.array(labels, np.uint64)


def check_size(cutout: CutoutRequest, max_bytes: int) -> None:
    """Raise TooLarge for more than may be asked for at once."""
    # bossDB divides by four what 64-bit channels ask for before it compares.
    wide = np.dtype(cutout.channel.datatype).itemsize == 8
    limit = max_bytes * 4 if wide else max_bytes
    if cutout.nbytes > limit:
        raise TooLarge(f"a cutout of {cutout.nbytes} bytes; at most {limit} at once")
