"""Who reads OME-Zarr by its metadata: ome-zarr-py, and two validators of the format."""

from __future__ import annotations

import numpy as np
import ome_zarr_models
import pytest
import yaozarrs
import zarr
from ome_zarr.io import parse_url
from ome_zarr.reader import Reader

from tests.clients.published import LEVELS, START, Published, truth

Z, Y, X = (slice(side, None) for side in START)


@pytest.mark.parametrize("channel", ["em", "cells"])
def test_ome_zarr_py(published: Published, channel: str) -> None:
    location = parse_url(published.zarr(channel))
    assert location is not None
    node = next(iter(Reader(location)()))
    assert len(node.data) == len(LEVELS)
    assert [axis["name"] for axis in node.metadata["axes"]] == ["t", "z", "y", "x"]
    assert np.array_equal(np.asarray(node.data[0][0, Z, Y, X]), truth(channel))


@pytest.mark.parametrize("channel", ["em", "cells"])
def test_the_validators(published: Published, channel: str) -> None:
    yaozarrs.validate_zarr_store(published.zarr(channel))
    group = zarr.open_group(published.zarr(channel), mode="r")
    model = ome_zarr_models.open_ome_zarr(group)
    assert type(model).__name__ in {"Image", "ImageLabel"}
