"""TensorStore reads both formats, and writes through its S3 driver, with conditions; its HTTP driver only reads."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import tensorstore as ts

from tests.clients.published import LEVELS, START, Published, truth

COUNT = """
import json, sys
import tensorstore as ts

array = ts.open(json.loads(sys.argv[1])).result()
own, times = int(sys.argv[2]), int(sys.argv[3])
for number in range(times):
    array[0, 50, 60, 60 + own].write(number).result()  # the rest of the block is somebody else's
    while True:
        try:
            with ts.Transaction(repeatable_read=True) as transaction:
                cell = array[0, 50, 60, 60].with_transaction(transaction)
                cell.write(cell.read().result() + 1).result()
            break
        except ValueError as error:
            assert "Generation mismatch" in str(error), error
"""


def image(published: Published, channel: str, level: int = 0) -> Any:
    return ts.open({"driver": "zarr3", "kvstore": f"{published.zarr(channel)}/{level}/"}).result()


def writable_spec(published: Published, channel: str, *, anonymous: bool = False) -> dict[str, Any]:
    """An array for writers; the account is the token's, in the environment, unless anonymous."""
    credentials = {"type": "anonymous"} if anonymous else {"type": "environment"}
    bucket = {"driver": "s3", "endpoint": published.url, "bucket": "zarr", "aws_region": "us-east-1"}
    path = f"{published.path(channel)}.ome.zarr/0/"
    return {"driver": "zarr3", "kvstore": bucket | {"path": path, "aws_credentials": credentials}}


@pytest.fixture
def signing(writable: Published, monkeypatch: pytest.MonkeyPatch) -> Published:
    """Whom writers act for."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", writable.token)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "unused")
    return writable


@pytest.mark.parametrize("channel", ["em", "cells"])
def test_precomputed(published: Published, channel: str) -> None:
    for level in LEVELS:
        spec = {"driver": "neuroglancer_precomputed", "kvstore": published.precomputed(channel), "scale_index": level}
        array = ts.open(spec).result()
        assert array.domain.origin[:3] == tuple(side >> level for side in START[::-1])
        expected = published.cutout(channel, level)
        found = array[..., 0].read().result().T
        assert np.array_equal(found[tuple(slice(-side, None) for side in expected.shape)], expected)


@pytest.mark.parametrize("channel", ["em", "cells"])
def test_zarr(published: Published, channel: str) -> None:
    z, y, x = START
    for level in LEVELS:
        array = image(published, channel, level)
        expected = published.cutout(channel, level)
        found = array[0].read().result()
        assert np.array_equal(found[tuple(slice(-side, None) for side in expected.shape)], expected)
    assert np.array_equal(image(published, channel)[0, z:, y:, x:].read().result(), truth(channel))
    by_url = ts.open(f"{published.zarr(channel)}/0/|zarr3:").result()
    assert np.array_equal(by_url[0, 50:60, 60:70, 70:200].read().result(), truth(channel)[45:55, 50:60, 50:180])


def test_what_is_written_is_read_in_every_way(signing: Published) -> None:
    array = ts.open(writable_spec(signing, "cells")).result()
    array[0, 50:60, 60:70, 70:200].write(np.full((10, 10, 130), 7, np.uint64)).result()
    expected = truth("cells").copy()
    expected[45:55, 50:60, 50:180] = 7
    assert np.array_equal(signing.cutout("cells"), expected)
    spec = {"driver": "neuroglancer_precomputed", "kvstore": signing.precomputed("cells")}
    assert np.array_equal(ts.open(spec).result()[..., 0].read().result().T, expected)


def test_two_programs_that_change_one_block_lose_nothing(signing: Published) -> None:
    spec = json.dumps(writable_spec(signing, "cells"))
    ts.open(json.loads(spec)).result()[0, 50, 60, 60].write(0).result()
    programs = [subprocess.Popen([sys.executable, "-c", COUNT, spec, str(own), "15"]) for own in (3, 5)]
    assert [program.wait(120) for program in programs] == [0, 0]
    found = signing.cutout("cells")[45, 50, 40:50]
    assert (found[0], found[3], found[5]) == (30, 14, 14)
    assert np.array_equal(np.delete(found, [0, 3, 5]), np.delete(truth("cells")[45, 50, 40:50], [0, 3, 5]))


def test_who_may_not_write_is_told(writable: Published) -> None:
    array = ts.open(writable_spec(writable, "em", anonymous=True)).result()
    with pytest.raises(ValueError, match=r"401|[Cc]redentials|PERMISSION"):
        array[0, 50:60, 60:70, 70:200].write(np.zeros((10, 10, 130), np.uint8)).result()
    assert np.array_equal(writable.cutout("em"), truth("em"))
