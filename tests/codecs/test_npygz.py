"""Files that NumPy reads, and headers that nobody honest writes."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest

from bosslet.codecs import npygz
from bosslet.errors import DecodeError, EncodingError, WrongDtype, WrongShape

ARRAY = np.arange(60, dtype="uint16").reshape(3, 4, 5)


def body_with(header: str, voxels: bytes = ARRAY.tobytes(), version: int = 1) -> bytes:
    text = header.encode("latin1")
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return zlib.compress(b"\x93NUMPY" + bytes([version, 0]) + length + text + voxels)


def header(descr: str = "'<u2'", fortran: str = "False", shape: str = "(3, 4, 5)") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n"


def test_numpy_reads_what_is_written() -> None:
    body = npygz.encode(ARRAY)
    assert body[0] == 0x78
    file = zlib.decompress(body)
    assert file[:8] == b"\x93NUMPY\x01\x00"
    assert b"{'descr': '<u2', 'fortran_order': False, 'shape': (3, 4, 5), }" in file
    np.testing.assert_array_equal(np.load(io.BytesIO(file)), ARRAY, strict=True)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
@pytest.mark.parametrize("level", [0, 1, 9])
def test_what_numpy_writes_is_read(order: str, version: tuple[int, int], level: int) -> None:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.array(ARRAY, order=order), version=version)  # type: ignore[call-overload]
    read = npygz.decode(zlib.compress(file.getvalue(), level), (3, 4, 5), "uint16")
    np.testing.assert_array_equal(read, ARRAY, strict=True)


def test_the_header_may_be_spelled_in_other_ways() -> None:
    for text in ('{"shape":(3,4,5),"fortran_order":False,"descr":"<u2"}', header()[:-1] + " " * 600 + "\n"):
        np.testing.assert_array_equal(npygz.decode(body_with(text), (3, 4, 5), "uint16"), ARRAY)
    bytes_of = ARRAY.astype("uint8")
    read = npygz.decode(body_with(header("'<u1'"), bytes_of.tobytes()), (3, 4, 5), "uint8")
    np.testing.assert_array_equal(read, bytes_of, strict=True)


@pytest.mark.parametrize("descr", ["'>u2'", "'|u2'", "'<i2'", "'|O'", "'O'", "'M8[ns/0]'", "'<u2,<u2'", "''", "'u2'"])
def test_a_dtype_is_only_compared(descr: str) -> None:
    """numpy.dtype("M8[ns/0]") would end the process with a division by zero."""
    with pytest.raises(WrongDtype):
        npygz.decode(body_with(header(descr)), (3, 4, 5), "uint16")


@pytest.mark.parametrize("shape", ["(3, 4, 6)", "(1099511627776,)", "()", "(-3, -4, 5)", f"({'9' * 400}, 4, 5)"])
def test_another_shape_is_refused_before_anything_is_allocated(shape: str) -> None:
    with pytest.raises(WrongShape):
        npygz.decode(body_with(header(shape=shape)), (3, 4, 5), "uint16")


HEADERS = {
    "nothing": "",
    "no literal": "__import__('os').system('true')",
    "no dictionary": "(3, 4, 5)",
    "a key missing": "{'descr': '<u2', 'shape': (3, 4, 5)}",
    "a key too many": header().replace("}", "'more': 1}"),
    "a structured dtype": header("[('a', '<u2')]"),
    "order is a number": header(fortran="0"),
    "a side is a truth": header(shape="(3, 4, True)"),
    "a side is a fraction": header(shape="(3, 4, 5.0)"),
    "the shape is a list": header(shape="[3, 4, 5]"),
    "nested": "(" * 900,
    "signed": "-" * 1000 + "1",
    "a long number": "9" * 1000,
    "zero bytes": "\0\0",
    "escapes": r"'\q'",
    "too long": header() + " " * 1024,
}


@pytest.mark.parametrize("text", HEADERS.values(), ids=HEADERS.keys())
@pytest.mark.parametrize("version", [1, 2])
def test_a_strange_header_is_refused(text: str, version: int) -> None:
    with pytest.raises(DecodeError):
        npygz.decode(body_with(text, version=version), (3, 4, 5), "uint16")


def test_a_header_of_four_gigabytes_is_refused() -> None:
    body = zlib.compress(b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b" " * 5000)
    with pytest.raises(DecodeError):
        npygz.decode(body, (3, 4, 5), "uint16")


def test_files_of_other_versions_and_kinds_are_refused() -> None:
    for body in (
        b"",
        b"x",
        body_with(header(), version=3),
        zlib.compress(b"PK\x03\x04" + bytes(90)),
        zlib.compress(b""),
    ):
        with pytest.raises(DecodeError):
            npygz.decode(body, (3, 4, 5), "uint16")


def test_gzip_is_not_what_npygz_means() -> None:
    compressor = zlib.compressobj(wbits=31)
    body = compressor.compress(zlib.decompress(npygz.encode(ARRAY))) + compressor.flush()
    with pytest.raises(DecodeError, match="not a zlib stream"):
        npygz.decode(body, (3, 4, 5), "uint16")


@pytest.mark.parametrize("voxels", [b"", ARRAY.tobytes()[:-1], ARRAY.tobytes() + b"\0", bytes(5000)])
def test_voxels_have_to_fit_exactly(voxels: bytes) -> None:
    with pytest.raises(DecodeError, match="120 bytes of voxels"):
        npygz.decode(body_with(header(), voxels), (3, 4, 5), "uint16")


def test_a_wrong_checksum_is_refused() -> None:
    body = bytearray(npygz.encode(ARRAY))
    body[-1] ^= 1
    with pytest.raises(DecodeError, match="data check"):
        npygz.decode(body, (3, 4, 5), "uint16")


def test_a_bomb_is_not_inflated() -> None:
    body = body_with(header(), bytes(2**26))
    tracemalloc.start()
    try:
        with pytest.raises(EncodingError):
            npygz.decode(body, (3, 4, 5), "uint16")
        assert tracemalloc.get_traced_memory()[1] < 2**18
    finally:
        tracemalloc.stop()


def test_volumes_of_many_pieces_are_read() -> None:
    zeros_and_noise = np.random.default_rng(3).integers(0, 256, (7, 640, 800), np.uint8)
    zeros_and_noise[2:5] = 0
    read = npygz.decode(npygz.encode(zeros_and_noise), (7, 640, 800), "uint8")
    np.testing.assert_array_equal(read, zeros_and_noise)
