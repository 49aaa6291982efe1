"""Arrays that python-blosc unpacks, reading what it packs, and pickles that must never run."""

from __future__ import annotations

import os
import pickle
import struct
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import blosc as python_blosc
import numpy as np
import pytest
from numpy.typing import NDArray

from bosslet.codecs import blosc_python, inert_pickle, ndarray_pickle
from bosslet.errors import DecodeError, EncodingError, WrongDtype, WrongShape

DTYPES = ("uint8", "uint16", "uint32", "uint64", "float32")


def counted(dtype: str, *shape: int) -> NDArray[Any]:
    return (np.arange(np.prod(shape)) % 251).reshape(shape).astype(dtype)


def body_of(pickled: bytes) -> bytes:
    return bytes(python_blosc.compress(pickled, 1, 5, python_blosc.SHUFFLE, "zstd"))


def decoded(pickled: bytes) -> NDArray[Any]:
    return blosc_python.decode(body_of(pickled), (3, 4, 5), "uint16")


@contextmanager
def memory_below(limit: int) -> Iterator[None]:
    """Fail when more bytes than that are allocated on the way."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < limit
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(3, 4, 5), (2, 3, 4, 5), (0, 4, 5), (300, 4, 5), (1, 1, 70_000)])
def test_python_blosc_unpacks_what_is_written(dtype: str, shape: tuple[int, ...]) -> None:
    array = counted(dtype, *shape)
    for laid_out in (array, np.asfortranarray(array), np.repeat(array, 2, axis=1)[:, ::2]):
        unpacked = python_blosc.unpack_array(blosc_python.encode(laid_out))
        np.testing.assert_array_equal(unpacked, array, strict=True)
        assert unpacked.flags.writeable


def test_a_pickle_is_written_as_both_numpy_1_and_2_can_load_it() -> None:
    pickled = ndarray_pickle.write(counted("uint16", 3, 4, 5)).tobytes()
    assert b"cnumpy.core.multiarray\n_reconstruct\n" in pickled
    assert b"_core" not in pickled


def test_writing_a_pickle_copies_the_voxels_once() -> None:
    array = counted("uint8", 100, 110, 120)
    with memory_below(array.nbytes + 2**16):
        ndarray_pickle.write(array)


def layouts(array: NDArray[Any]) -> list[NDArray[Any]]:
    """The same values in C and Fortran order, with axes swapped, strided, backwards and read-only."""
    read_only = array.copy()
    read_only.flags.writeable = False
    return [
        array,
        np.asfortranarray(array),
        array.swapaxes(0, 1).copy().swapaxes(0, 1),
        array.transpose(1, 2, 0).copy().transpose(2, 0, 1),
        np.repeat(array, 2, axis=1)[:, ::2],
        array[::-1].copy()[::-1],
        read_only,
    ]


@pytest.mark.filterwarnings("ignore:numpy.core.numeric is deprecated:DeprecationWarning")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("protocol", range(6))
def test_what_numpy_pickles_is_read(dtype: str, protocol: int) -> None:
    array = counted(dtype, 3, 4, 5)
    for laid_out in layouts(array):
        for pickled in spellings(pickle.dumps(laid_out, protocol)):
            read = blosc_python.decode(body_of(pickled), (3, 4, 5), dtype)
            np.testing.assert_array_equal(read, array, strict=True)
            assert read.flags.writeable


def spellings(pickled: bytes) -> list[bytes]:
    """As NumPy 2 and as NumPy 1 names its own modules; both can be unpickled (NumPy 2 warns of protocol 5)."""
    older = pickled
    for module in (b"multiarray", b"numeric"):
        new, old = b"numpy._core." + module, b"numpy.core." + module
        older = older.replace(bytes([len(new)]) + new, bytes([len(old)]) + old).replace(b"c" + new, b"c" + old)
    frame = older.find(b"\x95", 0, 3)
    if frame > 0:  # FRAME gives the length of what follows
        length = struct.unpack_from("<Q", older, frame + 1)[0] - (len(pickled) - len(older))
        older = older[: frame + 1] + struct.pack("<Q", length) + older[frame + 9 :]
    assert older != pickled
    np.testing.assert_array_equal(pickle.loads(older), pickle.loads(pickled))
    return [pickled, older]


def test_what_python_2_pickles_is_read() -> None:
    array = counted("uint16", 3, 4, 5)
    pickled = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85U\x01b\x87Rq\x03"
        b"(K\x01K\x03\x8a\x01\x04K\x05\x87cnumpy\ndtype\nq\x04U\x02u2K\x00K\x01\x87Rq\x05"
        b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T"
        + struct.pack("<i", 120)
        + array.tobytes()
        + b"tb."
    )
    np.testing.assert_array_equal(decoded(pickled), array, strict=True)


def test_what_python_blosc_packs_is_read() -> None:
    array = counted("uint64", 30, 40, 50)
    np.testing.assert_array_equal(blosc_python.decode(python_blosc.pack_array(array), array.shape, "uint64"), array)


@pytest.mark.parametrize("protocol", range(6))
def test_big_endian_arrays_are_refused(protocol: int) -> None:
    with pytest.raises(WrongDtype, match="'>u2'"):
        decoded(pickle.dumps(np.zeros((3, 4, 5), ">u2"), protocol))


class Runs:
    """Runs something when it is unpickled."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.reduced = (function, arguments)

    def __reduce__(self) -> Any:
        return self.reduced


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_in_a_pickle_is_run(tmp_path: Path, protocol: int) -> None:
    marker = tmp_path / "marker"
    command = Runs(os.system, f"touch {marker}")
    inner = np.empty((3, 4, 5), object)
    inner[...] = command
    for evil in (
        command,
        Runs(marker.touch),
        Runs(eval, f"open({str(marker)!r}, 'w')"),
        inner,
        (command, 1),
        [command],
    ):
        with pytest.raises(EncodingError):
            decoded(pickle.dumps(evil, protocol))
    assert not marker.exists()


