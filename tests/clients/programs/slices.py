"""Upload slices and labels on slices, one PNG each, with intern's ZSliceIngestJob, and read them back.

python slices.py COLLECTION
"""

from __future__ import annotations

import sys
from pathlib import Path

import intern
import numpy as np
from intern.convenience.array import ZSliceIngestJob
from PIL import Image

SHAPE = (21, 270, 310)


def main(collection: str) -> None:
    """Fails with an AssertionError if anything is not as in the files."""
    random = np.random.default_rng(8)
    em, cells = random.integers(0, 256, SHAPE, np.uint8), random.integers(0, 9, SHAPE, np.uint8)
    for name, volume in (("em", em), ("cells", cells)):
        Path(name).mkdir()
        for z, plane in enumerate(volume):
            Image.fromarray(plane).save(Path(name) / f"{z:03}.png")

    def channel(name: str, dtype: str) -> dict[str, object]:
        return {"name": f"bossdb://{collection}/experiment/{name}", "path": name, "pattern": "*.png", "dtype": dtype}

    job = ZSliceIngestJob(channel("em", "uint8"), [channel("cells", "uint64")], voxel_size=(10, 8, 8))
    assert job.upload(progress=False)

    z, y, x = SHAPE
    for name, volume in (("em", em), ("cells", cells)):
        array = intern.array(f"bossdb://{collection}/experiment/{name}")
        assert array.shape == SHAPE
        np.testing.assert_array_equal(array[0:z, 0:y, 0:x], volume)


if __name__ == "__main__":
    main(sys.argv[1])
