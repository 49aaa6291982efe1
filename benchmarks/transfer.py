"""A stack of TIFF files taken in and written out again, and a backup of what has not changed.

The floor is what reading the stack takes, plus the engine's own durable write of whole blocks, on the same cores; see
``stacks``. Everything is run in turns, and a ratio is that of one turn.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.measured import Run, run
from benchmarks.stacks import Voxels, planes, read, write

Command = list[str]
Commands = Callable[[str], Command]
"""For one direction, ``in`` or ``out``."""

REPEATS = (2, 2, 2)
"""How often the volume stands side by side: a gigabyte."""
ROUNDS = 2
PEERS_ROUNDS = 1
CHANNEL = "stack/of/planes"


def measure(voxels: Voxels, folder: Path) -> dict[str, Any]:
    """All ways in both directions."""
    voxels, stack, back = np.tile(voxels, REPEATS), folder / "stack", folder / "back"
    stack.mkdir()
    write(stack, 0, voxels)
    uploads = folder / "bosslet"
    bosslet = [sys.executable, "-m", "bosslet"]
    ways: dict[str, tuple[Path, Commands]] = {
        "floor": (folder / "floor", _program("floor", stack, back, folder / "floor")),
        "bosslet": (uploads, _bosslet(bosslet, stack, back, uploads)),
        "tifffile + zarr": (folder / "zarr", _program("by_zarr", stack, back, folder / "zarr")),
        "a process per shard": (folder / "shards", _program("by_shards", stack, back, folder / "shards")),
    }
    turns: dict[str, list[dict[str, Run]]] = {"in": [], "out": []}
    for number in range(ROUNDS):
        chosen = ways if number < PEERS_ROUNDS else {name: ways[name] for name in ("floor", "bosslet")}
        turns["in"].append({name: _taken_in(way, folder) for name, way in chosen.items()})
        turns["out"].append({name: _put_out(way, back, voxels, folder) for name, way in chosen.items()})
    return {
        "bytes": voxels.nbytes,
        "rows": [_row(direction, name, turns[direction], voxels.nbytes) for direction in turns for name in ways],
        "plan": _plan(turns["in"][-1]["bosslet"], voxels),
        "backup": _backup(bosslet, uploads, folder),
    }


def _program(name: str, stack: Path, back: Path, place: Path) -> Commands:
    def command(direction: str) -> Command:
        files = stack if direction == "in" else back
        return [sys.executable, "-m", f"benchmarks.stacks.{name}", direction, str(files), str(place)]

    return command


def _bosslet(bosslet: Command, stack: Path, back: Path, uploads: Path) -> Commands:
    ways = {
        "in": ["ingest", f"{stack}/%04d.tif", CHANNEL, "--voxel-size", "4,4,40nm"],
        "out": ["export", CHANNEL, f"{back}/%04d.tif"],
    }
    return lambda direction: [*bosslet, *ways[direction], "--uploads", str(uploads), "--json"]


def _taken_in(way: tuple[Path, Commands], folder: Path) -> Run:
    place, command = way
    shutil.rmtree(place, ignore_errors=True)
    return _said(place, run(command("in"), folder))


def _put_out(way: tuple[Path, Commands], back: Path, voxels: Voxels, folder: Path) -> Run:
    shutil.rmtree(back, ignore_errors=True)
    found = _said(way[0], run(way[1]("out"), folder))
    if not np.array_equal(read(planes(back)), voxels):
        raise RuntimeError(f"{way[0].name} gives back other voxels")
    return found


def _said(place: Path, found: Run) -> Run:
    print(f"{place.name}: {found.seconds:.1f} s, {found.cpu_seconds:.1f} s of CPU", flush=True)
    return found


def _row(direction: str, name: str, turns: Sequence[dict[str, Run]], nbytes: int) -> dict[str, Any]:
    """Rates and ratios are those of the work, which begins when a program has read its libraries."""
    had = [turn for turn in turns if name in turn]
    return {
        "direction": direction,
        "name": name,
        "mb_per_second": median(nbytes / 1e6 / _seconds(turn[name]) for turn in had),
        "start_seconds": median(turn[name].seconds - _seconds(turn[name]) for turn in had),
        "cpu_seconds": median(turn[name].cpu_seconds for turn in had),
        "peak_bytes": max(turn[name].peak_bytes for turn in had),
        "to_floor": median(_seconds(turn["floor"]) / _seconds(turn[name]) for turn in had),
    }


def _seconds(found: Run) -> float:
    return float(json.loads(found.said.splitlines()[-1])["seconds"])


def _plan(taken_in: Run, voxels: Voxels) -> dict[str, int]:
    """What the command said of its memory, and what it may need at most: 3 layers of blocks for each process."""
    plan = next(line for line in map(json.loads, taken_in.said.splitlines()) if line["event"] == "plan")
    layer = min(256, voxels.shape[0]) * voxels[0].nbytes
    return {"stated": plan["memory_bytes"], "allowed": 3 * layer * plan["processes"], "used": taken_in.peak_bytes}


def _backup(bosslet: Command, uploads: Path, folder: Path) -> dict[str, Any]:
    """The second one, beside a command that opens the same folder and reads no voxels either."""
    command = [*bosslet, "backup", str(folder / "backup"), "--uploads", str(uploads), "--json"]
    first, second = run(command, folder), run(command, folder)
    nothing = run([*bosslet, "ls", "--uploads", str(uploads)], folder)
    done = [json.loads(each.said.splitlines()[-1]) for each in (first, second)]
    return {
        "blocks": done[1]["blocks"],
        "copied": [each["copied"] for each in done],
        "seconds": [each["seconds"] for each in done],
        "more_bytes_than_ls": [each.read_bytes - nothing.read_bytes for each in (first, second)],
    }