HONEST = pickle.dumps(counted("uint16", 3, 4, 5), 2)
DTYPE = b"cnumpy\ndtype\nX\x02\0\0\0u2\x89\x88\x87R(K\x03X\x01\0\0\0<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
BUFFER = b"\x80\x02cnumpy.core.numeric\n_frombuffer\n(B\x78\0\0\0" + bytes(120) + DTYPE + b"K\x03K\x04K\x05\x87"
OBJECT = HONEST.replace(b"X\x02\0\0\0u2", b"X\x02\0\0\0O8")
ATTACKS = {
    "no opcode": b"\xff",
    "no end": HONEST[:-1],
    "two pickles": HONEST + HONEST,
    "nothing but an end": b".",
    "a number": pickle.dumps(7),
    "a tuple of arrays": pickle.dumps((np.zeros((3, 4, 5), "uint16"),)),
    "a huge memo": b"\x80\x02Kr\xff\xff\xff\x7f" + HONEST[2:],
    "a huge memo, and used": b"\x80\x02Nr\xff\xff\xff\x7fj\xfe\xff\xff\x7f.",
    "a memo before everything": b"q\0.",
    "a persistent id": b"Pid\n.",
    "an extension": b"\x82\x01.",
    "an instance": b"(ios\nsystem\n.",
    "another module's name": b"cbuiltins\neval\n(X\x01\0\0\x001tR.",
    "a name of several parts": b"cnumpy\nndarray.fromfile\n.",
    "a name that is no text": b"\x80\x04K\x01K\x02\x93.",
    "a name with an escape": b"cnumpy\n\\user\n.",
    "a call of nothing": b"NNR.",
    "a call of an array": b"cnumpy\nndarray\n\x8c\x01x\x85R.",
    "an array built by its class": b"cnumpy\nndarray\n(\x8a\x05\0\0\0\0\x02\x85tR.",
    "an unfilled array": HONEST.split(b"(K\x01", 1)[0] + b".",
    "a state of nothing": HONEST.split(b"(K\x01", 1)[0] + b"Nb.",
    "a tuple without a mark": b"K\x01t.",
    "a tuple of too few": b"K\x01\x87.",
    "an order of axes that repeats": BUFFER + b"X\x01\0\0\0KK\0K\0K\1\x87tR.",
    "an order of axes that is no tuple": BUFFER + b"X\x01\0\0\0KNtR.",
    "an order that is none": BUFFER + b"X\x01\0\0\0QtR.",
    "text that is not of bytes": b"\x80\x02cnumpy.core.numeric\n_frombuffer\n(X\x03\0\0\0\xe2\x82\xac"
    + DTYPE + b"K\x03K\x04K\x05\x87X\x01\0\0\0CtR.",
    "a number as data": b"cnumpy.core.numeric\n_frombuffer\n(K\x07" + DTYPE + b"K\x03K\x04K\x05\x87X\x01\0\0\0CtR.",
    "bytes that are not there": b"B\xff\xff\xff\xffabc.",
    "eight exbibytes that are not there": b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7fabc.",
    "text that is not there": b"X\xff\xff\xff\xffabc.",
    "a long number": b"L" + b"9" * 5000 + b"L\n.",
    "frame upon frame": b"\x95\xff\xff\xff\xff\xff\xff\xff\xff" * 1000 + b".",
}  # fmt: skip


