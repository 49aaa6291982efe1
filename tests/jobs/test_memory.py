"""Ingest and export of a volume that is larger than the memory they may use; of 20 GB by ``tests.clients``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from tests.live.server import environment

SHAPE = (521, 1030, 1040)
CORNERS = [(0, 0, 0), (255, 1000, 500), (500, 3, 1020)]
MEMORY = 500
"""Megabytes; the volume has more."""


def test_it_is_within_what_is_stated(tmp_path: Path) -> None:
    volume = np.lib.format.open_memmap(tmp_path / "in.npy", "w+", np.uint8, SHAPE)
    for number, (z, y, x) in enumerate(CORNERS, 1):
        volume[z : z + 20, y : y + 30, x : x + 20] = number
    volume.flush()
    run(tmp_path, "ingest", "in.npy", "mouse/cortex/em", "--voxel-size", "4,4,4nm")
    run(tmp_path, "export", "mouse/cortex/em", "out.npy")
    stored = (
        tmp_path / "out.npy"
    ).stat().st_blocks * 512  # before it is read: tmpfs gives room to holes that are mapped
    found = np.load(tmp_path / "out.npy", mmap_mode="r")
    for z in range(0, SHAPE[0], 64):
        np.testing.assert_array_equal(found[z : z + 64], volume[z : z + 64])
    assert stored < volume.nbytes / 4


def run(folder: Path, *arguments: str) -> None:
    options = ["--uploads", "uploads", "--n-workers", "1", "--memory", str(MEMORY), "--json"]
    command = [sys.executable, "-m", "bosslet", *arguments, *options]
    done = subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True, check=True)
    said: dict[str, Any] = {line["event"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert said["done"]["peak_bytes"] <= said["plan"]["memory_bytes"] <= 1.1e6 * MEMORY
