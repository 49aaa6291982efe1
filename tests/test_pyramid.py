"""Pyramids: figures worked out by hand from bossDB's rules, and what holds of every pyramid."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bosslet import pyramid
from bosslet.geometry import Point
from bosslet.pyramid import Pyramid

THIN = Pyramid((6.0, 6.0, 6.0), (200, 5000, 2000), isotropic=True)
THICK = Pyramid((35.0, 4.0, 4.0), (200, 5000, 2000), isotropic=False)

levels = st.integers(0, 9)


@st.composite
def pyramids(draw: st.DrawFn) -> Pyramid:
    voxel = draw(st.tuples(*[st.sampled_from([0.5, 1.0, 4.0, 6.0, 35.0, 1000.0])] * 3))
    return Pyramid(voxel, draw(st.tuples(*[st.integers(1, 100_000)] * 3)), isotropic=draw(st.booleans()))


def test_the_examples_in_the_docstrings_are_true() -> None:
    failed, tried = doctest.testmod(pyramid)
    assert (failed, tried) == (0, 3)


@pytest.mark.parametrize(
    ("tissue", "iso", "extent", "voxel"),
    [
        (THICK, False, (200, 157, 63), (35.0, 128.0, 128.0)),
        (THICK, True, (50, 157, 63), (140.0, 128.0, 128.0)),
        (THIN, False, (7, 157, 63), (192.0, 192.0, 192.0)),
        (THIN, True, (7, 157, 63), (192.0, 192.0, 192.0)),
    ],
)
def test_level_5_of_two_experiments(
    tissue: Pyramid, iso: bool, extent: Point, voxel: tuple[float, float, float]
) -> None:
    assert tissue.extent(5, iso=iso) == extent
    assert tissue.voxel_size(5, iso=iso) == voxel


@pytest.mark.parametrize(
    ("z", "x", "level"),
    [(35.0, 4.0, 3), (4.0, 4.0, 0), (1.0, 4.0, 0), (5.0, 4.0, 0), (6.0, 4.0, 1), (48.0, 4.0, 4), (1e30, 1.0, 29)],
)
def test_the_level_at_which_voxels_are_nearest_to_cubes(z: float, x: float, level: int) -> None:
    assert Pyramid((z, 9.0, x), (1, 1, 1), isotropic=False).isotropic_level == level


def test_of_two_levels_as_near_to_cubes_the_first_is_taken() -> None:
    # 4 / 3 - 1 and 1 - 2 / 3 are both a third.
    assert Pyramid((4.0, 3.0, 3.0), (1, 1, 1), isotropic=False).isotropic_level == 0


def test_an_isotropic_experiment_has_no_second_pyramid() -> None:
    assert (THIN.isotropic_level, [THIN.has_iso(level) for level in range(9)]) == (0, [False] * 9)


def test_the_second_pyramid_begins_above_the_isotropic_level() -> None:
    assert [THICK.has_iso(level) for level in range(6)] == [False, False, False, False, True, True]
    assert [THICK.step(level, iso=True)[0] for level in range(1, 6)] == [1, 1, 1, 2, 2]
    assert [THICK.step(level)[0] for level in range(1, 6)] == [1, 1, 1, 1, 1]


@given(pyramids(), levels, st.booleans())
def test_an_extent_is_the_one_below_divided_by_the_step_rounded_up(tissue: Pyramid, level: int, iso: bool) -> None:
    extent = tissue.extent(0, iso=iso)
    assert extent == tissue.stop
    for next_level in range(1, level + 1):
        z, y, x = (-(-side // by) for side, by in zip(extent, tissue.step(next_level, iso=iso), strict=True))
        extent = (z, y, x)
        assert tissue.extent(next_level, iso=iso) == extent


@given(pyramids(), levels, st.booleans())
def test_a_scale_is_the_product_of_the_steps_and_voxels_grow_by_it(tissue: Pyramid, level: int, iso: bool) -> None:
    z, y, x = 1, 1, 1
    for next_level in range(1, level + 1):
        by_z, by_y, by_x = tissue.step(next_level, iso=iso)
        z, y, x = z * by_z, y * by_y, x * by_x
    assert tissue.scale(level, iso=iso) == (z, y, x)
    native = tissue.native_voxel_size
    assert tissue.voxel_size(level, iso=iso) == (native[0] * z, native[1] * y, native[2] * x)


@given(pyramids(), levels)
def test_iso_selects_other_voxels_exactly_where_there_are_some(tissue: Pyramid, level: int) -> None:
    assert tissue.has_iso(level) == (tissue.scale(level) != tissue.scale(level, iso=True))
