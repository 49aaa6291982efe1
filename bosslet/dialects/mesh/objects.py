"""From a label to its surface: at which resolution, from which blocks, and whether it is known already."""

from __future__ import annotations

from collections.abc import Iterator

from bosslet.catalog.records import Channel, DownsampleStatus
from bosslet.datastore import Datastore
from bosslet.dialects.mesh.cache import SurfaceCache
from bosslet.dialects.mesh.surface import Surface, surface
from bosslet.errors import LabelNotFound, TooLarge
from bosslet.spacing import NANOMETERS
from bosslet.volume.image import LEVELS
from bosslet.volume.labels import LabelIndex, Place

MOST_VOXELS = 2**28
"""In the boxes around the parts of a label: reading as many takes some seconds."""
MOST_BLOCKS = 4096
"""At a resolution that has more, a label is only looked for when there is no coarser one."""


class Objects:
    """The labels of all channels."""

    def __init__(self, datastore: Datastore) -> None:
        self.datastore = datastore
        self.cache = SurfaceCache()

    def surface(self, channel: Channel, time: int, label: int) -> Surface:
        """The surface, in nanometers (x, y, z).

        Raises:
            LabelNotFound
            TooLarge: also at the coarsest resolution that shows what is stored.
        """
        too_large = TooLarge(f"label {label} is too large for a mesh; downsample {channel}, and it can be had coarser")
        for resolution in self._resolutions(channel, time):
            try:
                return self._at(channel, resolution, time, label)
            except TooLarge as error:
                too_large = error
        raise too_large

    def _resolutions(self, channel: Channel, time: int) -> Iterator[int]:
        """Those that may be looked at, the finest first."""
        levels = _shown(channel)
        for resolution in levels:
            level = self.datastore.image(channel).level(resolution)
            if resolution == levels[-1] or len(LabelIndex(level, time).blocks()) <= MOST_BLOCKS:
                yield resolution

    def _at(self, channel: Channel, resolution: int, time: int, label: int) -> Surface:
        level = self.datastore.image(channel).level(resolution)
        places = list(LabelIndex(level, time).places_of(label))
        if not places:
            raise LabelNotFound(f"label {label} has no voxels in {channel}")
        if sum(place.box.size for place in places) > MOST_VOXELS:
            raise TooLarge(f"label {label} fills too many voxels of {channel} for a mesh")
        key = level.path, time, label, tuple((place.index, place.generation) for place in places)
        found = self.cache.get(key)
        if found is None:
            found = surface(level, time, label, (place.box for place in places))
            if _settled(places) and places == list(LabelIndex(level, time).places_of(label)):
                self.cache.put(key, found)
        return found.scaled(_voxel_nm(channel, resolution))


def _settled(places: list[Place]) -> bool:
    return all(place.generation is not None for place in places)


def _shown(channel: Channel) -> list[int]:
    first = channel.base_resolution
    if channel.downsample_status is not DownsampleStatus.DOWNSAMPLED:
        return [first]
    return list(range(first, min(first + channel.experiment.num_hierarchy_levels, len(LEVELS)))) or [first]


def _voxel_nm(channel: Channel, resolution: int) -> list[float]:
    """x, y, z."""
    size = channel.experiment.pyramid.voxel_size(resolution)
    return [side * NANOMETERS[channel.experiment.frame.voxel_unit] for side in reversed(size)]
