"""Boxes and grids: what always holds of them, whatever the numbers."""

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bosslet import geometry
from bosslet.geometry import Box, Grid, Point

coordinates = st.tuples(*[st.integers(0, 30)] * 3)
sides = st.tuples(*[st.integers(0, 12)] * 3)
blocks = st.tuples(*[st.integers(1, 9)] * 3)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    start, (z, y, x) = draw(coordinates), draw(sides)
    return Box(start, (start[0] + z, start[1] + y, start[2] + x))


def painted(*some: Box) -> np.ndarray:
    """How many of these boxes cover each voxel of a space that holds them all."""
    space = np.zeros((45, 45, 45), np.uint16)
    for box in some:
        space[box.slices] += 1
    return space


def test_the_examples_in_the_docstrings_are_true() -> None:
    failed, tried = doctest.testmod(geometry)
    assert (failed, tried) == (0, 6)


@pytest.mark.parametrize("stop", [(0, 9, 9), (9, 1, 9), (9, 9, 2)])
def test_a_box_cannot_be_reversed(stop: Point) -> None:
    with pytest.raises(ValueError, match="before it starts"):
        Box((1, 2, 3), stop)


def test_a_box_says_its_axes_in_the_order_zyx() -> None:
    box = Box((1, 2, 3), (5, 7, 9))
    assert (box.shape, box.size, str(box)) == ((4, 5, 6), 120, "1:5,2:7,3:9")
    assert np.zeros((10, 11, 12))[box.slices].shape == box.shape


def test_the_size_of_a_box_cannot_overflow() -> None:
    assert Box.of((2**40, 2**40, 2**40)).size == 2**120


@given(boxes(), blocks)
def test_parts_cover_each_voxel_of_the_box_once_and_nothing_else(box: Box, block: Point) -> None:
    parts = list(Grid(block).parts(box))
    assert np.array_equal(painted(*(part.box for part in parts)), painted(box))
    assert Grid(block).count(box) == len(parts)


@given(boxes(), blocks)
def test_each_part_is_what_the_box_has_of_its_block(box: Box, block: Point) -> None:
    grid = Grid(block)
    for part in grid.parts(box):
        assert part.box.size
        assert part.box == grid.box_of(part.index).intersection(box)
        assert part.whole == (part.box.shape == block)


@given(boxes(), blocks)
def test_parts_come_in_ascending_order_one_of_each_block(box: Box, block: Point) -> None:
    indices = [part.index for part in Grid(block).parts(box)]
    assert indices == sorted(set(indices))


@given(coordinates, blocks)
def test_a_box_of_whole_blocks_has_only_whole_parts(index: Point, block: Point) -> None:
    grid = Grid(block)
    box = Box(grid.box_of(index).start, grid.box_of((index[0] + 1, index[1] + 2, index[2])).stop)
    assert [part.whole for part in grid.parts(box)] == [True] * 6


def test_parts_of_a_huge_box_come_one_at_a_time() -> None:
    parts = Grid((256, 256, 256)).parts(Box((1, 2, 3), (2**40, 2**40, 2**40)))
    first = next(parts)
    assert (first.index, first.box, first.whole) == ((0, 0, 0), Box((1, 2, 3), (256, 256, 256)), False)


@given(boxes(), boxes())
def test_an_intersection_has_the_voxels_in_both(one: Box, other: Box) -> None:
    both = one.intersection(other)
    assert np.array_equal(painted(both) == 1, painted(one, other) == 2)
    assert both.size == other.intersection(one).size


@given(boxes(), boxes())
def test_an_intersection_with_a_box_inside_is_that_box(one: Box, other: Box) -> None:
    if other in one:
        assert one.intersection(other) == other


@given(boxes(), boxes())
def test_one_box_contains_another_with_voxels_when_it_covers_them_all(one: Box, other: Box) -> None:
    if other.size:
        assert (other in one) == (one.intersection(other).size == other.size)


@given(boxes(), coordinates)
def test_relative_to_is_undone_by_going_back(box: Box, origin: Point) -> None:
    moved = box.relative_to(origin)
    assert moved.shape == box.shape
    assert moved.relative_to((-origin[0], -origin[1], -origin[2])) == box
    assert box.relative_to(box.start) == Box.of(box.shape)


@given(boxes(), boxes(), coordinates)
def test_moving_two_boxes_moves_what_they_share(one: Box, other: Box, origin: Point) -> None:
    assert one.relative_to(origin).intersection(other.relative_to(origin)) == one.intersection(other).relative_to(
        origin
    )


@given(boxes(), st.tuples(*[st.integers(1, 3)] * 3))
def test_halving_covers_the_box_and_no_whole_voxel_more(box: Box, factors: Point) -> None:
    half = box.halved(factors)
    for first, last, start, stop, by in zip(half.start, half.stop, box.start, box.stop, factors, strict=True):
        assert first * by <= start < (first + 1) * by
        assert (last - 1) * by < stop <= last * by
