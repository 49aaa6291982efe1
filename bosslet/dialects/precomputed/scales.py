"""A channel as Neuroglancer's precomputed format describes it: ``info``, and which box a chunk is.

The order is x, y, z here. A scale is a resolution that has an array; its key is that number. Its chunks are counted
from the voxel offset, where the coordinate frame starts. Precomputed data has no time: each sample is a volume of its
own.

Format: https://github.com/google/neuroglancer/blob/master/src/datasource/precomputed/volume.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from bosslet.catalog.records import Channel
from bosslet.codecs.compressed_labels import DTYPES, PIECE
from bosslet.dialects.precomputed.address import Variant
from bosslet.errors import InvalidBox, InvalidMode
from bosslet.geometry import Box, Point

Json = dict[str, Any]

RAW, JPEG, LABELS = "raw", "jpeg", "compressed_segmentation"
CHUNK: Point = (64, 64, 64)
"""What is sent as one piece: as viewers like it, and whole chunks of what is stored."""
NANOMETERS = {"nanometers": 1.0, "micrometers": 1e3, "millimeters": 1e6, "centimeters": 1e7}
"""In one of a coordinate frame's units; a precomputed volume has no other."""

_NUMBER = "(0|[1-9][0-9]{0,11})"
_CHUNK_NAME = re.compile("_".join([f"{_NUMBER}-{_NUMBER}"] * 3))


@dataclass(frozen=True, slots=True)
class Scale:
    """One resolution of a channel."""

    channel: Channel
    resolution: int
    iso: bool = False

    @property
    def box(self) -> Box:
        """What the coordinate frame covers of it, without what no voxel can be written to; empty for an empty frame."""
        pyramid, frame = self.channel.experiment.pyramid, self.channel.experiment.frame
        factors = pyramid.scale(self.resolution, iso=self.iso)
        z, y, x = (max(0, start) // by for start, by in zip(frame.start, factors, strict=True))
        ends = pyramid.extent(self.resolution, iso=self.iso)
        z_stop, y_stop, x_stop = (max(stop, start) for start, stop in zip((z, y, x), ends, strict=True))
        return Box((z, y, x), (z_stop, y_stop, x_stop))

    def chunk(self, name: str) -> Box:
        """The voxels of ``x0-x1_y0-y1_z0-z1``.

        Raises:
            InvalidBox: no chunk of this scale has that name.
        """
        found = _CHUNK_NAME.fullmatch(name)
        if found is None:
            raise InvalidBox(f"{name[:100]!r} is no chunk: their names are x0-x1_y0-y1_z0-z1")
        x, x_stop, y, y_stop, z, z_stop = map(int, found.groups())
        whole, start = self.box, (z, y, x)
        stop = tuple(min(first + side, end) for first, side, end in zip(start, CHUNK, whole.stop, strict=True))
        inside = all(a <= b < c for a, b, c in zip(whole.start, start, whole.stop, strict=True))
        aligned = all((a - b) % side == 0 for a, b, side in zip(start, whole.start, CHUNK, strict=True))
        if not inside or not aligned or stop != (z_stop, y_stop, x_stop):
            raise InvalidBox(f"{name} is no chunk of scale {self.resolution}; they are in its info")
        return Box(start, (z_stop, y_stop, x_stop))

    def describe(self, prefix: str, encoding: str) -> Json:
        """Its entry in ``info``; ``prefix`` comes before the key."""
        box, frame = self.box, self.channel.experiment.frame
        nm = NANOMETERS[frame.voxel_unit]
        size = self.channel.experiment.pyramid.voxel_size(self.resolution, iso=self.iso)
        entry: Json = {
            "key": f"{prefix}{self.resolution}",
            "size": list(box.shape[::-1]),
            "voxel_offset": list(box.start[::-1]),
            "resolution": [side * nm for side in reversed(size)],
            "chunk_sizes": [list(CHUNK[::-1])],
            "encoding": encoding,
        }
        if encoding == LABELS:
            entry["compressed_segmentation_block_size"] = list(PIECE)
        return entry


def encoding_of(channel: Channel, variant: Variant) -> str:
    """The encoding that is asked for, or else the one that fits best; raises InvalidMode for one that cannot be."""
    possible = [RAW]
    if channel.datatype == "uint8":
        possible.append(JPEG)
    if channel.datatype in DTYPES:
        possible.append(LABELS)
    if variant.encoding is None:
        return LABELS if channel.annotation and LABELS in possible else RAW
    if variant.encoding not in possible:
        raise InvalidMode(f"encoding {variant.encoding}: chunks of {channel.datatype} come as {', '.join(possible)}")
    return variant.encoding


def info(scales: list[Scale], channel: Channel, variant: Variant, prefix: str) -> Json:
    """What a reader asks for first."""
    encoding = encoding_of(channel, variant)
    content: Json = {
        "@type": "neuroglancer_multiscale_volume",
        "type": "segmentation" if channel.annotation else "image",
        "data_type": channel.datatype,
        "num_channels": 1,
        "scales": [scale.describe(prefix, encoding) for scale in scales],
    }
    if channel.annotation:
        content["segment_properties"] = f"{prefix}segment_properties"
        content["mesh"] = f"{prefix}mesh"
    return content


def provenance(channel: Channel, sources: list[str]) -> Json:
    """Whose it is and what it was made from, as far as the reader may know of that, as cloud-volume reads it."""
    return {
        "description": channel.description,
        "owners": [channel.creator],
        "processing": [],
        "sources": sources,
    }
