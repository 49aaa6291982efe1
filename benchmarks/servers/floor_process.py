"""``python -m benchmarks.servers.floor_process ARRAY CACHE_BYTES``: the same engine and the same frame, and a socket.

    GET  /cutout/z/y/x/z/y/x   reads the array, packs a frame, sends both
    GET  /resource             a kilobyte that is always the same
    POST /array/z/y/x/z/y/x    the engine's own durable write of a box of voxels made beforehand; the body is empty
    POST /frame/z/y/x/z/y/x    the same of a frame that was sent

There is no other parsing, no check of anything, no log and no catalog. A thread for each connection.
"""

from __future__ import annotations

import socket
import sys
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any, BinaryIO

import numpy as np
import tensorstore as ts

from benchmarks.volumes import image
from bosslet.codecs import blosc

RESOURCE = b"{" + b" " * 1022 + b"}"


def main() -> None:
    """Serve one array until a signal."""
    folder, cache_bytes = Path(sys.argv[1]), int(sys.argv[2])
    context = ts.Context({"cache_pool": {"total_bytes_limit": cache_bytes}})
    spec: dict[str, Any] = {"driver": "zarr3", "kvstore": f"{folder.as_uri()}/"}
    array = ts.open(spec, context=context, open=True).result()
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        print("port", listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            Thread(target=_serve, args=(connection, array), daemon=True).start()


def _serve(connection: socket.socket, array: ts.TensorStore) -> None:
    with connection, connection.makefile("rb") as stream:
        while line := stream.readline():
            length = 0
            while (header := stream.readline()) not in (b"\r\n", b""):
                if header[:15].lower() == b"content-length:":
                    length = int(header[15:])
            method, path, _ = line.decode().split(" ")
            body = _answer(array, path) if method == "GET" else _write(array, path, stream, length)
            head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
            if len(body) < 2**16:
                connection.sendall(head + body)
            else:
                connection.sendall(head)
                connection.sendall(body)


def _answer(array: ts.TensorStore, path: str) -> bytes:
    if path == "/resource":
        return RESOURCE
    return blosc.encode(array[_index(path)].read(order="C").result()[0])


def _write(array: ts.TensorStore, path: str, stream: BinaryIO, length: int) -> bytes:
    index = _index(path)
    shape = tuple(piece.stop - piece.start for piece in index[1:])
    if path.startswith("/frame/"):
        voxels = blosc.decode(_read(stream, length), shape, array.dtype.numpy_dtype)
    else:
        voxels = _made(shape, array.dtype.numpy_dtype.name)
    array[index].write(voxels[np.newaxis], can_reference_source_data_indefinitely=True).result()
    return b""


def _read(stream: BinaryIO, length: int) -> bytearray:
    body = bytearray(length)
    view, position = memoryview(body), 0
    while position < length:
        position += stream.readinto(view[position:])  # type: ignore[attr-defined]
    return body


def _index(path: str) -> tuple[slice, ...]:
    z, y, x, z_stop, y_stop, x_stop = map(int, path.split("/")[2:])
    return slice(0, 1), slice(z, z_stop), slice(y, y_stop), slice(x, x_stop)


@cache
def _made(shape: tuple[int, int, int], dtype: str) -> np.ndarray[Any, Any]:
    return image(shape).astype(dtype)


if __name__ == "__main__":
    main()
