"""The blocks of docs/clients.md run as they stand there, each in a process of its own, and find what is stored."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import blosc
import numpy as np
import pytest
import requests

from tests.live.server import ROOT, Server, environment, serving

TEXT = (ROOT / "docs/clients.md").read_text()
SHOWN_HOST = "localhost:5000"
SHAPE = (60, 130, 150)
READ = (slice(5, 55), slice(20, 120), slice(10, 140))
BLOCKS = re.findall(r"```(sh|python)\n(.*?)```", TEXT, re.DOTALL)
TITLES = [f"{number}-{code.strip().splitlines()[-1][:40]}" for number, (_, code) in enumerate(BLOCKS)]
VOXELS = np.random.default_rng(3).integers(1, 255, SHAPE, np.uint8)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With lab/cortex/em and cells."""
    with serving(tmp_path_factory.mktemp("documented") / "uploads") as made:
        _post(made, "collection/lab")
        z, y, x = SHAPE
        _post(made, "coord/lab", x_start=0, x_stop=x, y_start=0, y_stop=y, z_start=0, z_stop=z, **SIZES)
        _post(made, "collection/lab/experiment/cortex", coord_frame="lab", num_hierarchy_levels=3)
        for channel, kind, voxels in (("em", "image", VOXELS), ("cells", "annotation", VOXELS.astype(np.uint64))):
            path = f"collection/lab/experiment/cortex/channel/{channel}"
            _post(made, path, type=kind, datatype=str(voxels.dtype))
            answer = requests.post(
                f"{made.url}/v1/cutout/lab/cortex/{channel}/0/0:{x}/0:{y}/0:{z}/",
                data=blosc.compress(voxels.tobytes(), typesize=8 * voxels.itemsize),
                headers={"Content-Type": "application/blosc"},
                timeout=60,
            )
            assert answer.status_code == 201, answer.text
        yield made


SIZES = {"x_voxel_size": 4, "y_voxel_size": 4, "z_voxel_size": 4, "voxel_unit": "nanometers"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all blocks run: one uses what another one made."""
    return tmp_path_factory.mktemp("lines")


@pytest.mark.parametrize(("language", "code"), BLOCKS, ids=TITLES)
def test_a_block(server: Server, folder: Path, language: str, code: str) -> None:
    assert SHOWN_HOST in code or "cutout.npygz" in code
    code = code.replace(SHOWN_HOST, server.host)
    if language == "python":
        code += "\nimport numpy\nnumpy.save('voxels.npy', numpy.asarray(voxels))\n"
    command = ["sh", "-ec", code] if language == "sh" else [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    if language == "python":
        found = np.load(folder / "voxels.npy").squeeze()
        expected = np.full((10, 20, 20), 7, np.uint64) if "= 7" in code or "write(7)" in code else VOXELS[READ]
        if found.shape != expected.shape:
            found = found.T  # x comes first
        assert np.array_equal(found, expected)


def test_each_client_has_its_lines() -> None:
    titles = re.findall("^## (.*)$", TEXT, re.MULTILINE)
    assert titles == ["curl", "intern", "cloud-volume", "zarr", "TensorStore", "ome-zarr", "What they read"]


def _post(server: Server, path: str, **fields: object) -> None:
    answer = requests.post(f"{server.url}/v1/{path}", json=fields, timeout=60)
    assert answer.status_code == 201, answer.text
