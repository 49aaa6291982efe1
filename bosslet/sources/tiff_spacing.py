"""How large a TIFF file says that its voxels are: in OME's XML, in ImageJ's description, or as bosslet writes it."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from tifffile import TiffFile

from bosslet.spacing import Spacing

VOXEL_SIZE, VOXEL_UNIT = "voxel_size_zyx", "voxel_unit"
"""Keys in the JSON that tifffile keeps in the description of an image."""


def spacing_of(file: TiffFile) -> Spacing | None:
    """None where nothing is said of it; the dots per inch of a picture are not about what it shows."""
    if file.ome_metadata:
        return _of_ome(file.ome_metadata)
    if file.imagej_metadata:
        return _of_imagej(file, file.imagej_metadata)
    for described in file.shaped_metadata or ():
        if VOXEL_SIZE in described and VOXEL_UNIT in described:
            z, y, x = map(float, described[VOXEL_SIZE])
            return Spacing.of((z, y, x), str(described[VOXEL_UNIT]))
    return None


def _of_ome(text: str) -> Spacing | None:
    try:
        pixels = next((each for each in ElementTree.fromstring(text).iter() if each.tag.endswith("}Pixels")), None)
    except ElementTree.ParseError:
        return None
    if pixels is None or "PhysicalSizeX" not in pixels.attrib:
        return None
    # A single plane needs no size along z; then that of x stands in.
    given = [axis if f"PhysicalSize{axis}" in pixels.attrib else "X" for axis in "ZYX"]
    units = [pixels.get(f"PhysicalSize{axis}Unit", "µm") for axis in given]
    return spacing_in([pixels.attrib[f"PhysicalSize{axis}"] for axis in given], units)


def _of_imagej(file: TiffFile, described: dict[str, Any]) -> Spacing | None:
    tags = file.pages.first.tags
    if "unit" not in described or "XResolution" not in tags or "YResolution" not in tags:
        return None
    (x, per_x), (y, per_y) = tags["XResolution"].value, tags["YResolution"].value
    if not x or not y:
        return None
    unit = str(described["unit"]).replace("\\u00B5", "µ")
    return spacing_in([described.get("spacing", per_x / x), per_y / y, per_x / x], [unit] * 3)


def spacing_in(sizes: list[Any], units: list[str]) -> Spacing | None:
    """Of sizes (z, y, x) that may each be in another unit."""
    try:
        z, y, x = map(float, sizes)
    except ValueError:
        return None
    if len(set(units)) == 1:
        return Spacing.of((z, y, x), units[0])
    each = [Spacing.of((size, size, size), unit) for size, unit in zip((z, y, x), units, strict=True)]
    in_nanometers = [found.to("nanometers")[0] for found in each if found is not None]
    return Spacing.of((in_nanometers[0], in_nanometers[1], in_nanometers[2]), "nm") if len(in_nanometers) == 3 else None
