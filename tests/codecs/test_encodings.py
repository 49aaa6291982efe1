"""What holds for every encoding that is both written and read."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bosslet.codecs import Encoding, blosc, blosc_python, npygz
from bosslet.errors import DecodeError, EncodingError, WrongDtype, WrongShape

ENCODINGS: dict[str, Encoding] = {"blosc": blosc, "blosc-python": blosc_python, "npygz": npygz}
SELF_DESCRIBING: dict[str, Encoding] = {"blosc-python": blosc_python, "npygz": npygz}
DTYPES = ("uint8", "uint16", "uint32", "uint64", "float32")

every_encoding = pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=ENCODINGS.keys())
every_self_describing = pytest.mark.parametrize("encoding", SELF_DESCRIBING.values(), ids=SELF_DESCRIBING.keys())


def counted(*shape: int, dtype: str = "uint16") -> NDArray[Any]:
    return np.arange(np.prod(shape), dtype=dtype).reshape(shape)


def arrays() -> st.SearchStrategy[NDArray[Any]]:
    shapes = hnp.array_shapes(min_dims=3, max_dims=4, min_side=0, max_side=6)
    orders = st.sampled_from(["C", "F", "strided", "big-endian"])
    return st.builds(in_memory, st.sampled_from(DTYPES).flatmap(lambda dtype: hnp.arrays(dtype, shapes)), orders)


def in_memory(array: NDArray[Any], order: str) -> NDArray[Any]:
    """The same values, laid out differently."""
    if order == "F":
        return np.asfortranarray(array)
    if order == "strided":
        return np.repeat(array, 2, axis=-1)[..., ::2]
    return array.astype(array.dtype.newbyteorder(">")) if order == "big-endian" else array


@every_encoding
@given(array=arrays())
def test_what_was_written_is_read_again(encoding: Encoding, array: NDArray[Any]) -> None:
    read = encoding.decode(encoding.encode(array), array.shape, array.dtype)
    np.testing.assert_array_equal(read, array)
    assert read.dtype == array.dtype.newbyteorder("<")
    assert read.flags.writeable
    assert read.flags.aligned


@every_encoding
@pytest.mark.parametrize("body_type", [bytes, bytearray, memoryview])
def test_a_body_may_be_any_buffer(encoding: Encoding, body_type: Any) -> None:
    array = counted(3, 4, 5)
    np.testing.assert_array_equal(encoding.decode(body_type(encoding.encode(array)), (3, 4, 5), "uint16"), array)


@every_encoding
def test_what_was_read_is_the_callers_own(encoding: Encoding) -> None:
    body = encoding.encode(counted(3, 4, 5))
    encoding.decode(body, (3, 4, 5), "uint16")[...] = 0
    np.testing.assert_array_equal(encoding.decode(body, (3, 4, 5), "uint16"), counted(3, 4, 5))


@every_encoding
@pytest.mark.parametrize("shape", [(3, 4, 6), (2, 4, 5), (3, 4), (2, 3, 4, 6)])
def test_another_number_of_voxels_is_refused(encoding: Encoding, shape: tuple[int, ...]) -> None:
    with pytest.raises(WrongShape):
        encoding.decode(encoding.encode(counted(3, 4, 5)), shape, "uint16")


@every_self_describing
@pytest.mark.parametrize("shape", [(5, 4, 3), (4, 3, 5), (60,), (1, 3, 20), (3, 4, 5, 1)])
def test_swapped_axes_are_refused(encoding: Encoding, shape: tuple[int, ...]) -> None:
    with pytest.raises(WrongShape):
        encoding.decode(encoding.encode(counted(3, 4, 5)), shape, "uint16")


@every_self_describing
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float16", "uint32", "int8", "bool", "S2", "complex64", "V2"])
def test_another_dtype_is_refused(encoding: Encoding, dtype: str) -> None:
    with pytest.raises(WrongDtype):
        encoding.decode(encoding.encode(np.zeros((3, 4, 5), dtype)), (3, 4, 5), "uint16")


@every_self_describing
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_volume_is_let_in_as_the_first_sample_of_a_series(encoding: Encoding, order: Any) -> None:
    array = np.asarray(counted(3, 4, 5), order=order)
    read = encoding.decode(encoding.encode(array), (2, 3, 4, 5), "uint16")
    np.testing.assert_array_equal(read, array, strict=True)


@every_self_describing
def test_a_series_of_one_sample_is_let_in_as_a_volume(encoding: Encoding) -> None:
    read = encoding.decode(encoding.encode(counted(1, 3, 4, 5)), (3, 4, 5), "uint16")
    np.testing.assert_array_equal(read, counted(3, 4, 5), strict=True)
    with pytest.raises(WrongShape):
        encoding.decode(encoding.encode(counted(2, 3, 4, 5)), (3, 4, 5), "uint16")


@every_encoding
def test_every_cut_off_body_is_refused(encoding: Encoding) -> None:
    body = encoding.encode(np.arange(9 * 10 * 11, dtype="uint16").reshape(9, 10, 11))
    for length in range(len(body)):
        with pytest.raises(DecodeError):
            encoding.decode(body[:length], (9, 10, 11), "uint16")


@every_encoding
@pytest.mark.parametrize("more", [b"\0", b"\n", b"\xff" * 100_000])
def test_bytes_after_the_end_are_refused(encoding: Encoding, more: bytes) -> None:
    with pytest.raises(DecodeError):
        encoding.decode(encoding.encode(counted(3, 4, 5)) + more, (3, 4, 5), "uint16")


@every_encoding
@given(body=st.binary(max_size=300))
def test_noise_is_refused(encoding: Encoding, body: bytes) -> None:
    with pytest.raises(EncodingError):
        encoding.decode(body, (3, 4, 5), "uint16")


@every_encoding
def test_a_damaged_body_is_refused_or_gives_an_array_of_the_right_kind(encoding: Encoding) -> None:
    dice = random.Random(20260101)
    body = encoding.encode(np.arange(3 * 40 * 50, dtype="uint16").reshape(3, 40, 50) // 7)
    for _ in range(3000):
        try:
            read = encoding.decode(damaged(body, dice), (3, 40, 50), "uint16")
        except EncodingError:
            continue
        assert (read.shape, read.dtype) == ((3, 40, 50), np.dtype("uint16"))


def damaged(body: bytes, dice: random.Random) -> bytes:
    """A few bytes changed, removed, or put in; mostly near the beginning, where the structure is."""
    mutable = bytearray(body)
    for _ in range(dice.choice([1, 1, 1, 2, 5])):
        at = dice.randrange(dice.choice([40, 200, len(mutable)]))
        put = dice.choice([dice.randbytes(1), dice.randbytes(4), b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0" * 4])
        removed = dice.choice([len(put), len(put), len(put), 0, len(put) + 1])
        mutable[at : at + removed] = put
    return bytes(mutable)
