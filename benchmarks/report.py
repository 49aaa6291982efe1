"""The figures of ``docs/performance.md``: tables between markers, which are replaced, and pictures beside it.

A table stands between ``<!-- table NAME -->`` and ``<!-- end -->``; the rest of the page stays as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence, Set
from pathlib import Path
from typing import Any

from benchmarks import plots

Found = dict[str, Any]


def write(results: Path, docs: Path) -> None:
    """Replace every table of which there are results."""
    page = docs / "performance.md"
    text = page.read_text()
    for file in sorted(results.glob("*.json")):
        if (table := TABLES.get(file.stem)) is not None:
            lines = table(found := json.loads(file.read_text()))
            print("\n".join(lines), flush=True)
            block = "\n".join([f"<!-- table {file.stem} -->", *lines, "<!-- end -->"])
            text = re.sub(rf"<!-- table {file.stem} -->.*?<!-- end -->", lambda _, b=block: b, text, flags=re.DOTALL)
            plots.draw(file.stem, found, docs / f"performance-{file.stem}.png")
    page.write_text(text)


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [_row(head), _row(["---", *["---:"] * (len(head) - 1)]), *map(_row, rows)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _reads(found: Found) -> list[str]:
    cells = found["cells"]
    servers = list(dict.fromkeys(cell["server"] for cell in cells))
    peers = set(servers) - {"floor", "nginx", "bosslet"}
    rows = []
    for request in dict.fromkeys(cell["request"] for cell in cells):
        by_server = {cell["server"]: cell for cell in cells if cell["request"] == request}
        verdict = _verdict(by_server, peers)
        rows.append([request, *(_cell(by_server.get(server)) for server in servers), *verdict])
    head = ["request", *servers, "req/s", "to floor", *(["to best peer"] if peers else [])]
    return [
        "Server + client CPU in ms per request; requests/s and ratios of server CPU are bosslet's.",
        "",
        *_markdown(head, rows),
        *(f"\nNot measured: {name} ({why})." for name, why in found.get("missing", {}).items()),
    ]


def _cell(cell: Found | None) -> str:
    return "" if cell is None else f"{cell['server_ms']:.2f} + {cell['client_ms']:.2f}"


def _verdict(by_server: dict[str, Found], peers: Set[str]) -> list[str]:
    own = by_server["bosslet"]
    theirs = [cell["server_ms"] for name, cell in by_server.items() if name in peers]
    to_peer = f"{own['server_ms'] / min(theirs):.2f}" if theirs else ""
    return [f"{1e3 / own['wall_ms']:.0f}", f"{own['ratio']:.2f}", *([to_peer] if peers else [])]


def _writes(found: Found) -> list[str]:
    cells = found["cells"]
    servers = list(dict.fromkeys(cell["server"] for cell in cells))
    rows = []
    for request in dict.fromkeys(cell["request"] for cell in cells):
        by_server = {cell["server"]: cell for cell in cells if cell["request"] == request}
        cpu = [f"{by_server[server]['server_ms']:.1f}" for server in servers]
        rows.append([request, *cpu, f"{by_server['bosslet']['ratio']:.2f}", f"{by_server['bosslet']['wall_ms']:.0f}"])
    head = ["write", *servers, "to engine", "wall"]
    return ["Server CPU in ms; the wall time, in ms, is bosslet's, and mostly the disk's.", "", *_markdown(head, rows)]


def _ingest(found: Found) -> list[str]:
    rows = [
        [
            f"{cell['slab']} into blocks of {cell['block']}",
            str(cell["clients"]),
            f"{cell['amplification']:.2f}",
            f"{cell['mb_per_s']:.0f}",
            f"{cell['cpu_ms_per_mb']:.1f}",
        ]
        for cell in found["cells"]
    ]
    return _markdown(["slabs", "clients", "bytes written per byte posted", "MB/s", "server CPU, ms per MB"], rows)


def _memory(found: Found) -> list[str]:
    rows = [
        [f"{peak['voxels']} {peak['cutout']}", _mib(peak["nbytes"]), f"{peak['ratio']:.2f}"] for peak in found["peaks"]
    ]
    (some, first), (many, last) = found["resident"].items()
    return [
        *_markdown(["cutout", "MiB of voxels", "peak ÷ voxels"], rows),
        "",
        f"The largest process had {_mib(first)} MiB in memory after {int(some):,} mixed requests, and "
        f"{_mib(last)} MiB after {int(many):,}: {100 * (last - first) / first:+.0f} %.",
    ]


def _mib(nbytes: int) -> str:
    return f"{nbytes / 2**20:.0f}"


def _growth(found: Found) -> list[str]:
    cells = found["cells"]
    stores = list(dict.fromkeys(cell["store"] for cell in cells))
    rows = []
    for act, clients in dict.fromkeys((cell["act"], cell["clients"]) for cell in cells):
        line = {c["store"]: c for c in cells if (c["act"], c["clients"]) == (act, clients)}
        rows.append(
            [f"{act}, {clients}", *(f"{line[s]['server_ms']:.2f} · {line[s]['per_second']:.0f}" for s in stores)]
        )
    return ["Server CPU in ms per request · requests per second.", "", *_markdown(["64³, clients", *stores], rows)]


def _shapes(found: Found) -> list[str]:
    cells = found["cells"]
    forms = list(dict.fromkeys(cell["server"] for cell in cells))
    requests = list(dict.fromkeys(cell["request"] for cell in cells))
    cost = {(cell["server"], cell["request"]): cell["server_ms"] for cell in cells}
    rows = [[form, *(f"{cost[form, request]:.2f}" for request in requests)] for form in forms]
    return ["Server CPU in ms.", "", *_markdown(["form", *requests], rows)]


def _dialects(found: Found) -> list[str]:
    rows = [
        [
            cell["request"],
            f"{cell['server_ms']:.2f}",
            "" if cell["over_ms"] is None else f"{cell['over_ms']:+.2f}",
            f"{cell['wall_ms']:.1f}",
            f"{cell['nbytes'] / 2**10:.0f}",
        ]
        for cell in found["cells"]
    ]
    return _markdown(["request", "server CPU, ms", "more than boss, blosc", "wall, ms", "KiB"], rows)


def _viewer(found: Found) -> list[str]:
    if "missing" in found:
        return [f"Not measured: {found['missing']}."]
    return [
        f"A link to the demo volume shows all of it sharply after {found['seconds']:.1f} s and {found['requests']:.0f} "
        f"requests, with nothing in the browser's cache; the first time, when both have just started, after "
        f"{found['first_seconds']:.1f} s."
    ]


def _transfer(found: Found) -> list[str]:
    rows = [
        [
            f"{'TIFF stack to' if row['direction'] == 'in' else 'TIFF stack from'} {row['name']}",
            f"{row['mb_per_second']:.0f}",
            f"{row['to_floor']:.2f}",
            f"{row['start_seconds']:.1f}",
            f"{row['cpu_seconds']:.1f}",
            f"{row['peak_bytes'] / 1e6:.0f}",
        ]
        for row in found["rows"]
    ]
    plan, backup = found["plan"], found["backup"]
    first, second = backup["more_bytes_than_ls"]
    return [
        *_markdown(["", "MB/s", "to floor", "start, s", "CPU with start, s", "memory, MB"], rows),
        "",
        f"Of {found['bytes'] / 1e6:.0f} MB. Ingest used {plan['used'] / 1e6:.0f} MB, said that it would need at most "
        f"{plan['stated'] / 1e6:.0f}, and may use {plan['allowed'] / 1e6:.0f}: three layers of blocks a process.",
        "",
        f"A first backup of these {backup['blocks']} blocks took {backup['seconds'][0]:.1f} s and read "
        f"{first / 1e6:.0f} MB; the second, of which nothing had changed, took {backup['seconds'][1]:.1f} s, copied "
        f"{backup['copied'][1]} blocks and read {second / 1e6:.1f} MB more than `bosslet ls`, none of it voxels.",
    ]


TABLES: dict[str, Callable[[Found], list[str]]] = {
    "reads": _reads,
    "reads-uncached": _reads,
    "reads-labels": _reads,
    "writes": _writes,
    "ingest": _ingest,
    "memory": _memory,
    "growth": _growth,
    "shapes": _shapes,
    "shapes-cached": _shapes,
    "shapes-labels": _shapes,
    "dialects": _dialects,
    "viewer": _viewer,
    "transfer": _transfer,
}
