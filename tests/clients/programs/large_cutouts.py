"""Write and read with intern more than it moves in one request: it cuts both up, and reads with a pool of processes.

python large_cutouts.py COLLECTION
"""

from __future__ import annotations

import sys

import intern
import numpy as np
from numpy.typing import NDArray

SHAPE = (66, 1031, 1000)
"""More than 67,108,864 voxels, above which it cuts up a write; a read is cut up above half of that."""


def main(collection: str) -> None:
    """Fails with an AssertionError if anything is not as it was written."""
    array = intern.array(
        f"bossdb://{collection}/experiment/em", create_new=True, dtype="uint8", extents=SHAPE, voxel_size=(1, 1, 1)
    )
    voxels = coarse(SHAPE)
    assert voxels.size > 1024 * 1024 * 32 * 2
    z, y, x = SHAPE
    array[0:z, 0:y, 0:x] = voxels
    np.testing.assert_array_equal(array[0:z, 0:y, 0:x], voxels)
    remote, channel = array.volume_provider.boss, array.volume_provider.get_channel("em", collection, "experiment")
    serial = remote.get_cutout(channel, 0, [3, 999], [5, 1029], [1, 64], parallel=False)
    np.testing.assert_array_equal(serial, voxels[1:64, 5:1029, 3:999])


def coarse(shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Distinct by place, and quick to compress."""
    z, y, x = (np.arange(side, dtype=np.uint8) // 3 for side in shape)
    return (1 + (z[:, None, None] ^ y[:, None] ^ x) % 255).astype(np.uint8)


if __name__ == "__main__":
    main(sys.argv[1])
