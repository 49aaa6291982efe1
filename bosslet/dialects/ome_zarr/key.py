"""The keys of a channel's OME-Zarr image: the names of its files, of which no others are served.

    zarr.json   <resolution>/zarr.json   <resolution>/c/<t>/<z>/<y>/<x>

and the same under ``iso/`` for what the isotropic pyramid of an anisotropic experiment has of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bosslet.errors import NotFound
from bosslet.geometry import Point
from bosslet.volume.image import Image
from bosslet.volume.volume import Volume

_NUMBER = "(0|[1-9][0-9]{0,9})"
_KEY = re.compile(rf"(iso/)?(?:(?:([0-9])/)?zarr\.json|([0-9])/c/{'/'.join([_NUMBER] * 4)})")


@dataclass(frozen=True, slots=True)
class Key:
    """A file of an image: a block, or else the document of an array, or else that of a group."""

    iso: bool
    resolution: int | None
    time: int = 0
    block: Point | None = None

    @classmethod
    def of(cls, text: str) -> Key:
        """Raises NotFound for what no image has."""
        found = _KEY.fullmatch(text)
        if found is None:
            raise NotFound(f"no key {text[:200]!r}")
        iso, level = found[1] is not None, found[2] or found[3]
        resolution = None if level is None else int(level)
        if found[4] is None:
            return cls(iso, resolution)
        time, z, y, x = map(int, found.groups()[3:])
        return cls(iso, resolution, time, (z, y, x))

    def level(self, image: Image) -> Volume:
        """The array that the key is of; raises NotFound where there is none."""
        if self.resolution is None or (self.iso and not image.pyramid.has_iso(self.resolution)):
            raise NotFound(f"no array {self.resolution}")
        level = image.level(self.resolution, iso=self.iso)
        if not level.exists:
            raise NotFound(f"no array {self.resolution}")
        return level

    def document(self, image: Image) -> bytes:
        """The ``zarr.json`` that the key names; raises NotFound where there is none."""
        folder = f"{image.path}/iso" if self.iso else image.path
        path = folder if self.resolution is None else self.level(image).path
        content = image.store.document(f"{path}/zarr.json")
        if content is None:
            raise NotFound("no such group")
        return content
