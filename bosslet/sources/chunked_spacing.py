"""What the metadata of OME-Zarr, N5 and precomputed say of axes, voxel size, place, and whether voxels are labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bosslet.geometry import Point
from bosslet.sources.tiff_spacing import spacing_in
from bosslet.spacing import Spacing

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Description:
    """What is said; None for what is not."""

    names: str | None = None
    """Of the axes, in the order of the array."""
    spacing: Spacing | None = None
    labels: bool | None = None
    origin: Point | None = None


def described_by_ome(attributes: Json, wanted: str | None) -> tuple[str, Description] | None:
    """The path of one resolution, and its description; None where there is none of this path."""
    image = attributes["multiscales"][0]
    datasets = {dataset["path"]: dataset for dataset in image["datasets"]}
    path = wanted.strip("/") if wanted is not None else image["datasets"][0]["path"]
    if path not in datasets:
        return None
    # Versions before 0.4 name the axes and no more.
    axes = [axis if isinstance(axis, dict) else {"name": axis} for axis in image.get("axes", ())]
    names = [str(axis["name"]) for axis in axes]
    scale, shift = _transformed(datasets[path], image, len(axes))
    by_name = dict(zip(names, scale, strict=True))
    units = dict(zip(names, (str(axis.get("unit", "")) for axis in axes), strict=True))
    spacing, origin = None, None
    if set("yx") <= by_name.keys() and units["x"]:
        order = ["z" if "z" in by_name else "x", "y", "x"]
        spacing = spacing_in([by_name[name] for name in order], [units[name] for name in order])
        origin = _origin(dict(zip(names, shift, strict=True)), by_name)
    described = Description("".join(names) if names else None, spacing, "image-label" in attributes or None, origin)
    return path, described


def described_by_n5(attributes: Json) -> Description:
    """N5's own order is that of the array: x first."""
    usual = {2: "xy", 3: "xyz", 4: "xyzt", 5: "xyczt"}.get(len(attributes["dimensions"]))
    names = "".join(map(str, attributes["axes"])).lower() if "axes" in attributes else usual
    pixels: Any = attributes.get("pixelResolution", attributes.get("resolution"))
    unit: Any = "nm" if "units" not in attributes else list(attributes["units"])
    if isinstance(pixels, dict):
        pixels, unit = pixels.get("dimensions"), pixels.get("unit", "nm")
    if not isinstance(pixels, list) or names is None or len(pixels) > len(names) or not set("xyz") <= set(names):
        return Description(names)
    units = unit if isinstance(unit, list) else [unit] * len(pixels)
    known = {name: (size, each) for name, size, each in zip(names, pixels, units, strict=False)}
    if not set("zyx") <= known.keys():
        return Description(names)
    return Description(names, spacing_in([known[n][0] for n in "zyx"], [str(known[n][1]) for n in "zyx"]))


def described_by_precomputed(info: Json, number: int) -> Description:
    """Sizes are nanometers; where it begins is told by the array itself."""
    x, y, z = map(float, info["scales"][number]["resolution"])
    return Description("xyzc", Spacing.of((z, y, x), "nm"), info.get("type") == "segmentation")


def _transformed(dataset: Json, image: Json, axes: int) -> tuple[list[float], list[float]]:
    """How large a step is along each axis, and where the first voxel lies."""
    scale, shift = [1.0] * axes, [0.0] * axes
    for step in (*dataset.get("coordinateTransformations", ()), *image.get("coordinateTransformations", ())):
        factors = [float(value) for value in step.get("scale", [1.0] * axes)]
        added = [float(value) for value in step.get("translation", [0.0] * axes)]
        scale = [old * new for old, new in zip(scale, factors, strict=True)]
        shift = [old * new + by for old, new, by in zip(shift, factors, added, strict=True)]
    return scale, shift


def _origin(shift: dict[str, float], scale: dict[str, float]) -> Point | None:
    """In voxels, where that is a whole number of them on each axis."""
    found = [shift.get(name, 0.0) / scale.get(name, 1.0) for name in "zyx"]
    whole = [round(value) for value in found]
    if any(abs(value - near) > 1e-3 or near < 0 for value, near in zip(found, whole, strict=True)):
        return None
    return whole[0], whole[1], whole[2]
