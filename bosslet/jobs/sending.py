"""An ingest through a server that speaks bossDB's API, with the journal on this machine.

The server merges: zeros that are sent change nothing. So blocks that are all zeros are not sent, and where voxels are
to be replaced, a block is first set to black.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from bosslet.catalog.names import valid_name
from bosslet.errors import ConfigurationError, InvalidState
from bosslet.geometry import Box, Point
from bosslet.jobs.destination import Content, Space, Wanted, check_content, check_space, levels_of, needed_spacing
from bosslet.jobs.ingest import Plan, Summary, ingest
from bosslet.jobs.intake import Manner
from bosslet.jobs.journal import Journal
from bosslet.jobs.locks import open_lock, try_to_lock
from bosslet.jobs.processes import Advance
from bosslet.remote import Json, Names, Remote
from bosslet.spacing import Spacing

BLOCK_VOXELS_Z = 256
"""Of one byte each; wider ones are sent in flatter blocks, so that a body has 64 MB before compression."""
PLANE = 512
"""bossDB's cuboids are 512 a side, and bosslet's blocks 256."""


@dataclass(frozen=True, slots=True)
class ServerSink:
    """A channel of a server."""

    remote: Remote
    names: Names
    clear: bool

    def write(self, time: int, box: Box, voxels: NDArray[Any]) -> None:
        """Voxels that are on the server's disk when this returns."""
        if self.clear:
            self.remote.clear(self.names, time, box)
        if voxels.any():
            self.remote.write(self.names, time, box, voxels)

    def note(self) -> None:
        """The server sees by itself what was written."""

    def close(self) -> None:
        """Connections end with the process."""


def block_for(itemsize: int) -> Point:
    """In what pieces voxels are sent."""
    return BLOCK_VOXELS_Z // itemsize, PLANE, PLANE


def exists(remote: Remote, wanted: Wanted) -> bool:
    """Whether the server has the channel; what it has fits.

    Raises:
        RemoteRefused
        As ``destination.find``.
    """
    for name in wanted.names:
        valid_name(name)
    collection, experiment, channel = wanted.names
    found = remote.find(f"collection/{collection}/experiment/{experiment}")
    if found is None:
        needed_spacing(wanted)
        return False
    frame = remote.find(f"coord/{found['coord_frame']}") or {}
    z, y, x = (float(frame[f"{axis}_voxel_size"]) for axis in "zyx")
    space = Box(_point(frame, "start"), _point(frame, "stop"))
    check_space(Space(space, int(found["num_time_samples"]), Spacing.of((z, y, x), frame["voxel_unit"])), wanted)
    there = remote.find(f"{_within(wanted)}/channel/{channel}")
    if there is not None:
        check_content(Content(there["datatype"], there["type"], int(there["base_resolution"])), wanted)
    return there is not None


def into_server(remote: Remote, plan: Plan, wanted: Wanted, manner: Manner, advance: Advance) -> Summary:
    """Do what is planned, in a channel that is found or made.

    Raises:
        ConfigurationError: the channel exists, and voxels are not to be overwritten; nothing was changed.
        InvalidState: somebody else on this machine is at it.
        RemoteRefused, and what ``ingest`` raises; whatever was written by then can be gone on with.
    """
    known = exists(remote, wanted)
    with _journal(remote, wanted) as journal:
        # What was noted of a channel that is gone by now does not count.
        going_on = known and manner.resume and journal.begun
        if known and not (going_on or manner.overwrite):
            raise ConfigurationError(
                f"{remote.url} has {wanted} already: --resume goes on with an ingest that was stopped on this machine, "
                "--overwrite replaces what is there"
            )
        if not going_on:
            journal.forget()
        if not known:
            _make(remote, wanted)
        sink = ServerSink(remote, wanted.names, manner.overwrite)
        return ingest(plan, sink, journal, f"{remote.url} {wanted}", advance)


def _make(remote: Remote, wanted: Wanted) -> None:
    collection, experiment, channel = wanted.names
    if remote.find(f"collection/{collection}") is None:
        remote.make(f"collection/{collection}", {})
    if remote.find(_within(wanted)) is None:
        frame = _unused_frame(remote, f"{collection}-{experiment}")
        spacing = needed_spacing(wanted)
        sizes = dict(zip(("z_voxel_size", "y_voxel_size", "x_voxel_size"), spacing.size, strict=True))
        stops = dict(zip(("z_stop", "y_stop", "x_stop"), wanted.box.stop, strict=True))
        starts = dict.fromkeys(("z_start", "y_start", "x_start"), 0)
        remote.make(f"coord/{frame}", {**starts, **stops, **sizes, "voxel_unit": spacing.unit})
        body = {
            "coord_frame": frame,
            "num_hierarchy_levels": levels_of(wanted.box),
            "hierarchy_method": "isotropic" if spacing.isotropic else "anisotropic",
            "num_time_samples": wanted.samples,
        }
        remote.make(_within(wanted), body)
    remote.make(f"{_within(wanted)}/channel/{channel}", {"type": wanted.type, "datatype": wanted.dtype})


def _within(wanted: Wanted) -> str:
    return f"collection/{wanted.names[0]}/experiment/{wanted.names[1]}"


def _unused_frame(remote: Remote, name: str) -> str:
    candidate, number = name[:240], 1
    while remote.find(f"coord/{candidate}") is not None:
        number += 1
        candidate = f"{name[:240]}-{number}"
    return candidate


@contextmanager
def _journal(remote: Remote, wanted: Wanted) -> Iterator[Journal]:
    folder = Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "bosslet"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = sha256(f"{remote.url} {wanted}".encode()).hexdigest()[:16]
    with open_lock(folder / f"ingest-{name}.lock") as lock:
        if not try_to_lock(lock):
            raise InvalidState(f"{wanted} is being sent to {remote.url} by another process")
        yield Journal(folder / f"ingest-{name}.jsonl")


def _point(frame: Json, end: str) -> Point:
    return int(frame[f"z_{end}"]), int(frame[f"y_{end}"]), int(frame[f"x_{end}"])
