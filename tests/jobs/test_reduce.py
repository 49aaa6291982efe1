"""The arithmetic of a downsampling step, against integers of any size and against worked figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bosslet.jobs.reduce import reduced
from tests.jobs import reference

Voxels = NDArray[Any]
FACTORS = [(1, 2, 2), (2, 2, 2), (2, 1, 1)]
UNSIGNED = ["uint8", "uint16", "uint32", "uint64"]
SIDES = st.tuples(st.integers(1, 5), st.integers(1, 7), st.integers(1, 9))


def plane(*rows: list[int], dtype: str = "uint8") -> Voxels:
    return np.array([rows], dtype)


@given(SIDES, st.sampled_from(FACTORS), st.sampled_from(UNSIGNED), st.integers(0, 2**32))
@settings(max_examples=150)
def test_the_mean_is_exact_at_every_size_and_up_to_the_largest_number(
    shape: tuple[int, int, int], factors: tuple[int, int, int], dtype: str, seed: int
) -> None:
    largest = np.iinfo(dtype).max
    random = np.random.default_rng(seed)
    voxels = random.integers(0, largest, shape, dtype=dtype, endpoint=True)
    voxels[random.random(shape) < 0.3] = largest
    np.testing.assert_array_equal(
        reduced(voxels, factors, labels=False), reference.reduced(voxels, factors, labels=False)
    )


@given(SIDES, st.sampled_from(FACTORS), st.integers(1, 6), st.sampled_from(["uint8", "uint64"]), st.integers(0, 2**32))
@settings(max_examples=200)
def test_the_vote_is_right_at_every_size_and_for_few_and_many_labels(
    shape: tuple[int, int, int], factors: tuple[int, int, int], count: int, dtype: str, seed: int
) -> None:
    random = np.random.default_rng(seed)
    names = random.integers(0, np.iinfo(dtype).max, count, dtype=dtype, endpoint=True)
    names[0] = 0
    voxels = names[random.integers(0, count, shape)]
    np.testing.assert_array_equal(
        reduced(voxels, factors, labels=True), reference.reduced(voxels, factors, labels=True)
    )


def test_every_window_of_four_voxels_with_four_labels_is_voted_on_rightly() -> None:
    windows = np.array(np.meshgrid(*[range(4)] * 4)).reshape(4, -1)
    voxels = np.empty((1, 2, 2 * windows.shape[1]), np.uint64)
    voxels[0, 0, ::2], voxels[0, 0, 1::2], voxels[0, 1, ::2], voxels[0, 1, 1::2] = windows
    expected = [reference.vote(window.tolist()) for window in windows.T]
    assert reduced(voxels, (1, 2, 2), labels=True)[0, 0].tolist() == expected


def test_half_is_rounded_up() -> None:
    assert reduced(plane([1, 2, 0, 0], [2, 1, 0, 1]), (1, 2, 2), labels=False).tolist() == [[[2, 0]]]


@pytest.mark.parametrize(
    ("window", "winner"),
    [
        ([0, 0, 0, 5], 0),  # background counts: a lone voxel does not grow
        ([0, 0, 7, 7], 7),  # but gives way where it is equally frequent
        ([0, 9, 5, 7], 5),
        ([9, 9, 5, 5], 5),
        ([9, 9, 9, 5], 9),
        ([0, 0, 0, 0], 0),
    ],
)
def test_ties_go_to_the_smallest_label_that_is_not_zero(window: list[int], winner: int) -> None:
    voxels = plane(window[:2], window[2:], dtype="uint64")
    assert reduced(voxels, (1, 2, 2), labels=True).tolist() == [[[winner]]]


def test_at_an_odd_end_only_the_voxels_that_exist_count() -> None:
    voxels = plane([10, 20, 7], [30, 40, 8], [50, 53, 9])
    assert reduced(voxels, (2, 2, 2), labels=False).tolist() == [[[25, 8], [52, 9]]]


def test_floats_are_averaged_too() -> None:
    voxels = plane([0.5, 1.5, 3.0], [2.5, 3.5, 4.0], dtype="float32")
    result = reduced(voxels, (1, 2, 2), labels=False)
    assert result.dtype == np.float32
    assert result.tolist() == [[[2.0, 3.5]]]
