"""Group commit: writes that wait for the same block are made as one, with one rewrite and one sync.

A block is replaced as a whole, so four clients who send it a slab each would write it four times. Whoever has to wait
for the lock of a block leaves the voxels in a file meanwhile, an *offer*. The next one who gets the lock lays its own
voxels over all that is offered, writes the block once, and removes the files. Who finds the own offer gone has nothing
left to do: it is on the disk.

An offer is locked (``flock``) for as long as its owner lives. One that nobody holds is of a process that was killed; it
was never acknowledged, and is thrown away. The files need not outlive anything and are not synced: they are mostly gone
before the kernel would write them to the disk.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from bosslet.geometry import Box, Grid, Point

Voxels = NDArray[Any]

MAX_BYTES = 2**25
"""Of the voxels that one writer offers, and of a block that is combined."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Voxels (z, y, x) for a box of a block."""

    box: Box
    voxels: Voxels
    fill: bool
    """Whether there are zeros among them that leave what is there (``Volume.merge``)."""

    def covers(self, other: Offer) -> bool:
        """Whether nothing of another one is left under it."""
        return other.box in self.box and not self.fill

    def lay(self, over: Voxels, start: Point) -> None:
        """Put it over the voxels of a larger box that starts there."""
        place = over[self.box.relative_to(start).slices]
        np.copyto(place, self.voxels, where=self.voxels != 0 if self.fill else True)


def combined(under: Iterable[Offer], own: Offer, read: Callable[[Box], Voxels], depth: int) -> Offer:
    """An offer laid over others, in their order; ``read`` gives what is stored in a box, if any of it stays.

    Alone, its own voxels are filled in where they are zero, so many planes at a time: a block may be large, and then
    neither all that is stored in it nor the chunks that are decompressed for it are to be in memory besides.
    """
    offers = [*(other for other in under if not own.covers(other)), own]
    if len(offers) == 1:
        _, y, x = own.box.stop
        for part in Grid((depth, y, x)).parts(own.box) if own.fill else ():
            place = own.voxels[part.box.relative_to(own.box.start).slices]
            np.copyto(place, read(part.box), where=place == 0)
        return Offer(own.box, own.voxels, fill=False)
    boxes = [offer.box for offer in offers]
    box = _hull(boxes)
    stays = any(offer.fill for offer in offers) or not _tiled(box, boxes)
    voxels = read(box) if stays else np.empty(box.shape, own.voxels.dtype)
    for offer in offers:
        offer.lay(voxels, box.start)
    return Offer(box, voxels, fill=False)


def fitting(offers: Mapping[Path, Offer], own: Offer) -> dict[Path, Offer]:
    """As many of these as can be combined with one's own without too much memory."""
    taken: dict[Path, Offer] = {}
    for file, offer in offers.items():
        box = _hull([own.box, offer.box, *(each.box for each in taken.values())])
        if box.size * own.voxels.itemsize <= MAX_BYTES:
            taken[file] = offer
    return taken


def _hull(boxes: Sequence[Box]) -> Box:
    """The smallest box with all of these."""
    z, y, x = (min(axis) for axis in zip(*(box.start for box in boxes), strict=True))
    z_stop, y_stop, x_stop = (max(axis) for axis in zip(*(box.stop for box in boxes), strict=True))
    return Box((z, y, x), (z_stop, y_stop, x_stop))


def _tiled(whole: Box, boxes: Sequence[Box]) -> bool:
    """Whether a box is made of these, with no voxel in two of them."""
    apart = all(not one.intersection(other).size for one, other in combinations(boxes, 2))
    return apart and sum(box.size for box in boxes) == whole.size


class Standing:
    """The offers of one writer, by the names of the locks of their blocks."""

    def __init__(self, folder: Path, offers: Mapping[str, Offer], stack: ExitStack) -> None:
        self._folder = folder
        self._offers = dict(offers)
        self._stack = stack
        self._files: dict[str, Path] = {}

    def make(self) -> None:
        """Offer all that is left to write, as far as there is room, unless that was done."""
        room = 0 if self._files else MAX_BYTES
        for name, offer in self._offers.items():
            room -= offer.voxels.nbytes
            if room < 0:
                return
            with suppress(OSError):  # no room: it will be written later, alone
                self._files[name] = self._made(name, offer)

    def left(self, names: Iterable[str]) -> dict[str, Offer]:
        """What of these nobody has written so far."""
        return {name: self._offers[name] for name in names if name not in self._files or self._files[name].exists()}

    def withdraw(self, names: Iterable[str]) -> None:
        """Offer these neither now nor later; for who holds their locks, and is about to write them.

        Were one offered once it is written, it could be laid over what others wrote since.
        """
        for name in names:
            del self._offers[name]
            if name in self._files:
                remove(self._files[name])

    def _made(self, name: str, offer: Offer) -> Path:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        unfinished = self._folder / f"new-{uuid4().hex}"
        file = self._folder / unfinished.name.replace("new-", _start(name))
        # Held till the end: this is what tells others that the owner lives.
        content = self._stack.enter_context(unfinished.open("xb"))
        self._stack.callback(remove, file)
        self._stack.callback(remove, unfinished)
        fcntl.flock(content, fcntl.LOCK_EX)
        _write(content, name, offer)
        return unfinished.rename(file)


class Offers:
    """The offers for all blocks of a store, in a folder of their own that is made when it is needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def standing(self, offers: Mapping[str, Offer]) -> Iterator[Standing]:
        """What a writer is about to write; inside it, it can be offered."""
        with ExitStack() as stack:
            yield Standing(self._folder, offers, stack)

    def found(self, name: str, dtype: np.dtype[Any]) -> dict[Path, Offer]:
        """What others offer for a block, and voxels of that type; for who holds its lock and withdrew the own offer."""
        read = {file: _read(file, name, dtype) for file in sorted(self._folder.glob(f"{_start(name)}*"))}
        return {file: offer for file, offer in read.items() if offer is not None}

    def sweep(self) -> None:
        """Remove what killed processes left."""
        for file in self._folder.glob("*"):
            with suppress(FileNotFoundError), file.open("rb") as content:
                if _is_orphan(content):
                    remove(file)


def _start(name: str) -> str:
    return f"{crc32(name.encode()):08x}-"


def _write(content: BinaryIO, name: str, offer: Offer) -> None:
    box, voxels = offer.box, offer.voxels
    head = {"name": name, "dtype": voxels.dtype.str, "start": box.start, "stop": box.stop, "fill": offer.fill}
    content.write(json.dumps(head).encode() + b"\n")
    for plane in voxels:
        content.write(np.ascontiguousarray(plane).data)
    content.flush()


def _read(file: Path, name: str, dtype: np.dtype[Any]) -> Offer | None:
    try:
        with file.open("rb") as content:
            if _is_orphan(content):
                file.unlink(missing_ok=True)
                return None
            head = json.loads(content.readline())
            # Others may share the checksum; and a channel of this name may have had another type a moment ago.
            if (head["name"], head["dtype"]) != (name, dtype.str):
                return None
            box = Box(tuple(head["start"]), tuple(head["stop"]))
            # Mapped, not read: as many may be found as there are clients, and each is in memory already, as a file.
            return Offer(box, np.memmap(content, dtype, "r", content.tell(), box.shape), head["fill"])
    except FileNotFoundError:
        return None


def _is_orphan(content: BinaryIO) -> bool:
    try:
        fcntl.flock(content, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def remove(file: Path) -> None:
    """Tell its owner that it is written. One that cannot be removed will be written once more."""
    with suppress(OSError):
        file.unlink()
