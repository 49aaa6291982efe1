"""Which frames of blosc 1 may be handed to c-blosc: a check that needs none of its code.

c-blosc trusts the bytes that it decompresses too far: a blosclz stream of more than 8 MiB can overflow a 32-bit match
length and write past the end of the buffer (Blosc/c-blosc#405). ``validate`` lets only those frames through that an
encoder can have written. Above all, **no stream is longer than what it decompresses to**: an encoder stores a stream
that would grow as it is. With blocks of at most 8 MiB the overflow is then out of reach.

The format (c-blosc, README_CHUNK_FORMAT.rst and blosc_d() in blosc.c): a header of 16 bytes, one 4-byte start per
block, then the blocks. A block is one stream, or ``typesize`` of them (*split*); each has its length in 4 bytes in
front. All numbers are signed and little-endian.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bosslet.codecs import Body
from bosslet.errors import DecodeError, WrongShape

HEADER = struct.Struct("<BBBBiii")
FORMAT_VERSION = 2
MAX_BYTES = 2**31 - 1 - HEADER.size
"""The most that one frame holds, uncompressed."""
MAX_BLOCK = 8 * 2**20
"""Encoders choose at most 1 MiB of their own accord; a client has to ask for more."""

COPIED, RESERVED, NOT_SPLIT = 0x02, 0x08, 0x10  # bits of the flags
MAX_SPLITS, MIN_SPLIT_ITEMS = 16, 128
SLAB = 2**16
"""How many blocks are looked at together: bounds the memory that a frame of tiny blocks costs."""


@dataclass(frozen=True, slots=True)
class Header:
    """The first 16 bytes, as they are: nothing of it is true before it was checked."""

    version: int
    codec_version: int
    flags: int
    typesize: int
    nbytes: int
    blocksize: int
    cbytes: int

    @classmethod
    def of(cls, body: Body) -> Header:
        """Raises DecodeError when the body is too short to have one, or not as long as it says."""
        if len(body) < HEADER.size:
            raise DecodeError(f"{len(body)} bytes are too few for a blosc frame")
        header = cls(*HEADER.unpack_from(body))
        if header.version != FORMAT_VERSION:
            raise DecodeError(f"not a blosc 1 frame: format version {header.version}")
        if header.cbytes != len(body):
            raise DecodeError(f"a blosc frame of {header.cbytes} bytes in a body of {len(body)}")
        return header

    @property
    def splits(self) -> int:
        """Into how many streams each block is cut, save for a shorter last one."""
        small = self.typesize > MAX_SPLITS or self.blocksize // self.typesize < MIN_SPLIT_ITEMS
        return 1 if self.flags & NOT_SPLIT or small else self.typesize


def validate(body: Body, nbytes: int) -> None:
    """Return if c-blosc may decompress the body into a buffer of ``nbytes``.

    Raises:
        DecodeError: not a frame, or one that no encoder writes.
        WrongShape: a frame of another number of bytes.
    """
    header = Header.of(body)
    if header.nbytes < 0:
        raise DecodeError(f"a blosc frame of {header.nbytes} bytes of voxels")
    if header.nbytes != nbytes:
        raise WrongShape(f"{header.nbytes} bytes of voxels where {nbytes} are expected")
    if header.flags & RESERVED or header.typesize < 1:
        raise DecodeError("a blosc frame with a reserved flag or without a type size")
    if nbytes and not 1 <= header.blocksize <= min(nbytes, MAX_BLOCK):
        raise DecodeError(f"a blosc frame with blocks of {header.blocksize} bytes")
    if header.flags & COPIED or nbytes == 0:
        if header.cbytes != HEADER.size + nbytes:
            raise DecodeError(f"{header.cbytes} bytes for a stored blosc frame of {nbytes}")
    else:
        _check_blocks(body, header)


def _check_blocks(body: Body, header: Header) -> None:
    whole, rest = divmod(header.nbytes, header.blocksize)
    first_byte = HEADER.size + 4 * (whole + (rest > 0))
    if first_byte > header.cbytes - 4:
        raise DecodeError("a blosc frame too short for its blocks")
    if header.blocksize % header.splits:
        raise DecodeError("a blosc frame whose blocks cannot be split evenly")
    starts = np.frombuffer(body, "<i4", whole + (rest > 0), HEADER.size)
    if starts.min() < first_byte:
        raise DecodeError("a blosc frame with a block inside of its header")
    for slab in range(0, whole, SLAB):
        _check_streams(body, starts[slab : min(slab + SLAB, whole)], header.splits, header.blocksize // header.splits)
    if rest:
        _check_streams(body, starts[whole:], 1, rest)


def _check_streams(body: Body, starts: NDArray[Any], count: int, uncompressed: int) -> None:
    """Follow the ``count`` streams of each of these blocks, all of which decompress to the same size."""
    lengths_at: NDArray[Any] = np.ndarray((len(body) - 3,), "<i4", body, strides=(1,))  # one at every byte: no copy
    at = starts.astype(np.int64)
    for _ in range(count):
        if at.max() >= len(lengths_at):
            raise DecodeError("a blosc frame with a stream that starts past its end")
        lengths = lengths_at[at]
        if lengths.min() < 1 or lengths.max() > uncompressed:
            raise DecodeError(f"a blosc frame with a stream of another length than 1 to {uncompressed} bytes")
        at += 4 + lengths
        if at.max() > len(body):
            raise DecodeError("a blosc frame with a stream that ends past its end")
