"""The labels of a channel, for the list of segments in a viewer.

A viewer waits for this list before it shows anything, so it is taken from the finest resolution that has few blocks:
what is too small to be there is missing in the list, and can be selected all the same.

Format: https://github.com/google/neuroglancer/blob/master/src/datasource/precomputed/segment_properties.md.
"""

from __future__ import annotations

from typing import Any

from bosslet.dialects.precomputed.scales import Scale
from bosslet.geometry import Box
from bosslet.volume.image import Image
from bosslet.volume.labels import LabelIndex

FEW = 8
"""Blocks in which the labels are looked for; where nobody asked before, one takes about 0.4 seconds."""
MOST = 100_000
"""Labels in the list; a viewer has to keep them all."""


def segment_properties(image: Image, scales: list[Scale], time: int) -> dict[str, Any]:
    """The labels of a time sample, without properties."""
    labels: list[int] = []
    for scale in scales:
        index = LabelIndex(image.level(scale.resolution, iso=scale.iso), time)
        if len(blocks := index.blocks()) <= FEW:
            labels = index.labels_in(_around(image, blocks)).tolist() if blocks else []
            break
    inline = {"ids": [str(label) for label in labels[:MOST]], "properties": []}
    return {"@type": "neuroglancer_segment_properties", "inline": inline}


def _around(image: Image, blocks: list[tuple[int, int, int]]) -> Box:
    sides = image.layout.block
    z, y, x = (min(index[axis] for index in blocks) * sides[axis] for axis in range(3))
    z_stop, y_stop, x_stop = ((max(index[axis] for index in blocks) + 1) * sides[axis] for axis in range(3))
    return Box((z, y, x), (z_stop, y_stop, x_stop))
