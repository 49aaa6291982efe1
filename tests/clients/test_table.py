"""The clients of ``tests.clients.table`` on a small volume; those in a browser once, for they take long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from tests.clients.readers.reader import CHROMIUM, READERS, Missing, Reader
from tests.clients.readers.site import Site
from tests.clients.table import EQUAL, Outcome, Row, Source, published, read, row, verdict

SHAPE = (70, 131, 200)
HERE = [reader for reader in READERS if reader.program != CHROMIUM]
IN_A_BROWSER = next(reader for reader in READERS if reader.program == CHROMIUM)

Made = tuple[Site, tuple[Source, Source]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    random = np.random.default_rng(0)
    em = random.integers(1, 255, SHAPE, np.uint8, endpoint=True)
    coarse = random.integers(1, 2**40, [-(-side // 10) for side in SHAPE], np.uint64)
    labels = coarse.repeat(10, 0).repeat(10, 1).repeat(10, 2)[tuple(slice(side) for side in SHAPE)]
    with published(tmp_path_factory.mktemp("table"), {"em": em, "labels": labels}) as everything:
        yield everything


def version(reader: Reader) -> str:
    try:
        return reader.version()
    except Missing as error:
        pytest.skip(str(error))


# intern says so of every channel that is not in a bucket.
@pytest.mark.filterwarnings("ignore:CloudVolume is not installed:ImportWarning")
@pytest.mark.parametrize("reader", HERE, ids=lambda reader: reader.name)
def test_a_client_reads_both(made: Made, reader: Reader) -> None:
    assert version(reader)
    site, sources = made
    assert [read(reader, site, source).words for source in sources] == [EQUAL, EQUAL]


def test_neuroglancer_reads_and_draws_both(made: Made) -> None:
    found = row(IN_A_BROWSER, *made)
    assert (found.version, found.image.words, found.labels.words) == (version(IN_A_BROWSER), EQUAL, EQUAL)
    assert not found.wrong


def test_a_client_that_reads_something_else_is_told_apart(made: Made) -> None:
    site, (image, labels) = made
    swapped = Source(image.volume, labels.file), Source(replace(labels.volume, name="none"), labels.file)
    found = row(next(reader for reader in HERE if reader.client == "requests"), site, swapped)
    assert found.image.words == f"uint8 {SHAPE} instead of uint64 {SHAPE}"
    assert "404" in found.labels.words
    assert found.wrong


def test_a_client_that_is_not_there_is_a_row_that_says_so(made: Made) -> None:
    found = row(replace(HERE[0], packages=("no-such-client",)), *made)
    words = "no-such-client is not installed"
    assert found == Row("curl", "", HERE[0].dialect, Outcome(words), Outcome(words))
    assert not found.wrong


def test_the_verdict_counts_voxels() -> None:
    voxels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    other = voxels.copy()
    other[1, 2, 3] = 0
    assert verdict(voxels, voxels) == EQUAL
    assert verdict(other, voxels) == "1 of 24 voxels differ"
    assert verdict(voxels.T, voxels) == "uint8 (4, 3, 2) instead of uint8 (2, 3, 4)"
