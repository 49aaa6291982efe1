"""bossphorus 0.1.0, the only release there is: bosslet's ancestor, a Flask server of bossDB's cutouts in files of 256³.

It does not say what it needs, cannot be built without that, and uses what NumPy 2.3 took away: see ``REQUIREMENTS``.
It is served by gunicorn as bosslet is, two workers of four threads, rather than by Flask's server for development.

It cannot read a box that crosses the border of two of its files unless the box starts at the border of one: such boxes
raise KeyError, and a row of the table is of the others, which are less work. It holds bytes only. A POST stores what a
GET finds with x and z exchanged; it is filled accordingly.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from pathlib import Path

from benchmarks.client import Client
from benchmarks.meter import Family
from benchmarks.servers import Server, Unavailable, Voxels, environments, free_port, launch, wait_for_answer
from bosslet.codecs import blosc
from bosslet.geometry import Box

REQUIREMENTS = ("blosc==1.11.4", "flask==3.1.3", "gunicorn==27.0.1", "numpy==2.2.6", "setuptools==80.9.0")
PACKAGE = "bossphorus==0.1.0"
CUTOUT = "/v1/cutout/benchmark/e/image/0/{}/{}/{}/"
RESOURCE = "/v1/collection/benchmark/experiment/e/channel/image/"
BLOCK = 256


def start(voxels: Voxels, folder: Path) -> Server:
    """Voxels in a channel of a new bossphorus.

    Raises:
        Unavailable: it cannot be installed or started, or not hold such voxels.
    """
    if voxels.dtype.name != "uint8":
        raise Unavailable(f"it holds uint8 only, not {voxels.dtype}")
    program = environments.python("bossphorus", REQUIREMENTS, without_isolation=[PACKAGE])
    port, log = free_port(), folder / "bossphorus.log"
    command = [str(program), "-m", "gunicorn", "--chdir", str(folder), "--bind", f"127.0.0.1:{port}"]
    workers = ["--workers", "2", "--threads", "4", "--no-control-socket"]
    process = launch([*command, *workers, "bossphorus:APP"], log)
    wait_for_answer(process, log, port, "/")
    with Client(port) as client:
        _fill(client, voxels)
    return Server(
        name="bossphorus",
        port=port,
        family=Family.of(process.pid),
        path=_path,
        decode=lambda body, box: blosc.decode(body, box.shape, voxels.dtype),
        resource=RESOURCE,
    )


def _fill(client: Client, voxels: Voxels) -> None:
    for start in product(*(range(0, side, BLOCK) for side in voxels.shape)):
        stop = [min(first + BLOCK, side) for first, side in zip(start, voxels.shape, strict=True)]
        part = voxels[tuple(map(slice, start, stop))]
        client.send("POST", _cutout(zip(start, stop, strict=True)), blosc.encode(part))


def _path(box: Box) -> str:
    sides = list(zip(box.start, box.stop, strict=True))
    if any(start % BLOCK and start // BLOCK != (stop - 1) // BLOCK for start, stop in sides):
        raise KeyError(box)
    return _cutout(reversed(sides))


def _cutout(ranges: Iterable[tuple[int, int]]) -> str:
    return CUTOUT.format(*(f"{start}:{stop}" for start, stop in ranges))
