"""What TIFF files say of the voxels that they hold, in OME's words or in those that ``sources.tiff_spacing`` reads."""

from __future__ import annotations

from typing import Any

from bosslet.targets.target import Subject

VOXEL_SIZE, VOXEL_UNIT = "voxel_size_zyx", "voxel_unit"
BIG = 2**31
"""Bytes of voxels from which on a file is BigTIFF: some readers have trouble with more, and the format ends soon."""
_OME_UNITS = {"nanometers": "nm", "micrometers": "µm", "millimeters": "mm", "centimeters": "cm"}


def write_options(subject: Subject, *, ome: bool, level: int = 0) -> dict[str, Any]:
    """For ``tifffile.imwrite``; compressed by deflate where the level is not 0."""
    nbytes = subject.dtype.itemsize
    for side in subject.shape:
        nbytes *= side
    compression = {"compression": "zlib", "compressionargs": {"level": level}} if level else {}
    metadata = _ome(subject) if ome else _own(subject)
    return {
        "photometric": "minisblack",  # or three planes would pass for red, green and blue
        "bigtiff": nbytes >= BIG,
        "ome": ome,
        "metadata": {"axes": subject.axes} | metadata,
    } | compression


def plane_options(subject: Subject, level: int) -> dict[str, Any]:
    """For a file of one plane."""
    _, _, y, x = subject.shape
    options = write_options(subject, ome=False, level=level)
    return options | {"bigtiff": y * x * subject.dtype.itemsize >= BIG, "metadata": _own(subject)}


def _own(subject: Subject) -> dict[str, Any]:
    if subject.spacing is None:
        return {}
    return {VOXEL_SIZE: list(subject.spacing.size), VOXEL_UNIT: subject.spacing.unit}


def _ome(subject: Subject) -> dict[str, Any]:
    if subject.spacing is None:
        return {}
    unit = _OME_UNITS[subject.spacing.unit]
    sizes = dict(zip("ZYX", subject.spacing.size, strict=True))
    return {f"PhysicalSize{axis}": size for axis, size in sizes.items()} | {
        f"PhysicalSize{axis}Unit": unit for axis in sizes
    }
