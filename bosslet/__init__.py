"""bosslet: a small server for dense 3-D images and labels that speaks the bossDB API.

The map, top layer first; a line may import only from the lines below it (import-linter holds the build to it):

    cli, server       one click verb per job; gunicorn; demo mode
    worker, body      gunicorn's worker, patient within bounds; the body of a request, received where it is wanted
    shared_folder     what the workers of one server have in common
    app               create_app(): puts the parts together; with cli the only reader of config
    dialects          HTTP in and out, one folder each, strangers to each other
    demo, jobs        work over whole channels
    blockfs           what bosslet.open gives, as BlockFS has it
    array             a channel as an array of NumPy: what bosslet.open gives
    datastore         the one door: names -> Volume
    access, throttle  who may do what; how much a month: the same for every dialect
    catalog | volume  what exists (SQL) | voxels by box (TensorStore)
    sources | targets volumes in other people's files, read as one array; and written
    remote            another server that speaks bossDB's API
    codecs            array <-> bytes on the wire
    pyramid, spacing  arithmetic of resolutions; voxel sizes and their units
    geometry          Box and Grid: arithmetic on (z, y, x), half-open; beside it indexing, as NumPy has it
    errors, logs      what can go wrong, in our own words, without HTTP; lines about it
    memory            the allocator of a worker, told to give memory back

Who wants voxels in Python calls ``bosslet.open("uploads", "collection/experiment/channel")``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bosslet.array import Array as Array
    from bosslet.array import open as open

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """``open`` and ``Array``, of a module that is only read when they are asked for: it takes a second."""
    if name in {"open", "Array"}:
        return getattr(import_module("bosslet.array"), name)
    raise AttributeError(f"module 'bosslet' has no attribute {name!r}")
