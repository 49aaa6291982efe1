"""One channel on disk: an OME-Zarr 0.5 image, with one array for each resolution that exists.

    <path>/zarr.json          the multiscales metadata, and under "bosslet" what the catalog knows of the channel
    <path>/<resolution>/      an array (t, z, y, x)
    <path>/iso/zarr.json      the same for the isotropic pyramid of an anisotropic experiment,
    <path>/iso/<resolution>/  which has arrays of its own only above the isotropic level

The description can be made again from the catalog at any time; the other way round, the catalog can be rebuilt from it.
Format: https://ngff.openmicroscopy.org/0.5/.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bosslet.errors import InvalidRequest
from bosslet.pyramid import Pyramid
from bosslet.volume.layout import Json, Layout
from bosslet.volume.store import Shape, Store
from bosslet.volume.volume import Volume

LEVELS = range(10)
"""The resolutions that can be asked for: bossDB's URLs have one digit for them."""


@dataclass(frozen=True, slots=True)
class Axes:
    """What a step along the axes of an image means."""

    space_unit: str
    """In the singular, as OME-Zarr has it: ``nanometer``."""
    time_step: float = 1.0
    time_unit: str | None = None

    def metadata(self) -> list[Json]:
        """OME-Zarr's list of axes."""
        time: Json = {"name": "t", "type": "time"}
        if self.time_unit is not None:
            time["unit"] = self.time_unit
        return [time, *({"name": name, "type": "space", "unit": self.space_unit} for name in "zyx")]


@dataclass(frozen=True, slots=True)
class Image:
    """All resolutions of a channel."""

    store: Store
    path: str
    layout: Layout
    pyramid: Pyramid
    axes: Axes
    time_samples: int = 1
    labels: bool = False
    attributes: Callable[[], Json] = dict
    """What bosslet keeps about the channel beside the OME-Zarr metadata, as it is when this is called."""

    def level(self, resolution: int, *, iso: bool = False) -> Volume:
        """The voxels of a resolution, whether or not anything was written to it yet."""
        iso = iso and self.pyramid.has_iso(resolution)
        path = f"{self.path}/iso/{resolution}" if iso else f"{self.path}/{resolution}"
        return Volume(self.store, path, self.layout, self._shape(resolution, iso=iso))

    def create_level(self, resolution: int, *, iso: bool = False) -> Volume:
        """The voxels of a resolution, its array made and listed in the description when it was not there."""
        level = self.level(resolution, iso=iso)
        if not level.exists:
            with unfinished(self.store, self.path):
                level.create()
                self.describe()
        return level

    def levels(self, *, iso: bool = False) -> list[int]:
        """The resolutions that have an array."""
        return [
            level for level in LEVELS if (not iso or self.pyramid.has_iso(level)) and self.level(level, iso=iso).exists
        ]

    def describe(self) -> None:
        """Write the metadata of the image, from what it is and which resolutions exist."""
        with self.store.locks.hold([f"{self.path}/zarr.json", f"{self.path}/iso/zarr.json"]):
            self._describe(self.path, self.levels(), iso=False)
            if iso_levels := self.levels(iso=True):
                self._describe(f"{self.path}/iso", iso_levels, iso=True)

    def _describe(self, path: str, levels: list[int], *, iso: bool) -> None:
        ome: Json = {"version": "0.5", "multiscales": [self._multiscales(levels, iso=iso)]}
        if self.labels:
            ome["image-label"] = {"version": "0.5"}
        attributes = {"ome": ome, "bosslet": self.attributes()}
        # As zarr-python has it, which takes a third of a second to be read, in every process.
        group = {"attributes": attributes, "zarr_format": 3, "node_type": "group"}
        self.store.write_document(f"{path}/zarr.json", json.dumps(group, indent=2).encode())

    def _multiscales(self, levels: list[int], *, iso: bool) -> Json:
        return {
            "name": self.path.rpartition("/")[2],
            "axes": self.axes.metadata(),
            "datasets": [
                {"path": str(level), "coordinateTransformations": self._transformations(level, iso=iso)}
                for level in levels
            ],
        }

    def _transformations(self, level: int, *, iso: bool) -> list[Json]:
        scale = self.pyramid.voxel_size(level, iso=iso)
        # The centre of the first voxel of a level lies between the centres of the native voxels that it covers.
        shift = [(size - native) / 2 for size, native in zip(scale, self.pyramid.native_voxel_size, strict=True)]
        transformations: list[Json] = [{"type": "scale", "scale": [self.axes.time_step, *scale]}]
        if any(shift):
            transformations.append({"type": "translation", "translation": [0.0, *shift]})
        return transformations

    def _shape(self, resolution: int, *, iso: bool) -> Shape:
        # A frame may end before it starts, and an experiment have no samples: bossDB lets one make them all the same.
        z, y, x = self.pyramid.extent(resolution, iso=iso)
        return max(1, self.time_samples), max(1, z), max(1, y), max(1, x)


@contextmanager
def unfinished(store: Store, path: str) -> Iterator[None]:
    """Inside it, files of an image are made; were this process killed, the next one that starts would know."""
    if store.ledger is None:
        yield
        return
    store.ledger.begin(path)
    try:
        yield
    except InvalidRequest:
        store.ledger.finish(path)  # refused before anything was made
        raise
    store.ledger.finish(path)
