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
from bosslet.volume import volume as module
from bosslet.volume.layout import Layout
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

NOW = range(1)
SPACE = Box.of((16, 24, 32))
"""In eight blocks."""


@dataclass(frozen=True)
class Torn:
    """An array of which the first half of what is asked for is read before something happens, and the rest after."""

    array: ts.TensorStore
    happens: Callable[[], None]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.array.shape)

    def __getitem__(self, index: Any) -> Torn:
        return Torn(self.array[index], self.happens)

    def read(self, order: str) -> Done:
        domain = self.array.domain[1]
        middle = (domain.inclusive_min + domain.exclusive_max) // 2
        first = self.array[:, domain.inclusive_min : middle].read(order=order).result()
        self.happens()
        return Done(np.concatenate([first, self.array[:, middle : domain.exclusive_max].read(order=order).result()], 1))


@dataclass(frozen=True)
class Done:
    """A future of what is there."""

    voxels: NDArray[Any]

    def result(self) -> NDArray[Any]:
        return self.voxels


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
    original = Store.array
    with monkeypatch.context() as patched:
        array = original(store, volume.path, layout)
        assert array is not None
        torn = Torn(array, lambda: [patched.undo(), write()][-1])
        patched.setattr(Store, "array", lambda *_, **__: torn)
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
