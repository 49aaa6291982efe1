"""Planes as pictures."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bosslet.codecs import picture
from bosslet.codecs.image import MAX_JPEG_SIDE
from bosslet.codecs.picture import COLOURS, PALETTE, jpeg, png
from bosslet.errors import TooLarge, WrongDtype


def opened(content: bytes, kind: str = "PNG") -> tuple[str, NDArray[Any]]:
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == kind
        return image.mode, np.asarray(image)


IMAGES = [("uint8", 0), ("uint16", 8), ("uint32", 24), ("uint64", 56)]


@pytest.mark.parametrize(
    ("dtype", "shift", "labels"),
    [(*image, False) for image in IMAGES] + [("uint8", 0, True), ("uint16", 8, True)],
)
def test_gray_shows_the_highest_eight_bits(dtype: str, shift: int, labels: bool) -> None:
    plane = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (20, 30), dtype, endpoint=True)
    mode, pixels = opened(png(plane, labels=labels))
    assert mode == "L"
    np.testing.assert_array_equal(pixels, plane >> np.uint8(shift))


@pytest.mark.parametrize("dtype", ["uint32", "uint64"])
def test_wide_labels_are_coloured_by_their_number(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "PIXELS_AT_ONCE", 70)
    high = np.iinfo(dtype).max
    plane = np.array([0, 1, 216, 217, 218, high, high - 1, 5 * 217] * 30, dtype).reshape(20, 12)
    mode, pixels = opened(png(plane, labels=True))
    assert mode == "RGBA"
    expected = PALETTE[(plane % COLOURS).astype(int)]
    expected[plane == 0] = 0
    np.testing.assert_array_equal(pixels, expected)


def test_the_colours_can_be_told_apart() -> None:
    assert PALETTE.shape == (217, 4)
    assert len(np.unique(PALETTE, axis=0)) == 217
    assert (PALETTE[:, 3] == 255).all()
    assert PALETTE[:, :3].max(axis=1).min() > 150
    following = np.abs(np.diff(PALETTE[:, :3].astype(int), axis=0)).max(axis=1)
    assert following.min() > 60


def test_a_jpeg_of_labels_is_black_where_nothing_is() -> None:
    plane = np.zeros((32, 48), np.uint64)
    plane[8:24, 16:40] = 6
    mode, pixels = opened(jpeg(plane, labels=True), "JPEG")
    assert (mode, pixels.shape) == ("RGB", (32, 48, 3))
    assert pixels[:4, :8].max() < 30
    assert np.abs(pixels[14:18, 24:32].astype(int) - PALETTE[6, :3]).max() < 30


def test_a_jpeg_has_pillows_own_quality() -> None:
    plane = np.random.default_rng(0).integers(0, 256, (24, 40), np.uint8)
    out = io.BytesIO()
    Image.fromarray(plane).save(out, "JPEG", quality=75)
    assert jpeg(plane, labels=False) == out.getvalue()


def test_any_memory_layout_gives_the_same_picture() -> None:
    plane = np.arange(12 * 20, dtype=np.uint64).reshape(12, 20)
    for labels in (False, True):
        same = {png(each, labels=labels) for each in (plane, np.asfortranarray(plane), np.repeat(plane, 2, 1)[:, ::2])}
        assert len(same) == 1


def test_what_a_picture_cannot_hold_is_refused() -> None:
    with pytest.raises(WrongDtype):
        png(np.zeros((3, 4), np.float32), labels=False)
    for shape in ((MAX_JPEG_SIDE + 1, 1), (1, MAX_JPEG_SIDE + 1)):
        with pytest.raises(TooLarge):
            jpeg(np.zeros(shape, np.uint8), labels=False)
        assert opened(png(np.ones(shape, np.uint8), labels=False))[1].shape == shape
    assert opened(jpeg(np.ones((MAX_JPEG_SIDE, 1), np.uint8), labels=False), "JPEG")[1].shape == (MAX_JPEG_SIDE, 1)
