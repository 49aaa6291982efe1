"""Random writes, merges, clears and reads against an array in memory that is obviously right.

Two stores look at the same folder, as two server processes do, and take turns. In memory there is only one.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from numpy.typing import NDArray

from bosslet.geometry import Box
from bosslet.volume.layout import DTYPES, Layout
from bosslet.volume.locks import Locks
from bosslet.volume.store import Store
from bosslet.volume.volume import Volume

LIMIT = (3, 14, 16, 18)
"""(t, z, y, x): boxes lie within this; arrays are first made smaller and grow."""

DENSITIES = (0.0, 0.02, 0.5, 1.0)


@st.composite
def spans(draw: st.DrawFn, limit: int) -> tuple[int, int]:
    first, last = sorted(draw(st.tuples(st.integers(0, limit), st.integers(0, limit))))
    return first, last


@st.composite
def regions(draw: st.DrawFn) -> tuple[range, Box]:
    (t, until), (z, to_z), (y, to_y), (x, to_x) = (draw(spans(limit)) for limit in LIMIT)
    return range(t, until), Box((z, y, x), (to_z, to_y, to_x))


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    chunk = draw(st.sampled_from([(2, 3, 5), (4, 4, 4), (1, 6, 8), (5, 4, 3)]))
    by = draw(st.sampled_from([(1, 1, 1), (2, 1, 3), (3, 2, 1), (2, 3, 2)]))
    return Layout(draw(st.sampled_from(DTYPES)), (chunk[0] * by[0], chunk[1] * by[1], chunk[2] * by[2]), chunk)


class VolumeMachine(RuleBasedStateMachine):
    """A folder seen through two stores, one of which caches."""

    def __init__(self) -> None:
        super().__init__()
        self.temporary = tempfile.TemporaryDirectory()
        self.stores = self.open(Path(self.temporary.name))

    def teardown(self) -> None:
        self.temporary.cleanup()

    def open(self, folder: Path) -> list[Store]:
        return [Store.in_folder(folder), Store.in_folder(folder, cache_bytes=1 << 20)]

    @initialize(layout=layouts(), shape=st.tuples(*(st.integers(1, limit) for limit in LIMIT)))
    def make(self, layout: Layout, shape: tuple[int, int, int, int]) -> None:
        self.volumes = [Volume(store, "col/exp/chan/0", layout, shape) for store in self.stores]
        self.model: NDArray[Any] = np.zeros(LIMIT, layout.dtype)

    def voxels(self, times: range, box: Box, density: float, seed: int) -> NDArray[Any]:
        """Random voxels, of which this part is not zero."""
        generator = np.random.default_rng(seed)
        shape = (len(times), *box.shape)
        some = np.frombuffer(generator.bytes(len(times) * box.size * 8), np.uint64).reshape(shape)
        # Odd, so that none of them is zero; as a float, one that is exact.
        values = (some % 2**16 | 1).astype(self.model.dtype)
        values[generator.random(shape) >= density] = 0
        return values

    def expected(self, times: range, box: Box) -> NDArray[Any]:
        """The part of the model, to look at and to change."""
        return self.model[(slice(times.start, times.stop), *box.slices)]

    @rule(region=regions(), who=st.integers(0, 1), density=st.sampled_from(DENSITIES), seed=st.integers(0, 999))
    def write(self, region: tuple[range, Box], who: int, density: float, seed: int) -> None:
        voxels = self.voxels(*region, density, seed)
        self.expected(*region)[:] = voxels
        self.volumes[who % len(self.volumes)].write(*region, voxels)

    @rule(region=regions(), who=st.integers(0, 1), density=st.sampled_from(DENSITIES), seed=st.integers(0, 999))
    def merge(self, region: tuple[range, Box], who: int, density: float, seed: int) -> None:
        voxels = self.voxels(*region, density, seed)
        np.copyto(self.expected(*region), voxels, where=voxels != 0)
        self.volumes[who % len(self.volumes)].merge(*region, voxels)

    @rule(region=regions(), who=st.integers(0, 1))
    def clear(self, region: tuple[range, Box], who: int) -> None:
        self.expected(*region)[:] = 0
        self.volumes[who % len(self.volumes)].clear(*region)

    @rule(region=regions(), who=st.integers(0, 1))
    def read(self, region: tuple[range, Box], who: int) -> None:
        found = self.volumes[who % len(self.volumes)].read(*region)
        assert found.dtype == self.model.dtype
        assert np.array_equal(found, self.expected(*region))

    @rule()
    def forget_everything_in_memory(self) -> None:
        """As a restart does."""
        if len(self.stores) > 1:
            self.stores = self.open(Path(self.temporary.name))
            old = self.volumes[0]
            self.volumes = [Volume(store, old.path, old.layout, old.shape) for store in self.stores]

    @invariant()
    def everybody_sees_the_same(self) -> None:
        for volume in getattr(self, "volumes", []):
            found = volume.read(range(LIMIT[0] + 1), Box.of((LIMIT[1] + 1, LIMIT[2] + 2, LIMIT[3] + 3)))
            assert np.array_equal(found[:-1, :-1, :-2, :-3], self.model)
            assert np.count_nonzero(found) == np.count_nonzero(self.model)


class MemoryVolumeMachine(VolumeMachine):
    """The same in memory, which only one store can see."""

    def open(self, folder: Path) -> list[Store]:
        return [Store("memory://", Locks(folder))]


TestVolumeInFolder = VolumeMachine.TestCase
TestVolumeInMemory = MemoryVolumeMachine.TestCase
# A run of a machine is many steps: a third as many runs as a profile gives to a property.
TestVolumeInFolder.settings = TestVolumeInMemory.settings = settings(
    max_examples=settings().max_examples // 3, stateful_step_count=15
)
