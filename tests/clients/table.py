"""A table of all clients: whether each reads an image and its labels from a fresh bosslet as they are in the source.

    python -m tests.clients.table --data DIR [--only NAME ...]

DIR is as for ``tests.clients.real_volume``; NAME is how the name of a client begins. Each client reads all voxels, in a
process of its own. The exit status is 1 when any of them found other voxels or failed; one that is not to be had is a
row that says so.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from tests.clients.readers.reader import READERS, Missing, Reader
from tests.clients.readers.site import Site, Volume, Voxels, publish
from tests.clients.real_volume import Volumes
from tests.live.certificates import make_certificate
from tests.live.server import serving

EQUAL = "equal"
WIDTH = 160
"""Characters; a row of this table must not be broken."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of reading one volume."""

    words: str
    wrong: bool = False
    """Whether the client read something else, or could not read it although it can."""
    seconds: float = 0

    @classmethod
    def of(cls, error: BaseException) -> Outcome:
        """What ended a client."""
        return cls(str(error), wrong=not isinstance(error, Missing))


@dataclass(frozen=True, slots=True)
class Row:
    """What one client found."""

    client: str
    version: str
    dialect: str
    image: Outcome
    labels: Outcome

    @property
    def wrong(self) -> bool:
        """Whether one of them was."""
        return self.image.wrong or self.labels.wrong

    @property
    def seconds(self) -> float:
        """For both, without the start of the process."""
        return self.image.seconds + self.labels.seconds


@dataclass(frozen=True, slots=True)
class Source:
    """A volume, and the file that has its voxels."""

    volume: Volume
    file: Path


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with grayscale/ and groundtruth.h5.gz")
    parser.add_argument("--only", nargs="+", default=[""], metavar="NAME", help="how the names of clients begin")
    options = parser.parse_args()
    readers = [reader for reader in READERS if reader.name.startswith(tuple(options.only))]
    volumes = Volumes.load(options.data.resolve())
    with tempfile.TemporaryDirectory(prefix="clients-") as folder, published(Path(folder), volumes.items()) as made:
        rows = [_announced(row(reader, *made)) for reader in readers]
    Console(width=WIDTH).print(table(rows))
    return int(any(each.wrong for each in rows))


@contextmanager
def published(folder: Path, contents: Mapping[str, Voxels]) -> Iterator[tuple[Site, tuple[Source, Source]]]:
    """Servers that have the volumes ``em`` and ``labels``, and the files to compare with."""
    certificate, key = make_certificate(folder)
    tls = "--certfile", str(certificate), "--keyfile", str(key)
    uploads, scratch = folder / "uploads", folder / "scratch"
    scratch.mkdir()
    with serving(uploads) as server, serving(uploads, *tls) as tls_server:
        image, labels = publish(server.url, contents)
        sources = Source(image, folder / "image.npy"), Source(labels, folder / "labels.npy")
        for source in sources:
            np.save(source.file, contents[source.volume.name])
        yield Site(server.url, tls_server.url, certificate, scratch), sources


def row(reader: Reader, site: Site, sources: tuple[Source, Source]) -> Row:
    """Have a client read both, in a process of its own."""
    try:
        version = reader.version()
    except Missing as error:
        return Row(reader.client, "", reader.dialect, Outcome.of(error), Outcome.of(error))
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        asked = [process.submit(read, reader, site, source) for source in sources]
        image, labels = [each.result() if (error := each.exception()) is None else Outcome.of(error) for each in asked]
    return Row(reader.client, version, reader.dialect, image, labels)


def read(reader: Reader, site: Site, source: Source) -> Outcome:
    """Whether what a client reads is equal to what is in the file."""
    function, expected = reader.load(), np.load(source.file)
    start = time.perf_counter()
    found = function(site, source.volume)
    seconds = time.perf_counter() - start
    words = verdict(np.asarray(found), expected)
    return Outcome(words, words != EQUAL, seconds)


def verdict(found: Voxels, expected: Voxels) -> str:
    """EQUAL, or what differs."""
    if (found.shape, found.dtype) != (expected.shape, expected.dtype):
        return f"{found.dtype} {found.shape} instead of {expected.dtype} {expected.shape}"
    differing = int(np.count_nonzero(found != expected))
    return f"{differing} of {expected.size} voxels differ" if differing else EQUAL


def table(rows: list[Row]) -> Table:
    """For eyes, and for docs/clients.md."""
    shown = Table("client", "version", "dialect", "image", "labels", box=MARKDOWN)
    shown.add_column("seconds", justify="right")
    for each in rows:
        seconds = f"{each.seconds:.1f}" if each.seconds else ""
        shown.add_row(each.client, each.version, each.dialect, each.image.words, each.labels.words, seconds)
    return shown


def _announced(each: Row) -> Row:
    print(f"{each.client} {each.dialect}: {each.image.words}, {each.labels.words}", file=sys.stderr, flush=True)
    return each


if __name__ == "__main__":
    sys.exit(main())
