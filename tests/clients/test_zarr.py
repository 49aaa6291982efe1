"""zarr-python reads and writes an image, over fsspec and over obstore."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import zarr
from obstore.store import HTTPStore
from zarr.abc.store import Store
from zarr.storage import FsspecStore, ObjectStore

from tests.clients.published import LEVELS, START, Published, truth

# What aiohttp says of every body of more than 1 MiB that fsspec hands it.
pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body directly:ResourceWarning")

Z, Y, X = (slice(side, None) for side in START)


def over_fsspec(url: str, token: str | None = None) -> Store:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return FsspecStore.from_url(url, storage_options={"client_kwargs": {"headers": headers}})


def over_obstore(url: str, token: str | None = None) -> Store:
    options: Any = {"allow_http": True}
    if token:
        options["default_headers"] = {"Authorization": f"Bearer {token}"}
    return ObjectStore(HTTPStore.from_url(url, client_options=options))


Open = Callable[..., Store]
BOTH = pytest.mark.parametrize("opened", [over_fsspec, over_obstore])


@BOTH
@pytest.mark.parametrize("channel", ["em", "cells"])
def test_all_voxels_of_every_level(published: Published, opened: Open, channel: str) -> None:
    group = zarr.open_group(opened(published.zarr(channel)), mode="r")
    levels = [each["path"] for each in group.attrs["ome"]["multiscales"][0]["datasets"]]
    assert levels == [str(level) for level in LEVELS]
    for level in LEVELS:
        expected = published.cutout(channel, level)
        found = group[str(level)][0]
        assert np.array_equal(found[tuple(slice(-side, None) for side in expected.shape)], expected)
    assert np.array_equal(group["0"][0, Z, Y, X], truth(channel))


@BOTH
def test_what_is_written_is_read_in_every_way(writable: Published, opened: Open) -> None:
    expected = truth("cells").copy()
    expected[45:55, 50:60, 50:180] = 7
    array = zarr.open_array(opened(writable.zarr("cells"), writable.token), path="0", mode="r+")
    array[0, 50:60, 60:70, 70:200] = 7
    assert np.array_equal(writable.cutout("cells"), expected)
    assert np.array_equal(array[0, Z, Y, X], expected)


@BOTH
def test_who_may_not_write_is_told(writable: Published, opened: Open) -> None:
    array = zarr.open_array(opened(writable.zarr("em")), path="0", mode="r+")
    with pytest.raises(Exception, match=r"401|[Uu]nauth"):
        array[0, 50:60, 60:70, 70:200] = 7
    assert np.array_equal(writable.cutout("em"), truth("em"))


def test_zeros_over_obstore_remove_a_block_and_over_fsspec_need_a_setting(writable: Published) -> None:
    removing = zarr.open_array(over_obstore(writable.zarr("cells"), writable.token), path="0", mode="r+")
    removing[...] = 0
    assert not writable.cutout("cells").any()
    with zarr.config.set({"array.write_empty_chunks": True}):
        array = zarr.open_array(over_fsspec(writable.zarr("em"), writable.token), path="0", mode="r+")
        array[...] = 0
    assert not writable.cutout("em").any()
