"""bosslet itself, as ``bosslet serve`` starts it: everything on, defaults but for what is asked for."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import requests

from benchmarks.meter import Family
from benchmarks.servers import SECONDS_TO_START, Server, Unavailable, Voxels, launch, wait_for_line
from bosslet.codecs import blosc
from bosslet.config import WORKERS
from bosslet.geometry import Box

CUTOUT = "/v1/cutout/benchmark/e/{channel}/0/{x}:{x_stop}/{y}:{y_stop}/{z}:{z_stop}/"
RESOURCE = "/v1/collection/benchmark/experiment/e/channel/image"


@dataclass(frozen=True, slots=True)
class Bosslet:
    """A bosslet that runs on a folder."""

    url: str
    family: Family

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])

    def post(self, path: str, body: dict[str, object]) -> None:
        """Make a resource."""
        requests.post(f"{self.url}/v1/{path}", json=body, timeout=60).raise_for_status()

    def make_experiment(self, extent: tuple[int, int, int]) -> None:
        """A collection ``benchmark`` with an experiment ``e`` of this extent."""
        sides = {f"{axis}_stop": side for axis, side in zip("zyx", extent, strict=True)}
        starts = {f"{axis}_start": 0 for axis in "zyx"}
        sizes = {f"{axis}_voxel_size": 8 for axis in "zyx"}
        self.post("collection/benchmark", {})
        self.post("coord/benchmark", {**starts, **sides, **sizes, "voxel_unit": "nanometers"})
        self.post("collection/benchmark/experiment/e", {"coord_frame": "benchmark", "num_hierarchy_levels": 1})

    def make_channel(self, name: str, dtype: str) -> None:
        """A channel in it."""
        kind = "annotation" if dtype == "uint64" else "image"
        self.post(f"collection/benchmark/experiment/e/channel/{name}", {"type": kind, "datatype": dtype})

    def write(self, channel: str, box: Box, voxels: Voxels) -> None:
        """Voxels of a box."""
        headers = {"Content-Type": "application/blosc"}
        url = self.url + cutout_path(box, channel)
        requests.post(url, data=blosc.encode(voxels[box.slices]), headers=headers, timeout=120).raise_for_status()


def serve(folder: Path, *options: str, **settings: object) -> Bosslet:
    """``bosslet serve`` on a folder; ``settings`` are of the configuration."""
    log = folder.with_name(f"{folder.name}.log")
    command = [sys.executable, "-m", "bosslet", "serve", str(folder), "--port", "0", *options]
    environment = {f"BOSSLET_{name.upper()}": str(value) for name, value in settings.items()}
    process = launch(command, log, PYTHONUNBUFFERED="1", **environment)
    url = wait_for_line(process, log, r"(http://127\S+)")
    requests.get(f"{url}/ping/", timeout=60).raise_for_status()
    return Bosslet(url, _whole_family(process.pid, int(str(settings.get("workers", WORKERS)))))


def _whole_family(pid: int, workers: int) -> Family:
    """The server with all its workers, the last of which may come after the first has answered."""
    deadline = time.monotonic() + SECONDS_TO_START
    while len((family := Family.of(pid)).processes) <= workers:
        if time.monotonic() > deadline:
            raise Unavailable(f"has {len(family.processes) - 1} of {workers} workers")
        time.sleep(0.05)
    return family


def start(voxels: Voxels, folder: Path, **settings: object) -> Server:
    """Voxels in a channel of a new server."""
    bosslet = serve(folder / "uploads", **settings)
    bosslet.make_experiment(voxels.shape)
    bosslet.make_channel("image", voxels.dtype.name)
    z, y, x = voxels.shape
    for start in ((0, y0, x0) for y0 in range(0, y, 256) for x0 in range(0, x, 256)):
        stop = tuple(min(first + 256, side) for first, side in zip(start, (z, y, x), strict=True))
        bosslet.write("image", Box(start, stop), voxels)
    return Server(
        name="bosslet",
        port=bosslet.port,
        family=Family.of(bosslet.family.processes[0].pid),
        path=cutout_path,
        decode=lambda body, box: blosc.decode(body, box.shape, voxels.dtype),
        cutout_headers={"Accept": "application/blosc"},
        resource=RESOURCE,
    )


def cutout_path(box: Box, channel: str = "image") -> str:
    """The URL of a box, as bossDB has it."""
    (z, y, x), (z_stop, y_stop, x_stop) = box.start, box.stop
    return CUTOUT.format(channel=channel, x=x, x_stop=x_stop, y=y, y_stop=y_stop, z=z, z_stop=z_stop)
