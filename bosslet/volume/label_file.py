"""The label table of one block as bytes: a *mapbuffer* from label to the number of its voxels and their box.

A value has 32 bytes, little-endian: the number as uint64, then where the box starts and stops (z, y, x), counted from
the start of the block, as six uint32. No voxel of label 0 is counted; under 0 stands what makes the file to be trusted:
the generation of the block that it was computed from, and a digest of all the rest.

Anything that reads mapbuffers reads these files. Here only the package's writer is used: its look-up fails for labels
from 2^63 on, can read before the start of its memory, and answers ``None`` for what a file does not have, so all is
read at once with NumPy, by the format, and nothing is believed before the digest fits.

Format: https://github.com/seung-lab/mapbuffer, version 1, no compression.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import numpy as np
from mapbuffer import MapBuffer
from numpy.typing import NDArray

from bosslet.volume.label_table import LabelTable
from bosslet.volume.shards import GENERATION_BYTES

_RECORD = np.dtype([("count", "<u8"), ("start", "<u4", 3), ("stop", "<u4", 3)])
_VALUE = np.dtype([("record", _RECORD), ("crc32c", "<u4")])
_ENTRY = np.dtype([("label", "<u8"), ("offset", "<u8")])
_MAGIC = b"mapbufr\x01none"
_HEADER_BYTES = len(_MAGIC) + 4
_SEAL_LABEL = 0


def encode(table: LabelTable, generation: bytes) -> bytes:
    """The file of a table whose boxes count from the start of the block."""
    records = np.empty(len(table), _RECORD)
    records["count"], records["start"], records["stop"] = table.counts, table.starts, table.stops
    values = records.tobytes()
    size = _RECORD.itemsize
    entries = {label: values[row * size : (row + 1) * size] for row, label in enumerate(table.labels.tolist())}
    content: bytes = MapBuffer({_SEAL_LABEL: _seal(generation, table.labels, records)} | entries).tobytes()
    return content


def decode(content: bytes, generation: bytes) -> LabelTable | None:
    """The table; None for a file of another generation of the block, for a torn one, and for any other bytes."""
    count = int.from_bytes(content[len(_MAGIC) : _HEADER_BYTES], "little")
    first_value = _HEADER_BYTES + count * _ENTRY.itemsize
    if not (content.startswith(_MAGIC) and count and len(content) == first_value + count * _VALUE.itemsize):
        return None
    entries = np.frombuffer(content, _ENTRY, count, _HEADER_BYTES)
    if not np.array_equal(entries["offset"], first_value + np.arange(count, dtype=np.uint64) * _VALUE.itemsize):
        return None
    # Values stand in the order of the entries. That is the order of a search tree: put them in that of the labels.
    order = np.argsort(entries["label"])
    labels, records = entries["label"][order], np.frombuffer(content, _VALUE, count, first_value)["record"][order]
    if records[0].tobytes() != _seal(generation, labels[1:], records[1:]):
        return None
    return _table(labels[1:], records[1:])


def _table(labels: NDArray[np.uint64], records: NDArray[Any]) -> LabelTable:
    starts, stops = records["start"].astype(np.int32), records["stop"].astype(np.int32)
    return LabelTable(labels, records["count"].astype(np.int64), starts, stops)


def _seal(generation: bytes, labels: NDArray[np.uint64], records: NDArray[Any]) -> bytes:
    """As long as a record."""
    digest = blake2b(labels.tobytes(), digest_size=_RECORD.itemsize - GENERATION_BYTES)
    digest.update(records.tobytes())
    return generation + digest.digest()
