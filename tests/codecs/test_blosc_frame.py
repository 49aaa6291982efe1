"""Every frame of a real encoder passes, and no frame that c-blosc should not see."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator

import blosc
import numpy as np
import pytest

from bosslet.codecs.blosc_frame import HEADER, MAX_BLOCK, validate
from bosslet.errors import DecodeError, EncodingError, WrongShape

CODECS = ("blosclz", "lz4", "lz4hc", "zlib", "zstd")
TYPESIZES = (1, 2, 3, 4, 7, 8, 15, 16, 17, 32, 64, 255)
SIZES = (0, 1, 7, 127, 128, 129, 1000, 2048, 4097, 65_537, 131_101)


@pytest.fixture
def forced_block() -> Iterator[int]:
    """Blocks of one size, whatever the codec would choose."""
    blosc.set_blocksize(1024)
    yield 1024
    blosc.set_blocksize(0)


def content(size: int) -> bytes:
    """Half of it compresses and half does not."""
    noise = np.random.default_rng(size).integers(0, 256, size, np.uint8)
    return (
        np.where(np.arange(size) % 4096 < 2048, np.arange(size, dtype=np.uint32) // 50 % 256, noise)
        .astype("u1")
        .tobytes()
    )


def honest(codec: str, typesize: int, sizes: tuple[int, ...] = SIZES) -> Iterator[tuple[bytes, bytes]]:
    for size in sizes:
        raw = content(size)
        # the slow levels differ from the others in nothing but effort and, at 9, in the size of blocks
        for level in range(10) if size < 5000 else (0, 1, 5, 9 if codec in {"blosclz", "lz4"} else 6):
            for shuffle in (blosc.NOSHUFFLE, blosc.SHUFFLE, blosc.BITSHUFFLE):
                yield raw, blosc.compress(raw, typesize, level, shuffle, codec)


@pytest.mark.parametrize("codec", CODECS)
def test_every_frame_of_an_encoder_passes(codec: str) -> None:
    frames = 0
    for typesize in TYPESIZES:
        for raw, frame in honest(codec, typesize):
            validate(frame, len(raw))
            frames += 1
    assert frames > 3500


@pytest.mark.usefixtures("forced_block")
@pytest.mark.parametrize("codec", CODECS)
def test_every_frame_of_many_blocks_passes(codec: str) -> None:
    for typesize in TYPESIZES:
        for raw, frame in honest(codec, typesize, (1023, 1024, 4097, 10_001)):
            validate(frame, len(raw))


def test_large_blocks_pass_up_to_a_limit() -> None:
    raw = bytes(2 * MAX_BLOCK + 1)
    try:
        blosc.set_blocksize(MAX_BLOCK)
        validate(blosc.compress(raw, 1, 1, blosc.NOSHUFFLE, "zstd"), len(raw))
        blosc.set_blocksize(2 * MAX_BLOCK)
        with pytest.raises(DecodeError, match="blocks of"):
            validate(blosc.compress(raw, 1, 1, blosc.NOSHUFFLE, "zstd"), len(raw))
    finally:
        blosc.set_blocksize(0)


@pytest.mark.usefixtures("forced_block")
def test_a_frame_of_very_many_blocks_takes_milliseconds() -> None:
    raw = np.repeat(np.random.default_rng(1).integers(0, 256, 2**21, np.uint8), 16)
    frame = blosc.compress(raw.data, 8, 1, blosc.NOSHUFFLE, "zstd")
    assert len(frame) > 4 * raw.size // 1024
    started = time.process_time()
    validate(frame, raw.size)
    assert time.process_time() - started < 0.1


def frame_of(
    *,
    version: int = 2,
    flags: int = 0x30,
    typesize: int = 1,
    nbytes: int = 1000,
    blocksize: int = 500,
    starts: tuple[int, ...] = (24, 38),
    tail: bytes = (struct.pack("<i", 10) + bytes(10)) * 2,
    cbytes: int | None = None,
) -> bytes:
    """A frame that passes, save for what is asked for: two blocks, each one stream of 10 bytes."""
    rest = struct.pack(f"<{len(starts)}i", *starts) + tail
    length = HEADER.size + len(rest) if cbytes is None else cbytes
    return HEADER.pack(version, 1, flags, typesize, nbytes, blocksize, length) + rest


def streams(*lengths: int) -> bytes:
    return b"".join(struct.pack("<i", length) + bytes(max(length, 0)) for length in lengths)


def test_the_frame_that_the_attacks_change_passes() -> None:
    validate(frame_of(), 1000)


LONG_STREAM = frame_of(nbytes=100, blocksize=100, starts=(20,), tail=streams(101))
ATTACKS = {
    "nothing": b"",
    "less than a header": frame_of()[:15],
    "a header and nothing else": frame_of(starts=(), tail=b""),
    "a header and starts": frame_of(tail=b""),
    "cut off": frame_of()[:-1],
    "longer than it says": frame_of() + b"\0",
    "claims to be longer": frame_of(cbytes=53),
    "claims to be shorter": frame_of(cbytes=51),
    "claims a negative length": frame_of(cbytes=-52),
    "version of the future": frame_of(version=3),
    "version of the past": frame_of(version=1),
    "reserved flag": frame_of(flags=0x38),
    "items of no size": frame_of(typesize=0),
    "fewer voxels": frame_of(nbytes=999),
    "a bomb": frame_of(nbytes=2**31 - 1),
    "negative voxels": frame_of(nbytes=-1000),
    "no voxels, but bytes": frame_of(nbytes=0),
    "blocks of nothing": frame_of(blocksize=0),
    "blocks of less than nothing": frame_of(blocksize=-500),
    "blocks larger than everything": frame_of(blocksize=1001),
    "blocks that do not fit": frame_of(blocksize=1),
    "blocks that are not whole items": frame_of(flags=0x20, typesize=3, blocksize=500),
    "stored, too short": frame_of(flags=0x32),
    "stored, too long": frame_of(flags=0x32, nbytes=1000, starts=(), tail=bytes(1001)),
    "start before everything": frame_of(starts=(24, -1)),
    "start in the header": frame_of(starts=(24, 0)),
    "start in the starts": frame_of(starts=(24, 20)),
    "start at the end": frame_of(starts=(24, 52)),
    "start too near to the end": frame_of(starts=(24, 49)),
    "start after everything": frame_of(starts=(2**31 - 1, 38)),
    "stream longer than what it decompresses to": LONG_STREAM,
    "stream longer than its split": frame_of(
        flags=0x20, typesize=2, blocksize=1000, starts=(20,), tail=streams(501, 499)
    ),
    "split missing": frame_of(flags=0x20, typesize=2, blocksize=1000, starts=(20,), tail=streams(500)),
    "stream longer than the shorter last block": frame_of(blocksize=900, tail=streams(10, 101)),
    "stream past the end": frame_of(tail=streams(10) + struct.pack("<i", 11) + bytes(10)),
    "stream of nothing": frame_of(tail=streams(10) + struct.pack("<i", 0) + bytes(10)),
    "stream of less than nothing": frame_of(tail=streams(10) + struct.pack("<i", -5) + bytes(10)),
    "overflowing stream": frame_of(tail=streams(10) + struct.pack("<i", 2**31 - 1) + bytes(10)),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_an_attack_is_refused(attack: bytes) -> None:
    with pytest.raises(EncodingError):
        validate(attack, 100 if attack is LONG_STREAM else 1000)


def test_the_overflow_of_blosclz_is_out_of_reach() -> None:
    """Blosc/c-blosc#405: 8.42 million bytes of 0xff in one stream wrap the length of a match around."""
    evil = struct.pack("<i", 8_500_000) + b"\xff" * 8_500_000
    for blocksize in (2**20, MAX_BLOCK, 2**24):
        blocks = 2**24 // blocksize
        starts = (HEADER.size + 4 * blocks,) * blocks
        with pytest.raises(DecodeError):
            validate(frame_of(flags=0x10, nbytes=2**24, blocksize=blocksize, starts=starts, tail=evil), 2**24)


def test_another_number_of_bytes_is_told_from_a_broken_frame() -> None:
    with pytest.raises(WrongShape, match="1000 bytes of voxels where 999"):
        validate(frame_of(), 999)