@pytest.mark.parametrize("pickled", ATTACKS.values(), ids=ATTACKS.keys())
def test_an_attack_is_refused(pickled: bytes) -> None:
    np.testing.assert_array_equal(decoded(HONEST), counted("uint16", 3, 4, 5))
    with pytest.raises(DecodeError):
        decoded(pickled)


def test_an_array_of_objects_is_refused() -> None:
    with pytest.raises(WrongDtype):
        decoded(OBJECT)


def test_a_pickle_of_other_bytes_than_its_shape_needs_is_refused() -> None:
    missing = HONEST.replace(b"K\x03K\x04K\x05", b"K\x03K\x04K\x06")
    assert missing != HONEST
    with pytest.raises(DecodeError, match="120 bytes of voxels"):
        blosc_python.decode(body_of(missing), (3, 4, 6), "uint16")


def test_an_array_of_eight_gigabytes_is_refused_unallocated() -> None:
    huge = HONEST.replace(b"K\x03K\x04K\x05\x87", b"\x8a\x05\0\0\0\0\x02\x85")
    assert huge != HONEST
    with pytest.raises(WrongShape, match="8589934592"):
        decoded(huge)


def test_a_pickle_far_larger_than_the_voxels_is_refused_before_it_is_decompressed() -> None:
    body = body_of(bytes(2**26))
    with memory_below(2**16), pytest.raises(DecodeError, match="where the voxels need less"):
        blosc_python.decode(body, (3, 4, 5), "uint16")


@pytest.mark.parametrize("opcodes", [b")\x85" * 2**23, b"(" * 2**24, b"N" * 2**24, b"N\x94" * 2**23])
def test_sixteen_megabytes_of_opcodes_are_not_acted_out(opcodes: bytes) -> None:
    started = time.process_time()
    with pytest.raises(DecodeError, match="more than 256 opcodes"):
        inert_pickle.read(opcodes + b".")
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize("opcode", [b"X\x01\0\0\x04", b"V"])
def test_a_text_is_measured_before_it_is_read(opcode: bytes) -> None:
    pickled = opcode + "\U0001f600".encode() + b"x" * (inert_pickle.MAX_TEXT - 3) + b"\n."
    with memory_below(2**16), pytest.raises(DecodeError, match="bytes of text"):
        inert_pickle.read(pickled)
