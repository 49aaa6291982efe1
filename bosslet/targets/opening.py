"""From the name that a user gives to a target: the format is told by its ending, or said."""

from __future__ import annotations

import re
from pathlib import Path

from PIL import features

from bosslet.errors import MissingLibrary, UnusableFile
from bosslet.targets.arrays import Npy, Tiff
from bosslet.targets.chunked import Chunked
from bosslet.targets.planes import PLACE, Planes
from bosslet.targets.sequential import CompressedTiff, Hdf5
from bosslet.targets.target import Style, Subject, Target

FORMATS = ("tiff", "ome-tiff", "png", "jp2", "npy", "hdf5", "ome-zarr", "precomputed")
_ENDINGS = {
    r"\.ome\.tiff?": "ome-tiff",
    r"\.tiff?": "tiff",
    r"\.png": "png",
    r"\.(jp2|j2k|jpx)": "jp2",
    r"\.npy": "npy",
    r"\.(h5|hdf5|hdf)": "hdf5",
    r"\.zarr": "ome-zarr",
    r"\.precomputed": "precomputed",
}
_LEVELS = ("tiff", "ome-tiff", "png")
"""Formats that are compressed by a level alone."""
_OF_ARRAYS = ("zarr.json", ".zgroup", ".zarray", "info", "attributes.json")
"""A folder that holds one of these is an array, and may be replaced as a whole."""
_NARROW = {"png": ("uint8", "uint16"), "jp2": ("uint8", "uint16"), "ome-tiff": ("uint8", "uint16", "uint32")}


def target_at(name: str, subject: Subject, style: Style, *, format_name: str | None, overwrite: bool) -> Target:
    """Where and how to write; nothing is made yet.

    Raises:
        UnusableFile: no such format, or one that cannot hold the subject; or there is something already.
        MissingLibrary
    """
    wanted, path = _format(name, format_name)
    _check(wanted, path, subject)
    _check_style(wanted, path, style)
    if wanted in ("tiff", "png", "jp2") and (PLACE.search(path.name) or wanted != "tiff"):
        return _planes(wanted, path, subject, style, overwrite=overwrite)
    if not overwrite and path.exists():
        raise UnusableFile(f"{path}: is there already; --overwrite replaces it")
    if path.is_dir() and any(path.iterdir()) and not any((path / name).exists() for name in _OF_ARRAYS):
        raise UnusableFile(f"{path}: is a folder of other things, which --overwrite would remove")
    if wanted in ("tiff", "ome-tiff"):
        ome = wanted == "ome-tiff"
        if style.compression_level:
            return CompressedTiff(subject, path, style, ome=ome)
        return Tiff(subject, path, ome)
    if wanted == "hdf5":
        return Hdf5(subject, path, style)
    return (
        Npy(subject, path) if wanted == "npy" else Chunked(subject, path, "zarr" if "zarr" in wanted else "precomputed")
    )


def _format(name: str, wanted: str | None) -> tuple[str, Path]:
    scheme = re.match(r"(precomputed|zarr)://(?:file://)?", name)
    if scheme is not None:
        return ("ome-zarr" if scheme[1] == "zarr" else "precomputed"), Path(name[scheme.end() :])
    if re.match(r"[a-z0-9]+://", name):
        raise UnusableFile(f"{name}: can only write to this machine")
    path = Path(name.rstrip("/"))
    for ending, known in _ENDINGS.items():
        if wanted is None and re.search(f"{ending}$", path.name, re.IGNORECASE):
            return known, path
    if wanted is None:
        raise UnusableFile(
            f"{name}: its ending is not that of a known format; say --format, one of {', '.join(FORMATS)}"
        )
    return wanted, path


def _check(wanted: str, path: Path, subject: Subject) -> None:
    held = _NARROW.get(wanted, (subject.dtype.name,))
    if subject.dtype.name not in held:
        raise UnusableFile(
            f"{path}: {wanted} holds {', '.join(held)}, and {subject.name} is {subject.dtype}; take TIFF"
        )
    if wanted == "jp2" and not features.check("jpg_2000"):
        raise MissingLibrary(f"{path}: JPEG 2000 needs Pillow with OpenJPEG: pip install 'bosslet[jp2k]'")
    if wanted == "precomputed" and subject.series:
        raise UnusableFile(f"{path}: precomputed holds no time series; choose a sample by --time")


def _check_style(wanted: str, path: Path, style: Style) -> None:
    """What was asked for and cannot be had is not left out silently."""
    level = wanted in _LEVELS or style.compression == "gzip"
    unheeded = {
        f"--compression {style.compression}": style.compression is not None and wanted != "hdf5",
        f"--compression {style.compression_level}": bool(style.compression_level) and not level,
        "--dataset": style.dataset is not None and wanted != "hdf5",
        "--psnr": style.psnr is not None and wanted != "jp2",
    }
    for option, given in unheeded.items():
        if given:
            raise UnusableFile(f"{path}: {option} is not for {wanted}")


def _planes(wanted: str, path: Path, subject: Subject, style: Style, *, overwrite: bool) -> Planes:
    places = len(PLACE.findall(path.name))
    if PLACE.search(str(path.parent)) or places > 2 or path.name.replace("%%", "").count("%") != places:
        raise UnusableFile(f"{path}: the pattern should have %04d for z, or first one for time and then one for z")
    if subject.series and places < 2:
        raise UnusableFile(f"{path}: for a time series, the pattern needs two numbers, time and z; or choose by --time")
    if not places and subject.shape[1] > 1:
        raise UnusableFile(
            f"{path}: for {subject.shape[1]} planes, the name needs the place of the number, such as %04d"
        )
    return Planes(subject, path, "tiff" if wanted == "tiff" else "png" if wanted == "png" else "jp2", style, overwrite)
