"""Bodies that nobody honest sends: JSON that is none, values that cannot be, and voxels that are something else."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import blosc
import numpy as np

from tests.live.hostile import CUTOUT, EXTENT, VOXELS, Case, json_request, lines, request


class Exploit:
    """What makes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.marker,)


DOCUMENTS = lines(r"""
{
[
null
[]
1
"a"
{'a': 1}
{"a": 1,}
{"a"}
{}{}
true
nan
<xml/>
{"a": NaN}
{"a": 1e999}
{"a": "\\ud800"}
{"\\u0000": 1}
{"a": "\n"}
\xff\xfe
\xef\xbb\xbf{}
\x00
{}\x00
""")
DOCUMENTS += [b"", "{}".encode("utf-16"), b'{"a": "' + b"x" * 2_000_000 + b'"}']
DOCUMENTS += [b"[" * 100_000, b'{"a":' * 100_000, b'{"a": ' + b"9" * 6000 + b"}"]
FORMS = ["multipart/form-data", "multipart/form-data; boundary=", "text/plain", "application/xml", "x"]

VALUES: list[object] = ["a", "", None, [], {}, True, -(10**300), 10**300, 1e308, "9" * 6000, "１", "1_0", [1], "\x00"]
CHOICES: list[object] = [None, {}, True, 0.5, "x", "uint8; drop", 10**30, ["canary"], [[]], "\ud800"]


def documents() -> Iterator[Case]:
    """Bodies that are no JSON, or say what cannot be."""
    for body in DOCUMENTS:
        yield f"frame {body[:30]!r}", json_request("/v1/coord/new", body)
    for kind in FORMS:
        yield f"frame as {kind}", request("POST", "/v1/coord/new", b"--x\r\n\r\n", Content_Type=kind)
    sides = {f"{axis}_{end}": value for axis in "xyz" for end, value in (("start", 0), ("stop", 9), ("voxel_size", 4))}
    for field in ("x_start", "z_stop", "y_voxel_size", "voxel_unit"):
        for number, value in enumerate(VALUES):
            frame = {**sides, "voxel_unit": "nanometers", field: value}
            yield (
                f"{field} {str(value)[:20]!r}",
                json_request(f"/v1/coord/new-{field}-{number}", json.dumps(frame).encode()),
            )
    path = "/v1/collection/canary/experiment/e/channel/new"
    for field in ("type", "datatype", "base_resolution", "default_time_sample", "sources"):
        for number, value in enumerate(CHOICES):
            channel = {"type": "image", "datatype": "uint8", field: value}
            yield f"{field} {str(value)[:20]!r}", json_request(f"{path}-{field}-{number}", json.dumps(channel).encode())


KINDS = ["application/json", "text/html", "image/jpeg", "application/octet-stream", "", "application/blosc/x", "\xe9"]


def voxels(marker: Path) -> Iterator[Case]:
    """Voxels that are none; what runs code makes ``marker``."""
    kinds: dict[str, Callable[[Path], Iterator[bytes]]] = {
        "application/blosc": _blosc_bodies,
        "application/blosc-python": _pickle_bodies,
        "application/npygz": _npygz_bodies,
    }
    for kind, make in kinds.items():
        for number, body in enumerate(make(marker)):
            yield f"{kind} {number}", request("POST", CUTOUT, body, Content_Type=kind)
    for kind in KINDS:
        yield f"voxels as {kind!r}", request("POST", CUTOUT, b"\x01" * VOXELS, Content_Type=kind)
    body = gzip.compress(blosc.compress(bytes(VOXELS), 8))
    yield "compressed twice", request("POST", CUTOUT, body, Content_Type="application/blosc", Content_Encoding="gzip")


def _blosc_bodies(_marker: Path) -> Iterator[bytes]:
    frame = blosc.compress(np.arange(VOXELS, dtype=np.uint8).tobytes(), 8, cname="lz4", shuffle=blosc.SHUFFLE)
    yield from (b"", b"\x00", b"x" * 15, b"x" * 16, b"x" * 100, bytes(16), b"\xff" * 64)
    yield from (frame[:-1], frame + b"\x00", frame * 2)
    # The fields of the header: version, codec's version, flags, type size, bytes, block size, compressed bytes.
    for offset, form in ((0, "B"), (1, "B"), (3, "B"), (4, "<i"), (8, "<i"), (12, "<i"), (16, "<i")):
        for value in (0, 1, 127, 255) if form == "B" else (-1, 0, 1, 2**31 - 1, -(2**31), VOXELS + 1):
            changed = bytearray(frame)
            struct.pack_into(form, changed, offset, value)
            if changed != frame and (offset, value) not in {(1, 1), (3, 1), (3, 127), (3, 255)}:
                yield bytes(changed)
    for nbytes in (VOXELS - 1, VOXELS + 1, 8 * VOXELS, 64 * 2**20):
        yield blosc.compress(bytes(nbytes), 8)


def _npygz_bodies(_marker: Path) -> Iterator[bytes]:
    header = "{{'descr': {}, 'fortran_order': {}, 'shape': {}, }}"
    yield from (b"", b"x" * 100, zlib.compress(b""), zlib.compress(b"\x93NUMPY"), zlib.compress(bytes(2**28)))
    volume = "(12, 40, 50)"
    heads = [("'|u1'", "False", shape) for shape in ("(1099511627776,)", "(-12, 40, 50)", "(50, 40, 12)", "(" * 5000)]
    heads += [
        (dtype, "False", volume) for dtype in ("'|O'", "'<u2'", "[('a', '|O')]", "__import__('os')", "'M8[ns/0]'")
    ]
    heads += [("'|u1'", "7", volume), ("'|u1'", "False", "(" + "9" * 5000 + ",)")]
    for fields in heads:
        text = header.format(*fields).encode() + b"\n"
        yield zlib.compress(b"\x93NUMPY\x01\x00" + struct.pack("<H", min(len(text), 65535)) + text + bytes(VOXELS))
    whole = io.BytesIO()
    np.save(whole, np.ones(EXTENT, np.uint8))
    stream = zlib.compress(whole.getvalue())
    yield from (stream[:-1], stream + b"x", stream[:-4] + b"abcd", whole.getvalue(), gzip.compress(whole.getvalue()))
    whole = io.BytesIO()
    np.save(whole, np.array([{}]), allow_pickle=True)
    yield zlib.compress(whole.getvalue())


def _pickle_bodies(marker: Path) -> Iterator[bytes]:
    pickles = [pickle.dumps(Exploit(marker), protocol) for protocol in range(6)]
    pickles += [b"", b".", b"N.", b"\x80\x04r\x00\xc2\xeb\x0bN.", b"(" * 10_000 + b".", b"\x80\x7fN."]
    arrays = [np.array([{}]), np.ones(EXTENT, np.uint16), np.ones((2, 2), np.uint8)]
    pickles += [b"cos\nsystem\n(S'id'\ntR.", *map(pickle.dumps, [None, {}, [1], "x" * 9000, *arrays])]
    for body in pickles:
        yield blosc.compress(body, 8) if body else b""
    yield pickles[0]
