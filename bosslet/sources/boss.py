"""A channel on another server that speaks bossDB's API: ``boss://https://host/collection/experiment/channel/resolution``.

Who we are there is what intern would send: ``INTERN_TOKEN``, or the token in ``~/.intern/intern.cfg``, or ``public``.
"""

from __future__ import annotations

import configparser
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bosslet.errors import UnusableFile
from bosslet.geometry import Box, Point
from bosslet.pyramid import Pyramid
from bosslet.remote import Names, Remote
from bosslet.sources.source import About, Voxels
from bosslet.spacing import Spacing

_ADDRESS = re.compile(r"boss(?:db)?://(https?://[^/]+)/([\w-]+)/([\w-]+)/([\w-]+)(?:/([0-9]))?/?")
_GRAIN = (16, 512, 512)
"""bossDB's cuboids."""


@dataclass(frozen=True, slots=True)
class BossChannel:
    """One resolution of a channel."""

    about: About
    remote: Remote
    names: Names
    resolution: int
    start: Point
    files: tuple[Path, ...] = ()

    def read(self, time: int, box: Box) -> Voxels:
        """The voxels of a box."""
        z, y, x = (-side for side in self.start)
        there = box.relative_to((z, y, x))
        return self.remote.read(self.names, self.resolution, time, there, self.about.dtype.name)


def is_boss(name: str) -> bool:
    """Whether a name is such an address."""
    return _ADDRESS.fullmatch(name) is not None


def boss_channel(name: str) -> BossChannel:
    """The channel at an address."""
    match = _ADDRESS.fullmatch(name)
    if match is None:
        raise UnusableFile(f"{name}: should look like boss://https://host/collection/experiment/channel")
    url, *names, resolution = match.groups()
    return opened(Remote(url, configured()["token"]), (names[0], names[1], names[2]), int(resolution or 0))


def opened(remote: Remote, names: Names, resolution: int) -> BossChannel:
    """A channel of a server; raises UnusableFile where there is none."""
    collection, experiment, channel = names
    where = f"collection/{collection}/experiment/{experiment}"
    found, said = remote.find(f"{where}/channel/{channel}"), remote.find(where)
    frame = remote.find(f"coord/{said['coord_frame']}") if said is not None else None
    if found is None or said is None or frame is None:
        raise UnusableFile(f"{remote.url}: has no channel {'/'.join(names)}")
    z, y, x = (float(frame[f"{axis}_voxel_size"]) for axis in "zyx")
    pyramid = Pyramid((z, y, x), _stop(frame), said["hierarchy_method"] == "isotropic")
    start = Box(_start(frame), _stop(frame)).halved(pyramid.scale(resolution)).start
    extent = Box(start, pyramid.extent(resolution)).shape
    about = About(
        name=f"{remote.url}/{'/'.join(names)}",
        shape=(int(said["num_time_samples"]), *extent),
        dtype=np.dtype(found["datatype"]),
        grain=_GRAIN,
        spacing=Spacing.of(pyramid.voxel_size(resolution), frame["voxel_unit"]),
        labels=found["type"] == "annotation",
        origin=start,
    )
    return BossChannel(about, remote, names, resolution, start)


def configured() -> dict[str, str]:
    """Protocol, host and token, as intern finds them."""
    file = configparser.ConfigParser()
    file.read(Path("~/.intern/intern.cfg").expanduser())
    known: dict[str, str] = {"protocol": "https", "host": "api.bossdb.io", "token": "public"}
    for section in ("Default", "Project Service", "Metadata Service", "Volume Service"):
        if file.has_section(section):
            known |= {key: value for key, value in file.items(section) if key in known}
    return {key: os.environ.get(f"INTERN_{key.upper()}", value) for key, value in known.items()}


def _start(frame: dict[str, Any]) -> Point:
    return int(frame["z_start"]), int(frame["y_start"]), int(frame["x_start"])


def _stop(frame: dict[str, Any]) -> Point:
    return int(frame["z_stop"]), int(frame["y_stop"]), int(frame["x_stop"])
