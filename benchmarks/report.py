"""The figures of ``docs/performance.md``: tables between markers, which are replaced, and pictures beside it.

A table stands between ``<!-- table NAME -->`` and ``<!-- end -->``; the rest of the page stays as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Found = dict[str, Any]


def write(results: Path, docs: Path) -> None:
    """Replace every table of which there are results."""
    page = docs / "performance.md"
    text = page.read_text()
    for file in sorted(results.glob("*.json")):
        if (table := TABLES.get(file.stem)) is not None:
            lines = table(json.loads(file.read_text()))
            print("\n".join(lines), flush=True)
            block = "\n".join([f"<!-- table {file.stem} -->", *lines, "<!-- end -->"])
            text = re.sub(rf"<!-- table {file.stem} -->.*?<!-- end -->", lambda _, b=block: b, text, flags=re.DOTALL)
    page.write_text(text)


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [_row(head), _row(["---", *["---:"] * (len(head) - 1)]), *map(_row, rows)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _reads(found: Found) -> list[str]:
    cells = found["cells"]
    servers = list(dict.fromkeys(cell["server"] for cell in cells))
    rows = []
    for request in dict.fromkeys(cell["request"] for cell in cells):
        by_server = {cell["server"]: cell for cell in cells if cell["request"] == request}
        rows.append([request, *(_cell(by_server.get(server)) for server in servers), *_verdict(by_server, servers)])
    peers = set(servers) - {"floor", "nginx", "bosslet"}
    head = ["request", *servers, "req/s", "to floor", *(["to best peer"] if peers else [])]
    return [
        "Server + client CPU in ms per request; requests/s and ratios of server CPU are bosslet's.",
        "",
        *_markdown(head, rows),
        *(f"\nNot measured: {name} ({why})." for name, why in found.get("missing", {}).items()),
    ]


def _cell(cell: Found | None) -> str:
    return "" if cell is None else f"{cell['server_ms']:.2f} + {cell['client_ms']:.2f}"


def _verdict(by_server: dict[str, Found], servers: Sequence[str]) -> list[str]:
    own = by_server["bosslet"]
    peers = [c["server_ms"] for name, c in by_server.items() if name not in {"floor", "nginx", "bosslet"}]
    to_peer = [f"{own['server_ms'] / min(peers):.2f}" if peers else ""] if len(servers) > 3 else []
    return [f"{1e3 / own['wall_ms']:.0f}", f"{own['ratio']:.2f}", *to_peer]


TABLES: dict[str, Callable[[Found], list[str]]] = {
    "reads": _reads,
    "reads-uncached": _reads,
    "reads-labels": _reads,
}
