"""A block that is replaced while it is read is seen as it was before or after, never as half of both.

How seldom TensorStore's reads are torn depends on the machine (a few of a thousand cutouts beside writes of the same
block), so here it happens every time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import tensorstore as ts
from numpy.typing import NDArray

from bosslet.geometry import Box, Grid
from bosslet.volume import moments
from bosslet.volume import volume as module
from bosslet.volume.layout import Layout
from bosslet.volume.moments import read_into
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

NOW = range(1)
SPACE = Box.of((16, 24, 32))
"""In eight blocks."""


@dataclass(frozen=True)
class Torn:
    """Reads, in each of which something happens after the first half of what is asked for, and before the rest."""

    happens: Callable[[], None]

    def read_into(self, place: NDArray[Any], source: ts.TensorStore) -> ts.WriteFutures:
        first = source.domain[1].inclusive_min
        middle, last = first + place.shape[1] // 2, source.domain[1].exclusive_max
        read_into(place[:, : middle - first], source[:, first:middle]).result()
        self.happens()
        return read_into(place[:, middle - first :], source[:, middle:last])


@pytest.mark.parametrize("at_once", [2**25, 1], ids=["all blocks in one go", "block by block"])
@pytest.mark.parametrize(
    "box", [SPACE, Box((3, 5, 7), (14, 22, 30)), Box((1, 2, 3), (7, 11, 15)), Box((3, 5, 7), (19, 30, 40))], ids=str
)
def test_each_block_is_seen_as_it_was_at_one_moment(
    box: Box, at_once: int, store: Store, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BYTES_AT_ONCE", at_once)
    volume, times = Volume(store, "col/exp/chan/0", layout, (1, *SPACE.shape)), iter(range(1, 1000))

    def write() -> None:
        volume.write(NOW, SPACE, np.full((1, *SPACE.shape), next(times), np.uint16))

    write()
    with monkeypatch.context() as patched:
        torn = Torn(lambda: [patched.undo(), write()][-1])
        for reader in (module, moments):
            patched.setattr(reader, "read_into", torn.read_into)
        found = volume.read(NOW, box)[0]
    for part in Grid(layout.block).parts(box.intersection(SPACE)):
        assert len(np.unique(found[part.box.relative_to(box.start).slices])) == 1
    assert found.max() >= 2


def test_a_block_that_is_erased_while_it_is_read_is_not_an_error(folder: Store, layout: Layout) -> None:
    volume = Volume(folder, "col/exp/chan/0", layout, (1, *SPACE.shape))
    box = Box.of(layout.block)
    volume.write(NOW, box, np.ones((1, *box.shape), np.uint16))
    copy = folder.copied(volume.path, layout.file(0, (0, 0, 0)))
    volume.clear(NOW, box)
    assert copy[0, 0:8, 0:12, 0:16].read().result().min() == 1
    assert folder.copied(volume.path, layout.file(0, (0, 0, 0)))[0, 0:8, 0:12, 0:16].read().result().max() == 0
