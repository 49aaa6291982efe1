"""The NumPy that real volumes are compared with, compared with plain Python."""

from __future__ import annotations

import numpy as np
import pytest

from tests.clients.levels import Factors, mean, vote
from tests.jobs.reference import reduced


@pytest.mark.parametrize("factors", [(1, 2, 2), (2, 2, 2)])
@pytest.mark.parametrize("shape", [(3, 5, 7), (4, 3, 1)])
def test_it_is_what_the_documentation_says(shape: tuple[int, int, int], factors: Factors) -> None:
    random = np.random.default_rng(1)
    voxels = random.integers(0, 4, shape, dtype=np.uint64)
    np.testing.assert_array_equal(vote(voxels, factors), reduced(voxels, factors, labels=True))
    grey = random.integers(0, 256, shape, dtype=np.uint8)
    np.testing.assert_array_equal(mean(grey, factors), reduced(grey, factors, labels=False))
