"""Array <-> bytes on the wire: one module per encoding, without HTTP and without storage.

The modules that both write and read are themselves what ``Encoding`` describes; a dialect maps content types to them.
Arrays are in C order on the wire with x fastest, ``[z, y, x]`` or, for a time series, ``[t, z, y, x]``, little-endian.
Decoders are told what shape and dtype to expect and hold every size that the bytes claim against it before they
allocate: the caller has to have checked that the expected size itself is affordable. Whatever the bytes are, what comes
out is an array or an ``EncodingError``.
"""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import DTypeLike, NDArray

Body = bytes | bytearray | memoryview
"""What a client sent; a memoryview is contiguous and of bytes."""
Shape = tuple[int, ...]
"""Side lengths in the order (z, y, x) or (t, z, y, x)."""


class Encoding(Protocol):
    """An encoding that voxels are sent and received in."""

    def encode(self, voxels: NDArray[Any]) -> bytes:
        """The array in any memory layout and byte order; raises TooLarge when the encoding cannot hold it."""

    def decode(self, body: Body, shape: Shape, dtype: DTypeLike) -> NDArray[Any]:
        """A fresh, writable array, its shape by the rule of ``expected.agreed_shape``; raises EncodingError."""
