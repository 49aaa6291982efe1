"""The chunks of precomputed volumes: which voxels one is, and its bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bosslet.catalog.records import Channel
from bosslet.codecs import compressed_labels, image
from bosslet.datastore import Datastore
from bosslet.dialects.content import Representation
from bosslet.dialects.precomputed.address import Variant
from bosslet.dialects.precomputed.kept import KeptChunks
from bosslet.dialects.precomputed.scales import JPEG, LABELS, Scale, encoding_of
from bosslet.errors import InvalidTime, NotFound
from bosslet.geometry import Box
from bosslet.volume.image import LEVELS
from bosslet.volume.steady import steady_state
from bosslet.volume.volume import Volume

COPIES = 3
"""How often the voxels of a chunk are in memory at the same time, at the most: read, encoded and compressed."""
ENCODE = {JPEG: image.jpeg, LABELS: compressed_labels.encode}
"""What takes long; ``raw`` takes nothing."""
MEDIA_TYPES = {JPEG: "image/jpeg"}


@dataclass(frozen=True, slots=True)
class Chunk:
    """One that there is."""

    level: Volume
    time: int
    box: Box
    encoding: str
    nbytes: int
    """Of its voxels."""

    @property
    def media_type(self) -> str:
        """As HTTP has it."""
        return MEDIA_TYPES.get(self.encoding, "application/octet-stream")

    @property
    def compressible(self) -> bool:
        """Whether a content coding may be put on it."""
        return self.encoding != JPEG


class Chunks:
    """The chunks of all channels, of which those are kept that were encoded last."""

    def __init__(self, datastore: Datastore) -> None:
        self.datastore = datastore
        self.kept = KeptChunks()

    def find(self, channel: Channel, variant: Variant, key: str, name: str) -> Chunk:
        """The chunk of a name in a scale.

        Raises:
            NotFound: no such scale.
            InvalidMode, InvalidTime, InvalidBox: no such encoding, time sample, or chunk.
        """
        absent = NotFound(f"no scale {key[:100]!r}; info says which there are")
        if key not in _KEYS:
            raise absent
        scale = Scale(channel, int(key), variant.iso)
        encoding, time = encoding_of(channel, variant), time_of(channel, variant)
        level = self.datastore.image(channel).level(scale.resolution, iso=scale.iso)
        if not level.exists:
            raise absent
        box = scale.chunk(name)
        return Chunk(level, time, box, encoding, box.size * np.dtype(channel.datatype).itemsize)

    def encoded(self, chunk: Chunk, coding: str | None) -> Representation:
        """Its bytes, in a content coding if that pays."""
        coding = coding if chunk.compressible else None
        if chunk.encoding not in ENCODE:
            # As it is in memory: little-endian and x fastest.
            return Representation.of(_read(chunk).tobytes(), coding)
        level, time, box = chunk.level, chunk.time, chunk.box
        key, state = (level.path, time, box, chunk.encoding, coding), steady_state(level, time, box)
        if (kept := self.kept.get(key, state)) is not None:
            return kept
        made = Representation.of(ENCODE[chunk.encoding](_read(chunk)[0]), coding)
        if state is not None and steady_state(level, time, box) == state:
            self.kept.put(key, state, made)
        return made


_KEYS = frozenset(map(str, LEVELS))


def time_of(channel: Channel, variant: Variant) -> int:
    """The time sample that is asked for; raises InvalidTime."""
    samples = channel.experiment.num_time_samples
    time = channel.default_time_sample if variant.time is None else variant.time
    if not 0 <= time < samples:
        raise InvalidTime(f"time sample {time}: there are {samples}; say t<number>/ before the name of the file")
    return time


def _read(chunk: Chunk) -> NDArray[Any]:
    return chunk.level.read(range(chunk.time, chunk.time + 1), chunk.box)
