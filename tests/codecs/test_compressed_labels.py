"""Labels come back as they were, as the library itself and as another reader see them."""

from __future__ import annotations

from typing import Any

import compressed_segmentation
import numpy as np
import pytest
import tensorstore as ts
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from bosslet.codecs import compressed_labels
from bosslet.errors import EncodingError, TimeNotEncodable, WrongDtype

LABELS = st.sampled_from([0, 1, 2, 7, 2**32 - 1])


def decoded(packed: bytes, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    whole = compressed_segmentation.decompress(packed, (*shape[::-1], 1), dtype, compressed_labels.PIECE, order="F")
    return np.asarray(whole[..., 0].T)


@given(arrays.arrays(st.sampled_from(["u4", "u8"]), arrays.array_shapes(min_dims=3, max_dims=3), elements=LABELS))
def test_labels_come_back(labels: NDArray[Any]) -> None:
    assert np.array_equal(decoded(compressed_labels.encode(labels), labels.shape, labels.dtype), labels)


def test_labels_above_32_bits_come_back() -> None:
    labels = (np.arange(9 * 10 * 11, dtype=np.uint64) << 40).reshape(9, 10, 11)
    assert np.array_equal(decoded(compressed_labels.encode(labels), labels.shape, np.uint64), labels)


def test_any_memory_layout_is_taken() -> None:
    labels = np.arange(9 * 10 * 11, dtype=np.uint32).reshape(11, 10, 9).T
    assert compressed_labels.encode(labels) == compressed_labels.encode(np.ascontiguousarray(labels))


def test_tensorstore_reads_it() -> None:
    labels = (np.arange(5 * 13 * 20, dtype=np.uint64) // 3 << 33).reshape(5, 13, 20)
    scale = {
        "key": "0",
        "size": [20, 13, 5],
        "voxel_offset": [0, 0, 0],
        "chunk_size": [20, 13, 5],
        "resolution": [1, 1, 1],
        "encoding": "compressed_segmentation",
        "compressed_segmentation_block_size": list(compressed_labels.PIECE),
    }
    whole = {"type": "segmentation", "data_type": "uint64", "num_channels": 1}
    context = ts.Context()
    ts.KvStore.open("memory://", context=context).result().write(
        "0/0-20_0-13_0-5", compressed_labels.encode(labels)
    ).result()
    array = ts.open(
        {
            "driver": "neuroglancer_precomputed",
            "kvstore": "memory://",
            "multiscale_metadata": whole,
            "scale_metadata": scale,
        },
        context=context,
        create=True,
    ).result()
    assert np.array_equal(array[..., 0].read().result().T, labels)


@pytest.mark.parametrize(
    ("voxels", "error"),
    [
        (np.zeros((1, 2, 3, 4), np.uint64), TimeNotEncodable),
        (np.zeros((2, 3, 4), np.uint16), WrongDtype),
        (np.zeros((2, 0, 4), np.uint64), EncodingError),
    ],
)
def test_what_it_cannot_hold(voxels: NDArray[Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        compressed_labels.encode(voxels)
