"""The other floor: answers made beforehand, handed out by nginx (Debian's package ``nginx``)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np

from benchmarks.meter import Family
from benchmarks.servers import Server, Unavailable, Voxels, free_port, launch, wait_for_answer
from bosslet.geometry import Box

CONFIGURATION = """
{user}daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 128; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port}; root {folder}/root; }}
}}
"""


def start(voxels: Voxels, folder: Path, boxes: list[Box]) -> Server:
    """The raw bytes of these boxes in a file each.

    Raises:
        Unavailable: nginx is not installed.
    """
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        raise Unavailable("there is no nginx: apt-get install nginx")
    (folder / "root").mkdir(parents=True)
    (folder / "root" / "resource").write_bytes(b" " * 1024)
    for box in boxes:
        (folder / "root" / _name(box)).write_bytes(np.ascontiguousarray(voxels[box.slices]).tobytes())
    port, file = free_port(), folder / "nginx.conf"
    # A worker of root's would be another user's, who may not read in root's temporary folders.
    user = "user root; " if os.geteuid() == 0 else ""
    file.write_text(CONFIGURATION.format(folder=folder, port=port, user=user))
    process = launch([program, "-c", str(file)], folder / "nginx.log")
    wait_for_answer(process, folder / "nginx.log", port, "/resource")
    return Server(
        name="nginx",
        port=port,
        family=Family.of(process.pid),
        path=lambda box: f"/{_name(box)}",
        decode=lambda body, box: np.frombuffer(body, voxels.dtype).reshape(box.shape),
        resource="/resource",
    )


def _name(box: Box) -> str:
    return "_".join(map(str, (*box.start, *box.stop)))
