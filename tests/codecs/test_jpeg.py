"""Volumes as a gray picture."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from bosslet.codecs.image import MAX_JPEG_SIDE, jpeg
from bosslet.errors import EncodingError, TimeNotEncodable, TooLarge, WrongDtype


def test_slices_lie_below_each_other() -> None:
    z, y, x = np.meshgrid(np.arange(3), np.arange(16), np.arange(24), indexing="ij")
    voxels = (60 * z + 3 * y + x).astype(np.uint8)
    with Image.open(io.BytesIO(jpeg(voxels))) as picture:
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "L", (24, 48))
        pixels = np.asarray(picture).astype(int)
    assert np.abs(pixels - voxels.reshape(48, 24)).max() < 12


def test_any_memory_layout_gives_the_same_picture() -> None:
    voxels = np.arange(3 * 8 * 16, dtype=np.uint8).reshape(3, 8, 16)
    assert jpeg(np.asfortranarray(voxels)) == jpeg(voxels) == jpeg(np.repeat(voxels, 2, axis=2)[:, :, ::2])


def test_what_a_jpeg_cannot_hold_is_refused() -> None:
    with pytest.raises(WrongDtype):
        jpeg(np.zeros((3, 4, 5), np.uint16))
    with pytest.raises(TimeNotEncodable):
        jpeg(np.zeros((1, 3, 4, 5), np.uint8))
    with pytest.raises(EncodingError, match="no voxels"):
        jpeg(np.zeros((0, 4, 5), np.uint8))


@pytest.mark.parametrize("shape", [(MAX_JPEG_SIDE, 1, 1), (1, MAX_JPEG_SIDE, 1), (1, 1, MAX_JPEG_SIDE)])
def test_the_longest_picture_is_one_that_can_be_written(shape: tuple[int, int, int]) -> None:
    with Image.open(io.BytesIO(jpeg(np.ones(shape, np.uint8)))) as picture:
        assert max(picture.size) == MAX_JPEG_SIDE
    with pytest.raises(TooLarge):
        jpeg(np.ones([side if side == 1 else side + 1 for side in shape], np.uint8))
