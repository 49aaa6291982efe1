"""Channels pushed to a server that asks for tokens, and pulled from it, by commands that are killed on the way."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bosslet.datastore import Datastore
from bosslet.geometry import Box
from tests.clients.lifecycle.commands import Commands, Kills, arrived
from tests.clients.real_volume import Volumes, compare
from tests.live.server import serving

Voxels = NDArray[Any]

COPIES = {"em": (1, 5, 5), "labels": (1, 3, 3)}
"""The volume beside itself, so that there is enough to send."""


def check(data: Path, folder: Path, volumes: Volumes, kills: int) -> None:
    """Both channels there, and back under another name into a third folder."""
    here, back = Commands(folder / "here"), Commands(folder / "back", (("block_size", 128),))
    back.uploads.mkdir()
    voxels = {name: np.tile(volume, COPIES[name]) for name, volume in volumes.items().items()}
    for name, volume in voxels.items():
        np.save(folder / "in.npy", volume)
        here.run("ingest", folder / "in.npy", f"real/fib25/{name}", "--voxel-size", "10,10,10nm")
    with serving(folder / "there", "--auth", "token", "--workers", "2") as server:
        token = here.run_plainly(
            "user", "create", "maria", "--role", "resource-manager", "--uploads", server.uploads
        ).strip()
        common = ("--token", token, "--jobs", 2)
        for name, volume in voxels.items():
            push = ("push", f"real/fib25/{name}", "--to", server.url, *common)
            _killed(here, kills, push, f"undisturbed/exp-{name}/em")
            _compare(server.uploads, f"real/fib25/{name}", volume)
            pull = ("pull", f"real/fib25/{name}", "--from", server.url, *common)
            _killed(back, kills, pull, f"undisturbed/exp-{name}/em")
            _compare(back.uploads, f"real/fib25/{name}", volume)
    for uploads in (server.uploads, back.uploads):
        here.run_plainly("verify", uploads)


def _killed(commands: Commands, kills: int, arguments: tuple[object, ...], other: str) -> None:
    """How far it comes is known from the same, undisturbed, to a channel of another name."""
    undisturbed = commands.run(*arguments, "--as", other)[-1]
    times = Kills(kills, arrived, seed=len(other))
    done = times.of(commands, " ".join(map(str, arguments[:2])), undisturbed["pieces"], arguments)[-1]
    assert (done["pieces"], done["bytes"]) == (undisturbed["pieces"], undisturbed["bytes"])
    assert done["before"] > 0


def _compare(uploads: Path, name: str, expected: Voxels) -> None:
    with closing(Datastore.open(uploads)) as datastore:
        z, y, x = expected.shape
        found = datastore.volume(*name.split("/")).read(range(1), Box.of((z, y, x)))[0]
        compare(f"{name} in {uploads.name}", found.astype(expected.dtype), expected)
        size = datastore.catalog.resources.channel(*name.split("/")).experiment.frame.voxel_size
        assert size == (10.0, 10.0, 10.0)
