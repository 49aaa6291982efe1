"""cloud-volume reads precomputed volumes: images, labels, every level, whatever part."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cloudvolume import CloudVolume
from cloudvolume.exceptions import OutOfBoundsError
from numpy.typing import NDArray

from tests.clients.published import LEVELS, SHAPE, START, Published, truth


def opened(url: str, **options: Any) -> CloudVolume:
    return CloudVolume(f"precomputed://{url}", progress=False, **options)


def whole(volume: CloudVolume) -> NDArray[Any]:
    """All of it as (z, y, x)."""
    return np.asarray(volume[volume.bounds.to_slices()])[..., 0].T


@pytest.mark.parametrize("channel", ["em", "cells"])
def test_all_voxels(published: Published, channel: str) -> None:
    volume = opened(published.precomputed(channel))
    assert (volume.dtype, volume.layer_type) == (truth(channel).dtype, "image" if channel == "em" else "segmentation")
    assert volume.voxel_offset.tolist() == list(START[::-1])
    assert volume.resolution.tolist() == [4, 4, 5]
    assert np.array_equal(whole(volume), truth(channel))


@pytest.mark.parametrize("channel", ["em", "cells"])
def test_every_level(published: Published, channel: str) -> None:
    volume = opened(published.precomputed(channel))
    assert list(volume.available_mips) == list(LEVELS)
    for mip in LEVELS:
        level = opened(published.precomputed(channel), mip=mip)
        assert level.resolution.tolist() == [4 << mip, 4 << mip, 5 << mip]
        offset = [side >> mip for side in START]
        assert level.voxel_offset.tolist() == offset[::-1]
        expected = published.cutout(channel, mip)
        skipped = tuple(slice(full - part, None) for full, part in zip(whole(level).shape, expected.shape, strict=True))
        assert np.array_equal(whole(level)[skipped], expected)


def test_a_part_across_chunks(published: Published) -> None:
    part = opened(published.precomputed("cells"))[71:231, 65:141, 60:90]
    assert np.array_equal(np.asarray(part)[..., 0].T, truth("cells")[55:85, 55:131, 51:211])


def test_the_raw_labels_and_the_lossy_image(published: Published) -> None:
    assert np.array_equal(whole(opened(f"{published.precomputed('cells')}/raw")), truth("cells"))
    near = whole(opened(f"{published.precomputed('em')}/jpeg")).astype(int)
    assert 0 < np.abs(near - truth("em")).mean() < 25


def test_what_was_never_written_is_zero(writable: Published) -> None:
    path = f"collection/{writable.collection}/experiment/exp/channel/empty"
    writable.call("POST", path, json={"type": "image", "datatype": "uint16", "public": True})
    found = whole(opened(writable.precomputed("empty")))
    assert (found.dtype, found.any()) == (np.uint16, False)


def test_out_of_bounds(published: Published) -> None:
    with pytest.raises(OutOfBoundsError):
        opened(published.precomputed("em"))[0 : SHAPE[2] + 1, 0:10, 0:10]


def test_the_provenance(published: Published) -> None:
    assert opened(published.precomputed("em")).provenance["owners"] == ["scientist"]
