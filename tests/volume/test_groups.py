"""How much of a write is under way at once: few blocks, and not many bytes."""

from __future__ import annotations

import pytest

from bosslet.geometry import Box
from bosslet.volume import volume
from bosslet.volume.layout import Layout
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume


@pytest.mark.parametrize(
    ("at_once", "sizes"),
    [
        pytest.param(8 * 12 * 16 * 2, [1] * 8, id="one whole block"),
        pytest.param(3 * 8 * 12 * 16 * 2, [3, 3, 2], id="three whole blocks"),
        pytest.param(1, [1] * 8, id="less than a block"),
        pytest.param(2**30, [4, 4], id="as many as there may be locks"),
    ],
)
def test_a_write_goes_block_by_block_as_far_as_memory_asks_for_it(
    at_once: int, sizes: list[int], folder: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volume, "BYTES_AT_ONCE", at_once)
    monkeypatch.setattr(volume, "BLOCKS_AT_ONCE", 4)
    layout = Layout("uint16", block=(8, 12, 16), chunk=(4, 6, 8))
    pieces = list(Volume(folder, "c/e/ch/0", layout, (1, 16, 24, 32))._pieces(range(1), Box.of((16, 24, 32))))
    groups = list(Volume(folder, "c/e/ch/0", layout, (1, 16, 24, 32))._groups(pieces))
    assert [len(group) for group in groups] == sizes
    assert [piece for group in groups for piece in group] == pieces
