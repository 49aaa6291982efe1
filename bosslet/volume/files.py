"""The files of an image as they are, for who reads OME-Zarr itself.

A file is opened once, and all that is said of it is read from there: whoever replaces it meanwhile changes nothing of
what was promised. Symbolic links are not followed, wherever on the way below the root of the store they are.
"""

from __future__ import annotations

import os
import stat
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from bosslet.errors import UnreadableBlock
from bosslet.geometry import Point
from bosslet.volume.faults import translated_errors
from bosslet.volume.generation import block_state
from bosslet.volume.shards import open_generation, tail_bytes
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """The file of a block; whoever has it closes it."""

    content: BinaryIO
    size: int
    generation: bytes | None
    """As in ``shards``; None where it cannot be told."""


def stored_block(volume: Volume, time: int, index: Point) -> StoredBlock | None:
    """The file of a block; None where it was never written.

    Raises:
        UnreadableBlock: it was written and is gone, or is no plain file.
    """
    if not volume.exists:
        return None
    name = f"{volume.path}/{volume.layout.file(time, index)}"
    volume.store.tally.read(1)
    root = _root(volume.store)
    if root is None:
        return _in_memory(volume, name, time, index)
    with translated_errors(name):
        file = _opened(root, name)
    volume.store.check_place(volume.path)
    if file is None:
        if volume.store.presence is not None:
            volume.store.presence.check(volume.path, [(time, *index)])
        return None
    tail = _tail(volume)
    with translated_errors(name):
        generation = open_generation(file.fileno(), tail) if tail else None
        return StoredBlock(file, os.fstat(file.fileno()).st_size, generation)


def _in_memory(volume: Volume, name: str, time: int, index: Point) -> StoredBlock | None:
    content = volume.store.document(name)
    if content is None:
        return None
    return StoredBlock(BytesIO(content), len(content), block_state(volume, time, index).generation)


def _tail(volume: Volume) -> int | None:
    array = volume.store.array(volume.path, volume.layout)
    return None if array is None else tail_bytes(array)


def _root(store: Store) -> str | None:
    parts = urlsplit(store.url)
    return unquote(parts.path) if parts.scheme == "file" else None


def _opened(root: str, name: str) -> BinaryIO | None:
    *folders, last = name.split("/")
    folder = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for piece in folders:
            inner = os.open(piece, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        descriptor = os.open(last, _FILE, dir_fd=folder)
    except FileNotFoundError:
        return None
    finally:
        os.close(folder)
    file = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        with closing(file):
            raise UnreadableBlock(f"{name} is not a file")
    return file
