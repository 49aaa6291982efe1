"""A surface is closed, where the label is, and the same however the volume is cut into pieces."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bosslet.dialects.mesh import surface as module
from bosslet.dialects.mesh.surface import Surface, pieces, surface
from bosslet.errors import TooLarge
from bosslet.geometry import Box
from bosslet.volume.layout import Layout
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

SHAPE = (11, 14, 17)
LABEL = 2**63 + 5


def volume_of(tmp_path: Path, inside: NDArray[np.bool_]) -> Volume:
    layout = Layout("uint64", (8, 8, 16), (4, 4, 8))
    z, y, x = inside.shape
    volume = Volume(Store.in_folder(tmp_path), "a/b/c/0", layout, (1, z, y, x))
    voxels = np.where(inside, np.uint64(LABEL), np.uint64(3))
    volume.write(range(1), Box.of((z, y, x)), voxels[np.newaxis])
    return volume


def ball(shape: tuple[int, int, int] = SHAPE, radius: float = 4.6) -> NDArray[np.bool_]:
    z, y, x = np.ogrid[: shape[0], : shape[1], : shape[2]]
    found: NDArray[np.bool_] = (z - 5) ** 2 + (y - 6) ** 2 + (x - 8) ** 2 < radius**2
    return found


def around(inside: NDArray[np.bool_]) -> Box:
    where = np.argwhere(inside)
    z, y, x = where.min(0).tolist()
    z_stop, y_stop, x_stop = (where.max(0) + 1).tolist()
    return Box((z, y, x), (z_stop, y_stop, x_stop))


def enclosed(found: Surface) -> float:
    """The volume inside, which is negative where triangles are turned inside out."""
    corners = found.vertices[found.faces].astype(float)
    return float(np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6)


def is_closed(found: Surface) -> bool:
    """Whether every edge has two triangles, which run along it in opposite directions."""
    edges = np.concatenate([found.faces[:, [0, 1]], found.faces[:, [1, 2]], found.faces[:, [2, 0]]])
    count = Counter(map(tuple, edges.tolist()))
    return all(count[edge] == count[edge[::-1]] for edge in count)


def as_set(found: Surface) -> set[Any]:
    """The triangles, whatever order they and their corners come in."""
    return {tuple(sorted(map(tuple, corners))) for corners in found.vertices[found.faces].tolist()}


def test_a_ball_is_where_it_is(tmp_path: Path) -> None:
    found = surface(volume_of(tmp_path, ball()), 0, LABEL, [around(ball())])
    assert is_closed(found)
    assert enclosed(found) == pytest.approx(ball().sum(), rel=0.1)
    np.testing.assert_allclose(found.vertices.mean(0), (8.5, 6.5, 5.5), atol=0.1)


def test_a_label_that_fills_its_volume_is_a_closed_box(tmp_path: Path) -> None:
    found = surface(volume_of(tmp_path, np.ones(SHAPE, bool)), 0, LABEL, [Box.of(SHAPE)])
    assert is_closed(found)
    np.testing.assert_allclose(found.vertices.min(0), 0, atol=1e-5)
    np.testing.assert_allclose(found.vertices.max(0), SHAPE[::-1], atol=1e-5)
    assert enclosed(found) == pytest.approx(np.prod(SHAPE), rel=0.05)


@given(
    inside=st.binary(min_size=24, max_size=24).map(
        lambda bits: np.unpackbits(np.frombuffer(bits, np.uint8)).astype(bool).reshape(6, 4, 8)
    ),
    piece=st.tuples(*[st.integers(1, 9)] * 3),
    cut=st.tuples(*[st.integers(1, 3)] * 3),
)
def test_pieces_make_the_same_surface_as_the_whole(
    tmp_path_factory: pytest.TempPathFactory,
    inside: NDArray[np.bool_],
    piece: tuple[int, int, int],
    cut: tuple[int, int, int],
) -> None:
    if not inside.any():
        return
    volume = volume_of(tmp_path_factory.mktemp("uploads"), inside)
    whole = surface(volume, 0, LABEL, [Box.of((6, 4, 8))])
    boxes = [part.box for part in module.Grid(cut).parts(Box.of((6, 4, 8))) if inside[part.box.slices].any()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PIECE", piece)
        cut_up = surface(volume, 0, LABEL, boxes)
    assert as_set(cut_up) == as_set(whole)
    assert is_closed(cut_up)
    assert len(np.unique(cut_up.vertices, axis=0)) == len(cut_up.vertices)


@given(st.lists(st.tuples(*[st.integers(0, 200)] * 3), min_size=1, max_size=5), st.tuples(*[st.integers(1, 150)] * 3))
def test_no_cell_is_looked_at_twice(starts: list[tuple[int, int, int]], shape: tuple[int, int, int]) -> None:
    boxes = [Box(start, tuple(np.add(start, shape).tolist())) for start in starts]
    found = pieces(boxes)
    for number, one in enumerate(found):
        assert all(not one.intersection(other).size for other in found[:number])
    for box in boxes:
        cells = Box(box.start, tuple(stop + 1 for stop in box.stop))  # type: ignore[arg-type]
        assert sum(cells.intersection(piece).size for piece in found) == cells.size


def test_a_large_surface_is_simplified_and_stays_where_it_is(tmp_path: Path) -> None:
    shape = (50, 60, 70)
    z, y, x = np.ogrid[: shape[0], : shape[1], : shape[2]]
    inside = (z - 24) ** 2 + (y - 29) ** 2 + (x - 34) ** 2 < 20**2
    found = surface(volume_of(tmp_path, inside), 0, LABEL, [around(inside)])
    assert 500 < len(found.faces) < 3000
    assert enclosed(found) == pytest.approx(inside.sum(), rel=0.02)
    away = np.linalg.norm(found.vertices - (34.5, 29.5, 24.5), axis=1)
    assert abs(away - 20).max() < 1


def test_what_is_too_much_is_refused_before_it_is_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = volume_of(tmp_path, ball())
    monkeypatch.setattr(module, "MOST_TRIANGLES", 300)
    with pytest.raises(TooLarge):
        surface(volume, 0, LABEL, [around(ball())])
    monkeypatch.setattr(module, "MOST_TRIANGLES", 3000)
    monkeypatch.setattr(module, "_BITS", 3)
    with pytest.raises(TooLarge):
        surface(volume, 0, LABEL, [around(ball())])
