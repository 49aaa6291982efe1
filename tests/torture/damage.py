"""Files of a running server are damaged in every way that disks and people know, one at a time.

All is read back through the server that runs, and through one that has nothing in memory yet: each block has to be
right or refused. What a read cannot know, because the file is a good one in the wrong place or of another time, has to
be found by ``bosslet verify``; which in turn may say nothing about files that are whole. One thing it cannot know: a
good block in a place where nothing was ever written may be what a killed server wrote and had not noted yet.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import requests
from numpy.typing import NDArray

from bosslet import config
from bosslet.app import create_app
from bosslet.datastore import Datastore
from bosslet.geometry import Box, Grid, Point
from bosslet.jobs.verify import verify
from tests.live.client import Channel
from tests.live.server import serving
from tests.torture.figures import Figure

BLOCK: Point = (16, 32, 48)
EXTENT: Point = (30, 60, 90)
WRITTEN = Box((0, 0, 0), (16, 60, 90))
"""Four of eight blocks."""
CHANNELS = {"damage/e/em": "uint8", "damage/e/labels": "uint64"}


@dataclass(frozen=True, slots=True)
class Places:
    """The files of one channel."""

    folder: Path
    older: Path
    """Copies of the blocks as they were before the last write."""
    dice: random.Random

    def block(self) -> Path:
        """One that was written."""
        return self.folder / f"0/c/0/0/{self.dice.randrange(2)}/{self.dice.randrange(2)}"

    def other_than(self, block: Path) -> Path:
        """Another one that was written."""
        return next(other for other in iter(self.block, None) if other != block)

    def document(self) -> Path:
        """The metadata of the array."""
        return self.folder / "0/zarr.json"


Damage = Callable[[Places], None]


def _changed(change: Callable[[bytearray, random.Random], None], *, document: bool = False) -> Damage:
    def damage(places: Places) -> None:
        file = places.document() if document else places.block()
        content = bytearray(file.read_bytes())
        change(content, places.dice)
        file.write_bytes(content)

    return damage


def _flip(content: bytearray, dice: random.Random) -> None:
    content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)


def _flip_in_index(content: bytearray, dice: random.Random) -> None:
    chunks = 8
    content[-1 - dice.randrange(16 * chunks + 4)] ^= 1 << dice.randrange(8)


def _cut(content: bytearray, dice: random.Random) -> None:
    del content[dice.randrange(len(content)) :]


def _filled(make: Callable[[random.Random, int], bytes]) -> Callable[[bytearray, random.Random], None]:
    def fill(content: bytearray, dice: random.Random) -> None:
        start = dice.randrange(len(content))
        length = min(dice.choice([1, 512, 4096, len(content)]), len(content) - start)
        content[start : start + length] = make(dice, length)

    return fill


def _lengthen(content: bytearray, dice: random.Random) -> None:
    content += dice.randbytes(dice.choice([1, 4, 512]))


def _delete(places: Places) -> None:
    places.block().unlink()


def _delete_document(places: Places) -> None:
    places.document().unlink()


def _swap(places: Places) -> None:
    one = places.block()
    other = places.other_than(one)
    beside = one.with_name("beside")
    one.rename(beside)
    other.rename(one)
    beside.rename(other)


def _copy(places: Places) -> None:
    block = places.block()
    shutil.copyfile(places.other_than(block), block)


def _put_back(places: Places) -> None:
    block = places.block()
    shutil.copyfile(places.older / block.relative_to(places.folder), block)


def _extra_block(places: Places) -> None:
    """Where nothing was ever written."""
    target = places.folder / f"0/c/0/1/{places.dice.randrange(2)}/{places.dice.randrange(2)}"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(places.block(), target)


def _extra_file(places: Places) -> None:
    target = places.folder / places.dice.choice(["0/c/0/0/0/9", "0/c/0/0/0/01", "0/c/x", "stray", "7/stray"])
    target.parent.mkdir(exist_ok=True)
    shutil.copyfile(places.block(), target)


SEEN_BY_READS: dict[str, Damage] = {
    "a bit of a block": _changed(_flip),
    "a bit of an index": _changed(_flip_in_index),
    "a block cut off": _changed(_cut),
    "zeros in a block": _changed(_filled(lambda _, length: bytes(length))),
    "noise in a block": _changed(_filled(random.Random.randbytes)),
    "a block that is too long": _changed(_lengthen),
    "a block deleted": _delete,
    "a bit of the metadata": _changed(_flip, document=True),
    "metadata cut off": _changed(_cut, document=True),
    "metadata deleted": _delete_document,
}
SEEN_BY_VERIFY: dict[str, Damage] = {
    "two blocks swapped": _swap,
    "a block copied over another": _copy,
    "an older block put back": _put_back,
    "a file that does not belong there": _extra_file,
}
TAKEN_FOR_DATA = {"a block where none was written": _extra_block}
EVERY = SEEN_BY_READS | SEEN_BY_VERIFY | TAKEN_FOR_DATA


@dataclass
class Ward:
    """A server, what it has to hold, and what was found wrong."""

    url: str
    uploads: Path
    kept: Path
    """A whole copy of the channels."""
    known: dict[str, NDArray[Any]] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    false_alarms: list[str] = field(default_factory=list)
    taken_for_data: list[str] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)

    def harm(self, name: str, channel: str, places: Places) -> None:
        """One damage, what is said about it, and the way back."""
        EVERY[name](places)
        changed = self._changed_files(channel)
        wrong = self._wrong_answers(f"{name} of {channel} ({', '.join(changed)})")
        if wrong and name in SEEN_BY_READS:
            self.silent += wrong
        if changed and "zarr.json" not in changed[0] and self._verified():
            what = f"{name} of {channel}: {', '.join(changed)}"
            (self.taken_for_data if name in TAKEN_FOR_DATA else self.missed).append(what)
        self._restore()
        if name in TAKEN_FOR_DATA:
            self._erase_what_was_taken(channel)

    def check_whole(self) -> None:
        """Nothing is damaged, and nobody says so."""
        self.false_alarms += self._wrong_answers("nothing", refusals=False)
        if not self._verified():
            self.false_alarms.append("verify")

    def _wrong_answers(self, about: str, *, refusals: bool = True) -> list[str]:
        """By the server that runs, and by one that starts now."""
        datastore = Datastore.open(self.uploads)
        with closing(datastore):
            client = create_app(datastore, config.load(auth="open")).test_client()
            found = []
            for channel, known in self.known.items():
                live = Channel(self.url, channel, CHANNELS[channel])
                for part in Grid(BLOCK).parts(Box.of(EXTENT)):
                    url, headers = live.url_of(part.box), {"Accept": "application/blosc"}
                    warm = live.session.get(url, headers=headers)
                    cold = client.get(url.removeprefix(self.url), headers=headers)
                    for status, body in ((warm.status_code, warm.content), (cold.status_code, cold.data)):
                        self.told[str(status)] += 1
                        if status == 500 and refusals:
                            continue
                        right = status == 200 and np.array_equal(live.unpacked(body, part.box), known[part.box.slices])
                        if not right:
                            found.append(f"{about}: {status} for {channel} {part.box}")
            return found

    def _erase_what_was_taken(self, name: str) -> None:
        channel = Channel(self.url, name, CHANNELS[name])
        url = channel.url_of(Box((WRITTEN.stop[0], 0, 0), EXTENT)).replace("/cutout/", "/cutout/to_black/")
        assert channel.session.put(url, timeout=60).status_code == 200

    def _verified(self) -> bool:
        """Whether verify says that all is well."""
        with closing(Datastore.open(self.uploads)) as datastore:
            return verify(datastore).ok

    def _changed_files(self, channel: str) -> list[str]:
        files = {p.relative_to(root) for root in (self.kept, self.uploads) for p in (root / channel).rglob("*")}
        return [str(path) for path in sorted(files) if _content(self.kept / path) != _content(self.uploads / path)]

    def _restore(self) -> None:
        for channel in self.known:
            for name in self._changed_files(channel):
                kept, file = self.kept / name, self.uploads / name
                if kept.is_file():
                    shutil.copyfile(kept, file)
                elif file.is_dir():
                    shutil.rmtree(file)
                else:
                    file.unlink(missing_ok=True)


def damage(folder: Path, rounds: int, seed: int) -> list[Figure]:
    """``rounds`` of every kind of damage."""
    uploads, dice = folder / "uploads", random.Random(seed)
    settings: dict[str, Any] = {"block_size": "16,32,48", "chunk_size": "8,16,24", "log_level": "error"}
    with serving(uploads, "--workers", "2", "--threads", "4", **settings) as server:
        ward = Ward(server.url, uploads, folder / "kept")
        for name, dtype in CHANNELS.items():
            ward.known[name] = _written(server.url, name, dtype, uploads, folder / "older")
        shutil.copytree(uploads / "damage", folder / "kept/damage")
        ward.check_whole()
        for _ in range(rounds):
            for name in EVERY:
                channel = dice.choice(list(CHANNELS))
                ward.harm(name, channel, Places(uploads / channel, folder / "older" / channel, dice))
            ward.check_whole()
        server.kill()  # it rightly complained
    return [
        Figure("damages of files", rounds * len(EVERY)),
        Figure("kinds of damage", len(EVERY)),
        Figure("reads of a block meanwhile", ward.told.total()),
        Figure("of them refused with 500", ward.told["500"]),
        Figure(
            "wrong voxels in an answer that a checksum has to refuse", len(ward.silent), 0, details=_few(ward.silent)
        ),
        Figure("damaged blocks that verify did not find", len(ward.missed), 0, details=_few(ward.missed)),
        Figure("good blocks where none was written, taken for data", len(ward.taken_for_data)),
        Figure("complaints about what is whole", len(ward.false_alarms), 0, details=_few(ward.false_alarms)),
    ]


def _written(url: str, name: str, dtype: str, uploads: Path, older: Path) -> NDArray[Any]:
    """Make a channel and write it twice; the voxels that it holds in the end."""
    channel, noise = Channel(url, name, dtype), np.random.default_rng(len(name))
    if name == next(iter(CHANNELS)):
        channel.create(EXTENT)
    else:
        body = {"type": "annotation", "datatype": dtype}
        made = requests.post(f"{url}/v1/collection/damage/experiment/e/channel/{channel.name}", json=body, timeout=60)
        assert made.status_code == 201, made.text
    known = np.zeros(EXTENT, dtype)
    for copy in (True, False):
        known[WRITTEN.slices] = noise.integers(1, 200, WRITTEN.shape)
        assert channel.write(WRITTEN, known[WRITTEN.slices]) == 201
        if copy:
            shutil.copytree(uploads / name, older / name)
    return known


def _content(file: Path) -> bytes | None:
    """None where there is nothing; of a folder, that it is one."""
    return file.read_bytes() if file.is_file() else b"folder" if file.is_dir() else None


def _few(lines: list[str]) -> tuple[str, ...]:
    return tuple(lines[:20])
