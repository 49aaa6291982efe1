"""Pieces cover a volume once, are whole blocks, and no larger than they may be."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bosslet.geometry import Box, Point
from bosslet.jobs.pieces import largest, parts, pieces

BLOCK = (4, 6, 8)
points = st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
sides = st.tuples(st.integers(1, 25), st.integers(1, 25), st.integers(1, 25))


@given(points, sides, st.integers(0, 20_000))
def test_each_voxel_is_in_one_piece_and_each_block_too(start: Point, shape: Point, most: int) -> None:
    z, y, x = (first + side for first, side in zip(start, shape, strict=True))
    box = Box(start, (z, y, x))
    found = pieces(2, box, BLOCK, most)
    assert found == sorted(found, key=lambda piece: (piece.time, piece.box.start))
    counts = np.zeros((2, *shape), np.uint8)
    blocks = [(piece.time, *index) for piece in found for index, _ in parts(piece, BLOCK)]
    assert len(blocks) == len(set(blocks))
    for piece in found:
        counts[(piece.time, *piece.box.relative_to(start).slices)] += 1
        assert sum(part.size for _, part in parts(piece, BLOCK)) == piece.box.size
    assert (counts == 1).all()
    assert largest(found) <= max(most, np.prod(BLOCK))


def test_layers_are_only_cut_when_they_must_be() -> None:
    box = Box((2, 0, 0), (9, 13, 17))
    layer = 4 * 13 * 17
    assert [str(piece.box) for piece in pieces(1, box, BLOCK, layer)] == [
        "2:4,0:13,0:17",
        "4:8,0:13,0:17",
        "8:9,0:13,0:17",
    ]
    assert [str(piece.box) for piece in pieces(1, box, BLOCK, layer - 1)][1:3] == ["4:8,0:12,0:17", "4:8,12:13,0:17"]
    assert str(pieces(1, box, BLOCK, 0)[0].box) == "2:4,0:6,0:8"
