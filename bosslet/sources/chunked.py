"""Arrays in chunks, in a folder or at an address: Zarr v2 and v3 with OME's metadata or without, N5, and precomputed.

TensorStore reads them. What kind it is, is told by the document at its top. Addresses are ``https://``, ``gs://`` and
``s3://``, with ``precomputed://``, ``zarr://``, ``zarr3://`` or ``n5://`` in front or without.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import tensorstore as ts

from bosslet.errors import UnusableFile
from bosslet.geometry import Box, Point
from bosslet.sources import source
from bosslet.sources.axes import Axes
from bosslet.sources.chunked_spacing import Description, described_by_n5, described_by_ome, described_by_precomputed
from bosslet.sources.source import About, Hints, Voxels

Json = dict[str, Any]

_SCHEME = re.compile(r"(?:(precomputed|zarr|zarr2|zarr3|n5)://)?((?:https?|gs|s3|file)://.+)")
_CONTEXT: Json = {"cache_pool": {"total_bytes_limit": 0}, "http_request_retries": {"max_retries": 3}}
_DOCUMENTS = ("info", "zarr.json", ".zarray", ".zattrs", "attributes.json")
DOCUMENTS = (*_DOCUMENTS, ".zgroup")
"""A folder that holds one of these is not a folder of pictures."""


@dataclass(frozen=True, slots=True)
class Chunked:
    """One array."""

    about: About
    files: tuple[Path, ...]
    spec: str
    """As JSON, since a source must be a value."""
    axes: Axes

    def read(self, time: int, box: Box) -> Voxels:
        """The voxels of a box."""
        with source.about(self.about.name, NotImplementedError):
            array = _opened(self.spec)
            found = array[self.axes.index(time, box, array.domain.origin)].read(order="C").result()
            return self.axes.ordered(np.asarray(found), box)


def address(name: str) -> str | None:
    """The URL that a name stands for, with a slash at the end; None where it is none."""
    match = _SCHEME.fullmatch(name)
    return match[2].rstrip("/") + "/" if match else None


def chunked(name: str, hints: Hints) -> Chunked:
    """The array in a folder or at an address; of several resolutions the first, unless ``hints.dataset`` says which."""
    url = address(name) or f"file://{quote(str(Path(name).absolute()))}/"
    # The documents are JSON of any shape.
    with source.about(name, NotImplementedError, KeyError, TypeError, IndexError, AttributeError):
        spec, description = _found(name, url, hints)
        text = json.dumps(spec)
        array = _opened(text)
        axes = Axes.of(name, array.shape, hints.axes or _known_axes(description, array), hints.color)
    chunk = array.chunk_layout.read_chunk.shape
    z, y, x = axes.grain([side or 1 for side in chunk]) if chunk else (1, 1, 1)
    about = About(
        name=name,
        shape=axes.shape(array.shape),
        dtype=array.dtype.numpy_dtype,
        grain=(z, y, x),
        spacing=description.spacing,
        labels=description.labels,
        origin=description.origin or _origin(axes, array.domain.origin),
    )
    top = [Path(name) / each for each in _DOCUMENTS if address(name) is None and (Path(name) / each).is_file()]
    return Chunked(about, tuple(top), text, axes)


def _found(name: str, url: str, hints: Hints) -> tuple[Json, Description]:
    """How TensorStore opens it, and what its metadata say."""
    documents = _read_documents(url)
    if "scales" in documents.get("info", {}):
        return _precomputed(name, url, documents["info"], hints)
    if documents.get("zarr.json", {}).get("node_type") == "array":
        return _spec("zarr3", url), Description(names=_names(documents["zarr.json"].get("dimension_names")))
    if ".zarray" in documents:
        names = documents.get(".zattrs", {}).get("_ARRAY_DIMENSIONS")
        return _spec("zarr", url), Description(names=_names(names))
    if "dimensions" in documents.get("attributes.json", {}):
        return _spec("n5", url), described_by_n5(documents["attributes.json"])
    return _group(name, url, documents, hints)


def _group(name: str, url: str, documents: Json, hints: Hints) -> tuple[Json, Description]:
    attributes = documents.get("zarr.json", {}).get("attributes", {}) or documents.get(".zattrs", {})
    attributes = attributes.get("ome", attributes)
    if "multiscales" in attributes:
        chosen = described_by_ome(attributes, hints.dataset)
        if chosen is None:
            raise UnusableFile(f"{name}: has no resolution {hints.dataset}")
        path, description = chosen
        spec, _ = _found(name, f"{url}{path}/", Hints())
        return spec, description
    if hints.dataset is None and "attributes.json" in documents and _read_documents(f"{url}s0/"):
        return _found(name, f"{url}s0/", hints)
    if hints.dataset is not None:
        return _found(name, f"{url}{hints.dataset.strip('/')}/", Hints())
    raise UnusableFile(
        f"{name}: " + ("a group; say which array by --dataset" if documents else "nothing that bosslet can read")
    )


def _precomputed(name: str, url: str, info: Json, hints: Hints) -> tuple[Json, Description]:
    keys = [scale["key"] for scale in info["scales"]]
    key = hints.dataset or keys[0]
    number = int(key) if key.isdecimal() and key not in keys else keys.index(key) if key in keys else -1
    if not 0 <= number < len(keys):
        raise UnusableFile(f"{name}: has no scale {key}; it has {', '.join(keys)}")
    return _spec("neuroglancer_precomputed", url) | {"scale_index": number}, described_by_precomputed(info, number)


def _spec(driver: str, url: str) -> Json:
    return {"driver": driver, "kvstore": url}


def _read_documents(url: str) -> dict[str, Json]:
    store = ts.KvStore.open(url, context=ts.Context(_CONTEXT)).result()
    reads = {name: store.read(name) for name in _DOCUMENTS}
    found = {name: read.result() for name, read in reads.items()}
    documents = {name: json.loads(read.value) for name, read in found.items() if read.state == "value"}
    for name, document in documents.items():
        if not isinstance(document, dict):
            raise UnusableFile(f"{url}{name}: is no object of JSON")
    return documents


@lru_cache(maxsize=8)
def _opened(spec: str) -> ts.TensorStore:
    return ts.open(json.loads(spec), context=ts.Context(_CONTEXT), open=True, read=True).result()


def _known_axes(description: Description, array: ts.TensorStore) -> str | None:
    """The names in the metadata, where they are ours and as many as there are axes."""
    names = description.names
    return names if names is not None and len(names) == array.ndim and set(names) <= set("tczyx") else None


def _names(names: Sequence[Any] | None) -> str | None:
    found = [str(name).lower() for name in names or ()]
    return "".join(found) if found and all(len(name) == 1 for name in found) else None


def _origin(axes: Axes, first: Sequence[int]) -> Point:
    """Where the array begins, by its own count; not before 0."""
    by_name = dict(zip(axes.names, first, strict=True))
    return max(0, by_name.get("z", 0)), max(0, by_name["y"]), max(0, by_name["x"])
