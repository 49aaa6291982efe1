"""NumPy's basic indexing, told as the ranges that hold what is selected and where in them it is.

Integers, slices with any step, negative numbers, an ellipsis and new axes; no arrays of indices.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import index as as_integer
from types import EllipsisType

import numpy as np

Key = int | slice | None


@dataclass(frozen=True, slots=True)
class Selection:
    """What an index selects of an array."""

    ranges: tuple[range, ...]
    """Along each axis of the array, the shortest range without a step that holds all of it."""
    within: tuple[Key, ...]
    """The index of what is selected in an array of just these ranges."""

    @property
    def whole_shape(self) -> tuple[int, ...]:
        """Of the ranges."""
        return tuple(map(len, self.ranges))

    @property
    def contiguous(self) -> bool:
        """Whether all that is in the ranges is selected, in its order."""
        return all(key.step in (None, 1) for key in self.within if isinstance(key, slice))

    @property
    def shape(self) -> tuple[int, ...]:
        """Of what is selected, as NumPy would have it."""
        return np.broadcast_to(np.empty((), bool), self.whole_shape)[self.within].shape


def select(key: object, shape: tuple[int, ...]) -> Selection:
    """What a key selects of an array of this shape.

    >>> select((-1, slice(2, None, 3)), (4, 9))
    Selection(ranges=(range(3, 4), range(2, 9)), within=(0, slice(None, None, 3)))

    Raises:
        IndexError: too many axes, an index outside of its axis, or one that is none of the above.
    """
    ranges: list[range] = []
    within: list[Key] = []
    sides = iter(shape)
    for each in _expanded(key if isinstance(key, tuple) else (key,), len(shape)):
        if each is None:
            within.append(None)
            continue
        found, inside = _on_axis(each, len(ranges), next(sides))
        ranges.append(found)
        within.append(inside)
    return Selection(tuple(ranges), tuple(within))


def _expanded(keys: tuple[object, ...], ndim: int) -> list[object]:
    """With whole axes for the ellipsis, and for those that are not named."""
    dots = [number for number, key in enumerate(keys) if isinstance(key, EllipsisType)]
    if len(dots) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    named = sum(key is not None for key in keys) - len(dots)
    if named > ndim:
        raise IndexError(f"too many indices: the array has {ndim} axes, and {named} were indexed")
    at = dots[0] if dots else len(keys)
    return [*keys[:at], *[slice(None)] * (ndim - named), *keys[at + 1 :]]


def _on_axis(key: object, axis: int, side: int) -> tuple[range, int | slice]:
    if isinstance(key, slice):
        chosen = range(*key.indices(side))
        if not chosen:
            return range(0), slice(None)
        low, high = min(chosen[0], chosen[-1]), max(chosen[0], chosen[-1])
        end = range(low, high + 1)
        return (end, slice(None, None, chosen.step)) if chosen.step != 1 else (end, slice(None))
    if isinstance(key, bool | np.bool_):
        raise IndexError("only integers, slices, an ellipsis and new axes can be used as an index")
    try:
        number = as_integer(key)  # type: ignore[arg-type] # it says so itself
    except TypeError as error:
        raise IndexError("only integers, slices, an ellipsis and new axes can be used as an index") from error
    if not -side <= number < side:
        raise IndexError(f"index {number} is out of bounds for axis {axis} with size {side}")
    number %= side
    return range(number, number + 1), 0
