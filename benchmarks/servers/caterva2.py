"""Caterva2, the server of Blosc2 arrays: a file in its public root, a part of it in one request.

Chosen in its favour: chunks as bosslet's, packed as bosslet packs them (LZ4, no shuffle: other filters cost several
times as much on images and save nothing), no login. It keeps nothing in memory but the page cache, packs each answer
anew as the array is packed, opens the file for each request, and logs each; none of that can be chosen.

The client decodes with the C library of the same release, so that bosslet does not come to depend on Blosc2.
"""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import numpy as np

from benchmarks.meter import Family
from benchmarks.servers import Server, Unavailable, Voxels, environments, free_port, launch, wait_for_answer
from bosslet.geometry import Box

REQUIREMENTS = (
    "caterva2[server]==2026.9.2",
    "blosc2==4.14.1",
    "numpy==2.4.6",
    "uvicorn==0.54.0",
    "starlette==1.10.0",
)
LIBRARY = "lib/python*/site-packages/blosc2/lib/libblosc2.so"
CHUNK = (32, 64, 64)
"""One block each: larger chunks of flatter blocks are not read with less CPU, whatever the shape."""
FILL = """
import sys
import blosc2, numpy
voxels, target, *chunk = sys.argv[1:]
chunk = [int(side) for side in chunk]
cparams = blosc2.CParams(codec=blosc2.Codec.LZ4, clevel=5, filters=[blosc2.Filter.NOFILTER])
blosc2.asarray(numpy.load(voxels), urlpath=target, mode="w", chunks=chunk, blocks=chunk, cparams=cparams)
"""


def start(voxels: Voxels, folder: Path) -> Server:
    """Voxels in a file that a new Caterva2 serves.

    Raises:
        Unavailable: it cannot be installed or started.
    """
    program = environments.python("caterva2", REQUIREMENTS)
    _fill(program, voxels, folder)
    port, log = free_port(), folder / "caterva2.log"
    command = [str(program), str(program.parent / "cat2-server"), "--listen", f"127.0.0.1:{port}"]
    (folder / "server.toml").write_text("[server]\nlogin = false\n")
    process = launch([*command, "--statedir", str(folder), "--conf", str(folder / "server.toml")], log)
    wait_for_answer(process, log, port, "/api/info/@public/image.b2nd")
    library = ctypes.CDLL(str(next(program.parent.parent.glob(LIBRARY))))
    library.blosc2_init()
    return Server(
        name="caterva2",
        port=port,
        family=Family.of(process.pid),
        path=_path,
        decode=lambda body, box: _decode(library, body, np.empty(box.shape, voxels.dtype)),
        resource="/api/info/@public/image.b2nd",
    )


def _fill(program: Path, voxels: Voxels, folder: Path) -> None:
    (folder / "public").mkdir()
    source, target = folder / "image.npy", folder / "public" / "image.b2nd"
    np.save(source, voxels)
    command = [str(program), "-c", FILL, str(source), str(target), *map(str, CHUNK)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Unavailable(f"caterva2 cannot be filled: {done.stderr[-300:]}")
    source.unlink()


def _path(box: Box) -> str:
    selection = ",".join(f"{start}:{stop}" for start, stop in zip(box.start, box.stop, strict=True))
    return f"/api/fetch/@public/image.b2nd?slice_={selection}"


def _decode(library: ctypes.CDLL, frame: bytes, voxels: Voxels) -> Voxels:
    array = ctypes.c_void_p()
    if library.b2nd_from_cframe(frame, ctypes.c_int64(len(frame)), ctypes.c_bool(False), ctypes.byref(array)):
        raise RuntimeError("not a frame of Blosc2")
    failed = library.b2nd_to_cbuffer(array, ctypes.c_void_p(voxels.ctypes.data), ctypes.c_int64(voxels.nbytes))
    library.b2nd_free(array)
    if failed:
        raise RuntimeError("a frame of Blosc2 that cannot be decoded")
    return voxels
