"""Everything that can be said against the files of one image, found without stopping anybody from writing to it.

A finding must be true however the look at the files and the work of others fall together. So what seems to be missing
is looked for twice, around the place that would explain it; a block counts as another one than was written only if the
ledger said so before and after the look at the file; and what was found good is noted under the block's lock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bosslet.errors import UnreadableBlock
from bosslet.geometry import Box, Grid
from bosslet.volume.generation import block_state
from bosslet.volume.image import LEVELS, Image
from bosslet.volume.ledger import Block
from bosslet.volume.volume import Volume

_KNOWN = re.compile(r"(iso/)?(zarr\.json|[0-9]/(zarr\.json|c/(0|[1-9][0-9]*)(/(0|[1-9][0-9]*)){3}))|.*\.__lock")
ANOTHER = "holds other voxels than were last written to it: those of another block, or older ones"


@dataclass(frozen=True, slots=True)
class Level:
    """One array of an image."""

    resolution: int
    iso: bool
    volume: Volume

    def box(self, block: Block) -> Box:
        """The voxels of a block."""
        return Grid(self.volume.layout.block).box_of(block[1:])


def images_in(uploads: Path) -> list[str]:
    """The paths of all images in a folder, whether or not anybody knows of them."""
    found = uploads.glob("[!.]*/[!.]*/[!.]*/zarr.json")
    return sorted(str(document.parent.relative_to(uploads)) for document in found)


def undescribed_images(uploads: Path) -> list[str]:
    """The paths of folders with arrays of which nobody says what they are."""
    arrays = uploads.glob("[!.]*/[!.]*/[!.]*/[0-9]/zarr.json")
    images = {array.parent.parent for array in arrays if not (array.parent.parent / "zarr.json").exists()}
    return sorted(str(image.relative_to(uploads)) for image in images)


def levels_of(image: Image) -> list[Level]:
    """All that there could be."""
    plain = [Level(resolution, False, image.level(resolution)) for resolution in LEVELS]
    iso = [r for r in LEVELS if image.pyramid.has_iso(r)]
    return plain + [Level(resolution, True, image.level(resolution, iso=True)) for resolution in iso]


def unknown_files(image: Image) -> list[str]:
    """Files below the image that are no part of it."""
    return sorted(name for name in image.store.names(image.path) if not _KNOWN.fullmatch(name))


def complaints_of_image(image: Image) -> Iterator[str]:
    """What is wrong with an image besides its arrays; raises UnreadableBlock for one that cannot be looked at."""
    if lacks_description(image):
        yield "zarr.json is missing"
    yield from (f"an unknown file: {file}" for file in unknown_files(image))


def lacks_description(image: Image) -> bool:
    """Whether the image has no metadata, and is not just being made."""
    document, ledger = f"{image.path}/zarr.json", image.store.ledger
    if image.store.document(document) is not None or (ledger and image.path in ledger.unfinished()):
        return False
    return image.store.document(document) is None


def blocks_of(volume: Volume) -> list[Block]:
    """All blocks that have a file or should have one; raises UnreadableBlock for an array that cannot be opened."""
    if not volume.exists:
        return []
    entries = volume.store.ledger.entries(volume.path) if volume.store.ledger else {}
    return sorted(volume.listed_blocks().union(block for block, entry in entries.items() if entry.stored))


def complaint(volume: Volume, block: Block) -> str | None:
    """What is wrong with a block, of which every chunk is read; None where nothing is."""
    time, *_ = block
    box = Grid(volume.layout.block).box_of(block[1:])
    try:
        if not volume.reaches(time, box):
            return "lies outside of its array"
        volume.read(range(time, time + 1), box)
    except UnreadableBlock as error:
        return str(error)
    return ANOTHER if _is_another(volume, block) else None


def absence(volume: Volume, block: Block) -> str | None:
    """That a block is gone, told without reading any."""
    try:
        if volume.store.presence is not None:
            volume.store.presence.check(volume.path, [block])
    except UnreadableBlock as error:
        return str(error)
    return None


def take_note(volume: Volume, block: Block) -> None:
    """Let the ledger know of a block that was found good, where it did not or was unsure."""
    ledger, presence = volume.store.ledger, volume.store.presence
    if ledger is None or presence is None:
        return
    entry = ledger.entry(volume.path, block)
    array = volume.store.array(volume.path, volume.layout)
    if array is None or (entry is not None and entry.stored and ledger.trusts(entry)):
        return
    with volume.locked(block[0], block[1:]):
        entry = ledger.entry(volume.path, block)
        if entry is None or not entry.stored or not ledger.trusts(entry):
            presence.take_note(volume.path, array, block)


def _is_another(volume: Volume, block: Block) -> bool:
    ledger = volume.store.ledger
    before = ledger.entry(volume.path, block) if ledger else None
    if ledger is None or before is None or not before.stored or not ledger.trusts(before):
        return False
    found = block_state(volume, block[0], block[1:]).generation
    return found is not None and found != before.generation and ledger.entry(volume.path, block) == before
