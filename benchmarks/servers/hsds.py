"""HSDS, the HDF Group's server of HDF5 as objects: a folder of chunks, one service node and one data node.

Chosen in its favour: chunks of 4 MiB, the most that it makes (those of 1 MiB cost it up to a half more), not compressed
(it has no check for what does not compress), a cache that holds all of them, raw bytes on the wire and no log of
requests. A second data node would cost CPU, and a single client does not use it. The process that watches over the two
is counted too; it is idle.

Whatever port it is told to serve, its data node listens on 6101, and may do so after the other one answers. What is
written reaches the files a second later.
"""

from __future__ import annotations

import base64
import json
import socket
from pathlib import Path

import numpy as np

from benchmarks.client import Client
from benchmarks.meter import Family
from benchmarks.servers import Server, Unavailable, Voxels, environments, free_port, launch, wait_for_answer
from bosslet.geometry import Box

REQUIREMENTS = ("hsds==1.0.2", "aiohttp==3.14.3", "numpy==2.4.6")
CHUNK = (64, 256, 256)
PORT_OF_DATA_NODE = 6101
USER = "benchmark"
HEADERS = {
    "Authorization": f"Basic {base64.b64encode(f'{USER}:{USER}'.encode()).decode()}",
    "X-Hdf-domain": "/image.h5",
    "X-Hdf-bucket": "bucket",
}
SETTINGS = {
    "LOG_LEVEL": "ERROR",
    "CHUNK_MEM_CACHE_SIZE": "1g",
    "MAX_REQUEST_SIZE": "500m",
    "HTTP_COMPRESSION": "false",
}


def start(voxels: Voxels, folder: Path) -> Server:
    """Voxels in a dataset of a new HSDS.

    Raises:
        Unavailable: it cannot be installed or started, or something else has its inner port.
    """
    program = environments.python("hsds", REQUIREMENTS)
    _check_inner_port()
    port, log = free_port(), folder / "hsds.log"
    (folder / "root").mkdir()
    places = ["--root_dir", str(folder / "root"), "--bucket_name", "bucket", "--logfile", str(folder / "nodes.log")]
    user = ["--hs_username", USER, "--hs_password", USER]
    command = [str(program), str(program.parent / "hsds"), *places, *user]
    process = launch([*command, "--host", "127.0.0.1", "--port", str(port), "--count", "1"], log, **SETTINGS)
    wait_for_answer(process, log, PORT_OF_DATA_NODE, "/info")
    wait_for_answer(process, log, port, "/about")
    with Client(port, HEADERS) as client:
        dataset = _fill(client, voxels)
    return Server(
        name="hsds",
        port=port,
        family=Family.of(process.pid),
        path=lambda box: _path(dataset, box),
        decode=lambda body, box: np.frombuffer(body, voxels.dtype).reshape(box.shape),
        headers=HEADERS,
        resource=f"/datasets/{dataset}",
        cutout_headers={"Accept": "application/octet-stream"},
    )


def _check_inner_port() -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", PORT_OF_DATA_NODE))
        except OSError as error:
            raise Unavailable(f"its data node needs port {PORT_OF_DATA_NODE}, which is taken") from error


def _fill(client: Client, voxels: Voxels) -> str:
    kind = f"H5T_STD_U{8 * voxels.dtype.itemsize}LE"
    layout = {"class": "H5D_CHUNKED", "dims": CHUNK}
    dataset = {"type": kind, "shape": voxels.shape, "creationProperties": {"layout": layout}}
    client.send("PUT", "/", b"{}", **{"Content-Type": "application/json"})
    made = client.send("POST", "/datasets", json.dumps(dataset).encode(), **{"Content-Type": "application/json"})
    name = str(json.loads(made)["id"])
    for z in range(0, voxels.shape[0], CHUNK[0]):
        box = Box((z, 0, 0), (min(z + CHUNK[0], voxels.shape[0]), *voxels.shape[1:]))
        body = voxels[box.slices].tobytes()
        client.send("PUT", _path(name, box), body, **{"Content-Type": "application/octet-stream"})
    return name


def _path(dataset: str, box: Box) -> str:
    selection = ",".join(f"{start}:{stop}" for start, stop in zip(box.start, box.stop, strict=True))
    return f"/datasets/{dataset}/value?select=[{selection}]"
