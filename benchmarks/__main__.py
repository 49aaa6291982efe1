"""``python -m benchmarks``: measure, and make the figures of docs/performance.md anew."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.parts import PARTS
from benchmarks.settings import Settings

RESULTS = Path(".benchmarks/results")


def main() -> None:
    """Run the parts that are named, or all; then write the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; none is all")
    parser.add_argument("--data", type=Path, help="a real volume: a folder of PNGs, .npy, .h5 or .h5.gz")
    parser.add_argument("--seconds", type=float, default=0.25, help="for each cell of a table and round")
    parser.add_argument("--folder", type=Path, help="where servers keep their data; on the disk that is meant")
    parser.add_argument("--report-only", action="store_true", help="make the figures anew from what was measured")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    RESULTS.mkdir(parents=True, exist_ok=True)
    if not options.report_only:
        for name in options.parts or PARTS:
            _run(name, PARTS[name], options)
    report.write(RESULTS, Path("docs"))


def _run(name: str, part: Callable[[Settings], Any], options: argparse.Namespace) -> None:
    print(f"== {name}", flush=True)
    with tempfile.TemporaryDirectory(prefix="bosslet-benchmark-", dir=options.folder) as folder:
        found = part(Settings(Path(folder), options.seconds, options.data))
    (RESULTS / f"{name}.json").write_text(json.dumps(found, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
