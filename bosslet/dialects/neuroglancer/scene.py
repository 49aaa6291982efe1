"""The whole state of the viewer for some channels of an experiment: layers, and where to look from.

Positions and dimensions are always given, in the order x, y, z: without dimensions the viewer takes a scale for meters.
How far away the first look is depends on what there is to see from there: of a volume without coarser levels, a
picture of all of it would take all of its voxels.
"""

from __future__ import annotations

from typing import Any

from bosslet.catalog.records import Channel, Frame
from bosslet.errors import InvalidState
from bosslet.spacing import NANOMETERS

Json = dict[str, Any]

PANEL_PIXELS = 512
"""About how wide one of the four panels is."""
SMALLEST_METERS = 1e-100
"""What is less than that cannot be told from nothing, once it was multiplied."""
FAR = 1.3
"""How much larger than the volume the 3-D view is."""
ASKEW = [0.35, 0.25, 0.1, 0.897]
"""From where the 3-D view looks: a quaternion, such that three sides of the volume are seen."""


def scene(layers: list[Json], frame: Frame, coarsest: int) -> Json:
    """``coarsest`` is the last resolution that all of the layers have.

    Raises:
        InvalidState: a voxel has no size, or a volume none that the viewer could count in.
    """
    voxel = [size * NANOMETERS[frame.voxel_unit] / 1e9 for size in frame.voxel_size]
    smallest = min(voxel)
    if smallest < SMALLEST_METERS:
        raise InvalidState(f"voxels of {frame.voxel_size} {frame.voxel_unit} (z, y, x) cannot be shown in space")
    sides = zip(frame.start, frame.stop, voxel, strict=True)
    longest = max((max(1, stop - start) * size / smallest for start, stop, size in sides), default=1.0)
    middle = [(first + last) / 2 for first, last in zip(frame.start, frame.stop, strict=True)]
    return {
        "dimensions": {axis: [size, "m"] for axis, size in zip("xyz", reversed(voxel), strict=True)},
        "position": middle[::-1],
        "crossSectionScale": max(0.1, min(longest / PANEL_PIXELS, 2.0**coarsest)),
        "projectionScale": longest * FAR,
        "projectionOrientation": ASKEW,
        # Slices would hide meshes.
        "showSlices": not any(layer.get("segments") for layer in layers),
        "layers": layers,
        "layout": "4panel",
    }


def image_layer(channel: Channel, source: str, contrast: tuple[int, int]) -> Json:
    """Gray, from black at the first value to white at the second."""
    return {
        "type": "image",
        "name": channel.name,
        "source": source,
        "shaderControls": {"normalized": {"range": list(contrast)}},
    }


def segmentation_layer(channel: Channel, source: str, segments: tuple[str, ...]) -> Json:
    """Labels, of which some may be selected: these are shown as meshes as well."""
    return {"type": "segmentation", "name": channel.name, "source": source, "segments": list(segments)}
