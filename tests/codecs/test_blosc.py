"""Frames that others read, and reading theirs."""

from __future__ import annotations

from typing import Any

import blosc as python_blosc
import numpy as np
import pytest
from numpy.typing import NDArray

from bosslet.codecs import blosc
from bosslet.codecs.blosc_frame import MAX_BYTES, Header, validate
from bosslet.errors import DecodeError, TooLarge

SHAPE = (30, 40, 50)


def labels(dtype: str) -> NDArray[Any]:
    return (np.arange(np.prod(SHAPE)).reshape(SHAPE) // 100 % 251).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64", "float32"])
def test_python_blosc_reads_the_bytes_in_c_order(dtype: str) -> None:
    array = labels(dtype)
    frame = blosc.encode(np.asfortranarray(array))
    assert python_blosc.decompress(frame) == array.tobytes("C")
    assert Header.of(frame).typesize == 8 * array.itemsize
    assert len(frame) < array.nbytes / 5


@pytest.mark.parametrize("codec", python_blosc.compressor_list())
@pytest.mark.parametrize("typesize", [1, 2, 8, 16, 64])
@pytest.mark.parametrize("shuffle", [python_blosc.NOSHUFFLE, python_blosc.SHUFFLE, python_blosc.BITSHUFFLE])
def test_any_codec_and_filter_is_read(codec: str, typesize: int, shuffle: int) -> None:
    array = labels("uint16")
    body = python_blosc.compress(array.tobytes(), typesize, 9, shuffle, codec)
    np.testing.assert_array_equal(blosc.decode(body, SHAPE, "uint16"), array)


def test_noise_is_stored_as_it_is() -> None:
    noise = np.random.default_rng(5).integers(0, 256, (100, 110, 120), np.uint8)
    assert len(blosc.encode(noise)) == noise.size + 16


def test_a_corner_that_compresses_is_enough() -> None:
    array = np.random.default_rng(5).integers(0, 256, (100, 110, 120), np.uint8)
    array[80:] = 0
    assert len(blosc.encode(array)) < 0.85 * array.size


def test_more_than_a_frame_holds_is_refused_before_a_byte_is_copied() -> None:
    array = np.broadcast_to(np.uint8(1), (1, 1, MAX_BYTES + 1))
    with pytest.raises(TooLarge, match=str(MAX_BYTES)):
        blosc.encode(array)


def test_streams_that_do_not_decompress_are_refused() -> None:
    body = bytearray(python_blosc.compress(labels("uint16").tobytes(), 1, 5, python_blosc.NOSHUFFLE, "zstd"))
    body[30:60] = b"\xff" * 30
    with pytest.raises(DecodeError, match="does not decompress"):
        blosc.decode(body, SHAPE, "uint16")


def test_a_codec_of_the_future_is_refused() -> None:
    body = bytearray(blosc.encode(labels("uint16")))
    body[2] |= 0xE0
    with pytest.raises(DecodeError, match="does not decompress"):
        blosc.decode(body, SHAPE, "uint16")


@pytest.mark.parametrize("shape", [(1, 2, 3), (64, 70, 80), (100, 110, 420)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint64", "float32"])
@pytest.mark.parametrize("what", ["noise", "labels"])
def test_a_frame_that_is_filled_in_place_is_the_one_that_is_encoded(
    shape: tuple[int, int, int], dtype: str, what: str
) -> None:
    numbers = np.arange(np.prod(shape)).reshape(shape)
    voxels = np.random.default_rng(5).integers(0, 256, shape) if what == "noise" else numbers // 100 % 251
    frame = blosc.Frame(shape, dtype)
    frame.voxels[...] = voxels
    body = frame.finish()
    assert len(body) == len(blosc.encode(voxels.astype(dtype)))
    validate(body, len(python_blosc.decompress(body)))
    np.testing.assert_array_equal(blosc.decode(body, shape, dtype), voxels.astype(dtype))


def test_a_frame_is_too_large_before_memory_is_asked_for() -> None:
    with pytest.raises(TooLarge):
        blosc.Frame((1, 1, MAX_BYTES + 1), "uint8")
