"""What is selected is what NumPy selects."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bosslet.indexing import select

SHAPE = (5, 7, 4)
ARRAY = np.arange(140).reshape(SHAPE)


@given(hnp.basic_indices(SHAPE, allow_newaxis=True))
def test_every_basic_index_selects_what_numpy_selects(key: object) -> None:
    selection = select(key, SHAPE)
    expected = ARRAY[key]
    held = ARRAY[tuple(slice(each.start, each.stop) for each in selection.ranges)]
    np.testing.assert_array_equal(held[selection.within], expected)
    assert selection.shape == np.shape(expected)


@given(st.slices(7))
def test_no_more_is_held_than_is_selected_between(key: slice) -> None:
    chosen, (_, held, _) = range(7)[key], select((slice(None), key), SHAPE).ranges
    assert list(held) == (list(range(min(chosen), max(chosen) + 1)) if chosen else [])


@pytest.mark.parametrize("key", [5, -6, (0, 0, 0, 0), (..., ...), [1, 2], True, 1.0, np.array([1]), "a"])
def test_what_is_no_basic_index_is_refused(key: object) -> None:
    with pytest.raises(IndexError):
        select(key, SHAPE)
