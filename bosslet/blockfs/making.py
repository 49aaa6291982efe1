"""The channel behind a directory: where it is, and how it is made, in a process of its own.

The one that asks for it may go on to fork, and so must not have started TensorStore's threads.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import bosslet
from bosslet.catalog.records import ADMINISTRATOR, Channel, Collection
from bosslet.datastore import CATALOG_FILE, Datastore
from bosslet.errors import BossletError, ConfigurationError, NameTaken, NotFound
from bosslet.geometry import Point

COLLECTION, CHANNEL = "blockfs", "data"
METADATA_KEY = "blockfs"
CHUNK = (32, 64, 64)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the channel of a directory is."""

    uploads: str
    names: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Wish:
    """A channel to be made."""

    uploads: str
    names: tuple[str, str, str]
    stop: Point
    block: Point
    dtype: str
    metadata: str

    def fulfil(self) -> None:
        """Make it, with all that it lies in."""
        chunk = [divisor(side, most) for side, most in zip(self.block, CHUNK, strict=True)]
        with closing(
            Datastore.open(self.uploads, block_shape=self.block, chunk_shape=(chunk[0], chunk[1], chunk[2]))
        ) as datastore:
            datastore.prepare()
            if _exists(datastore, self.names):
                raise NameTaken(f"channel {'/'.join(self.names)} in {self.uploads}")
            self._make(datastore)

    def _make(self, datastore: Datastore) -> None:
        resources, user = datastore.catalog.resources, datastore.catalog.users.get(ADMINISTRATOR)
        collection, experiment, name = self.names
        try:
            inside = resources.experiment(collection, experiment)
        except NotFound:
            frame = resources.create_frame(
                f"{collection}-{experiment}"[:255], user,
                start=(0, 0, 0), stop=self.stop, voxel_size=(1.0, 1.0, 1.0), voxel_unit="nanometers",
            )  # fmt: skip
            inside = resources.create_experiment(
                _collection(datastore, collection), experiment, user, frame=frame, hierarchy_method="isotropic"
            )
        if inside.frame.stop != self.stop:
            raise ConfigurationError(f"{collection}/{experiment} ends at z,y,x {inside.frame.stop}, not {self.stop}")
        kind = "annotation" if self.dtype in ("uint32", "uint64") else "image"
        channel = datastore.create_channel(inside, name, user, type=kind, datatype=self.dtype)
        datastore.catalog.metadata.create(channel, METADATA_KEY, self.metadata)


def place_of(filename: str | Path) -> Place:
    path = Path(filename).absolute()
    outer = path.parent.parent.parent
    if (outer / CATALOG_FILE).is_file() and not (path / CATALOG_FILE).is_file():
        return Place(str(outer), (path.parent.parent.name, path.parent.name, path.name))
    stem = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "_-") else "_" for letter in path.stem)
    return Place(str(path), (COLLECTION, stem, CHANNEL))


def make_in_another_process(wish: Wish) -> None:
    """So that this one may still fork."""
    package = str(Path(bosslet.__file__).parent.parent)
    paths = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-P", "-m", "bosslet.blockfs.making"],
        input=json.dumps(asdict(wish)),
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ConfigurationError(done.stderr.strip().rpartition("\n")[2])


def _main() -> None:
    said = json.load(sys.stdin)
    collection, experiment, channel = said["names"]
    (z, y, x), (z_block, y_block, x_block) = said["stop"], said["block"]
    names, stop, block = (collection, experiment, channel), (z, y, x), (z_block, y_block, x_block)
    try:
        Wish(said["uploads"], names, stop, block, said["dtype"], said["metadata"]).fulfil()
    except BossletError as error:
        sys.exit(f"{error}: {error.__doc__}")


def _collection(datastore: Datastore, name: str) -> Collection:
    try:
        return datastore.catalog.resources.collection(name)
    except NotFound:
        return datastore.catalog.resources.create_collection(name, datastore.catalog.users.get(ADMINISTRATOR))


def _exists(datastore: Datastore, names: tuple[str, str, str]) -> bool:
    try:
        datastore.catalog.resources.channel(*names)
    except NotFound:
        return False
    return True


def metadata_of(datastore: Datastore, channel: Channel) -> dict[str, Any]:
    if METADATA_KEY not in datastore.catalog.metadata.keys(channel):
        return {}
    found: dict[str, Any] = json.loads(datastore.catalog.metadata.get(channel, METADATA_KEY))
    return found


def divisor(side: int, most: int) -> int:
    """The largest part of a side that divides it and is at most so long, if one of some length is."""
    best = max(part for part in range(1, min(side, most) + 1) if side % part == 0)
    return best if best * 4 >= min(side, most) else side


if __name__ == "__main__":
    _main()
