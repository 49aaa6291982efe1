"""A real volume through the whole command line: taken in, backed up, sent to others and back, killed on the way.

    python -m tests.clients.real_lifecycle --data DIR [--part NAME] [--folder DIR]

DIR is as for ``tests.clients.real_volume``. This is not part of the test suite. It prints what it compared, and fails
at the first difference:

ingest    PNG slices and HDF5 labels, killed ten times each and gone on with; equal, all resolutions equal to NumPy's.
backup    Made while eight processes write over HTTP; restored, it has all that was acknowledged before it began.
transfer  Pushed to a server that asks for tokens, and pulled from it, killed on the way; equal.
sparse    20 GB taken in and written out within the memory that the commands say.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from tests.clients.lifecycle import backing_up, ingesting, sparse, transferring
from tests.clients.real_volume import Volumes

PARTS: dict[str, Callable[[Path, Path, Volumes, int], None]] = {
    "ingest": ingesting.check,
    "backup": backing_up.check,
    "transfer": transferring.check,
    "sparse": sparse.check,
}


def main() -> None:
    """All parts, or one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with grayscale/ and groundtruth.h5.gz")
    parser.add_argument("--part", choices=PARTS, action="append", help="not all of them; can be said more than once")
    parser.add_argument("--folder", type=Path, help="where to work, on a disk with room; temporary files otherwise")
    parser.add_argument("--kills", type=int, default=10, help="how often commands are killed")
    options = parser.parse_args()
    data = options.data.resolve()
    volumes = Volumes.load(data)
    for name in options.part or PARTS:
        started = monotonic()
        with tempfile.TemporaryDirectory(prefix=f"real-{name}-", dir=options.folder) as folder:
            PARTS[name](data, Path(folder), volumes, options.kills)
        print(f"{name}: as it should be, {monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
