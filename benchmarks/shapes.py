"""Inner chunks, blocks and codecs beside each other: how much a cutout costs the server with each of them."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.reads import SHAPES, compare, records
from benchmarks.servers import Server, Voxels, bosslet


@dataclass(frozen=True, slots=True)
class Form:
    """How a channel lies on the disk."""

    name: str
    block: str = "256"
    chunk: str = "32,64,64"
    codec: str = "lz4"


FORMS = (
    Form("32×64×64"),
    Form("16×64×64", chunk="16,64,64"),
    Form("64³", chunk="64"),
    Form("32³", chunk="32"),
    Form("16×128×128", chunk="16,128,128"),
    Form("block 64×256×256", block="64,256,256"),
    Form("block 128³", block="128"),
    Form("zstd", codec="zstd"),
)
"""The first is the default, with which the others are compared."""
ASKED = ("256³", "128³", "16×512×512", "64³", "1×512×512", "256×1×512", "256×512×1", "1 voxel")


def measure(folder: Path, voxels: Voxels, seconds: float, cache_bytes: int) -> list[dict[str, Any]]:
    """A server for each form, all asked in turns."""
    with ExitStack() as stack:
        servers = []
        for form in FORMS:
            server = _started(folder / form.name.replace(" ", "-"), form, voxels, cache_bytes)
            stack.callback(server.end)
            servers.append(server)
        return records(compare(servers, voxels.shape, seconds / 2, [name for name in SHAPES if name in ASKED]))


def _started(folder: Path, form: Form, voxels: Voxels, cache_bytes: int) -> Server:
    folder.mkdir()
    settings = {"block_size": form.block, "chunk_size": form.chunk, "cache_bytes": cache_bytes, "workers": 1}
    server = bosslet.start(voxels, folder, **settings)
    if form.codec != "lz4":
        command = [sys.executable, "-m", "bosslet", "optimize", "benchmark/e/image", "--codec", form.codec]
        subprocess.run([*command, "--uploads", str(folder / "uploads")], check=True, stdout=subprocess.DEVNULL)
    return replace(server, name=form.name)
