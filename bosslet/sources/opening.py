"""From what a user names to a source: the format is told by what is in a file, not by its name."""

from __future__ import annotations

from pathlib import Path

from bosslet.errors import UnusableFile
from bosslet.sources import arrays, blockfs, hdf5, pictures, source, tiff
from bosslet.sources.boss import boss_channel, is_boss
from bosslet.sources.chunked import DOCUMENTS, address, chunked
from bosslet.sources.ingest_job import is_job, read_job
from bosslet.sources.names import expanded, in_order, natural, numbered
from bosslet.sources.source import NO_HINTS, Hints, Source
from bosslet.sources.stack import joined, stack

_HEAD = 16


def open_source(names: tuple[str, ...], hints: Hints = NO_HINTS) -> Source:
    """The volume in a file, in a folder, at an address, or in all files that patterns stand for.

    Raises:
        UnusableFile: one is missing, cut off, of an unknown format, or not like the others.
        MissingLibrary
    """
    if len(names) == 1 and is_boss(names[0]):
        return boss_channel(names[0])
    if len(names) == 1 and is_job(names[0]):
        return read_job(Path(names[0])).source()
    if len(names) == 1 and address(names[0]) is not None:
        return chunked(names[0], hints)
    if len(names) == 1 and (series := numbered(names[0], gaps=hints.gaps)) is not None:
        return stack(series.planes, hints)
    files = [file for name in names for file in expanded(name)]
    if len(files) == 1:
        return _one(files[0], hints)
    return _several(files, hints)


def _one(file: Path, hints: Hints) -> Source:
    if file.is_dir():
        return _folder(file, hints)
    head = _head(file)
    if tiff.is_tiff(head):
        return tiff.volume(file, hints)
    if pictures.is_picture(head):
        return stack(((file,),), hints)
    if head.startswith(hdf5.MAGIC):
        return hdf5.dataset(file, hints)
    if head.startswith(blockfs.MAGIC):
        return blockfs.blockfs(file)
    if head.startswith(arrays.NPY_MAGIC):
        return arrays.npy(file, hints)
    return arrays.raw(file, hints)


def _folder(folder: Path, hints: Hints) -> Source:
    if any((folder / name).is_file() for name in DOCUMENTS):
        return chunked(str(folder), hints)
    files = sorted((f for f in folder.iterdir() if f.is_file() and not f.name.startswith(".")), key=natural)
    planes = [file for file in files if pictures.is_picture(_head(file))]
    if not planes:
        raise UnusableFile(f"{folder}: a folder without anything that bosslet can read")
    return _one(planes[0], hints) if len(planes) == 1 else _several(planes, hints)


def _several(files: list[Path], hints: Hints) -> Source:
    if hints.join is not None:
        return joined([_one(file, hints) for file in files], hints.join)
    if all(pictures.is_picture(_head(file)) for file in files):
        if pictures.look(files[0], hints).pages > 1:
            raise UnusableFile(f"{files[0]}: has several pages; say by --join z or --join t how the files follow")
        return stack((in_order(files, gaps=hints.gaps),), hints)
    if any(pictures.is_picture(_head(file)) for file in files):
        other = next(file for file in files if not pictures.is_picture(_head(file)))
        raise UnusableFile(f"{other}: is no picture, in a stack of pictures")
    raise UnusableFile(f"{files[0]}: say by --join z or --join t how the {len(files)} files follow each other")


def _head(file: Path) -> bytes:
    with source.about(file), file.open("rb") as stream:
        return stream.read(_HEAD)
