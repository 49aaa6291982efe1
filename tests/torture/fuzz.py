"""Bodies that an encoder wrote, changed in a few places, are decoded: each is an array or refused, and nothing crashes.

What would take a process with it has to show: all of it runs in processes of its own, with a limit on memory.
"""

from __future__ import annotations

import multiprocessing
import resource
import struct
import zlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any

import blosc as python_blosc
import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st
from numpy.typing import NDArray

from bosslet.codecs import Encoding, blosc, blosc_python, npygz
from bosslet.errors import EncodingError
from tests.torture.figures import Figure

SHAPE = (3, 20, 50)
DTYPES = ("uint8", "uint16", "uint64")
MOST_MEMORY = 2 * 2**30
"""Of address space, over what the process begins with."""
NUMBERS = (0, 1, 2, 127, 255, 2**15, 2**31 - 1, -1, -(2**31))

Make = Callable[[NDArray[Any]], bytes]


def _npy(voxels: NDArray[Any]) -> bytes:
    file = BytesIO()
    np.save(file, voxels)
    return file.getvalue()


def _pickled(voxels: NDArray[Any]) -> bytes:
    return python_blosc.decompress(python_blosc.pack_array(voxels))


def _frame(codec: str, shuffle: int) -> Callable[[bytes], bytes]:
    return lambda raw: python_blosc.compress(raw, 8, 5, shuffle, codec)


INNER: dict[str, tuple[Encoding, Make, Callable[[bytes], bytes]]] = {
    **{
        f"blosc, {codec}": (blosc, lambda voxels: voxels.tobytes(), _frame(codec, python_blosc.SHUFFLE))
        for codec in ("blosclz", "lz4", "lz4hc", "zlib", "zstd")
    },
    "blosc-python": (blosc_python, _pickled, _frame("lz4", python_blosc.NOSHUFFLE)),
    "npygz": (npygz, _npy, zlib.compress),
}
"""Of each encoding: its decoder, what is inside a body, and what it is wrapped in."""


@st.composite
def changed(draw: st.DrawFn, body: bytes) -> bytes:
    """The same with bytes overwritten, taken out, or put in twice; many of them near the start, where headers are."""
    content = bytearray(body)
    for _ in range(draw(st.integers(1, 4))):
        most = draw(st.sampled_from([16, 64, 512, 10**9]))
        place = draw(st.integers(0, max(0, min(most, len(content)) - 1)))
        kind = draw(st.sampled_from(["byte", "bit", "number", "cut", "remove", "repeat", "insert"]))
        _change(content, kind, place, draw(st.integers(0, 255)), draw(st.sampled_from(NUMBERS)))
    return bytes(content)


def _change(content: bytearray, kind: str, place: int, byte: int, number: int) -> None:
    if kind == "number" and len(content) >= place + 4:
        struct.pack_into("<i", content, place, number)
    elif kind == "cut":
        del content[place:]
    elif kind == "remove":
        del content[place : place + byte]
    elif kind == "repeat":
        content[place:place] = content[place : place + byte]
    elif kind == "insert":
        content[place:place] = bytes([byte])
    elif place < len(content):
        content[place] = content[place] ^ (1 << byte % 8) if kind == "bit" else byte


def fuzz(folder: Path, examples: int, seed: int) -> list[Figure]:
    """``examples`` of each encoding and dtype, half of them changed inside and then wrapped again."""
    del folder
    crashed, complaints = 0, list[str]()
    for name in INNER:
        # A new process for each: one that crashes takes its pool along.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            try:
                complaints += pool.submit(_fuzzed, name, examples, seed).result()
            except BrokenProcessPool:
                crashed += 1
    return [
        Figure("bodies decoded", len(INNER) * len(DTYPES) * examples),
        Figure("kinds of bodies", len(INNER)),
        Figure("processes that died", crashed, most=0),
        Figure("bodies that were neither refused nor an array", len(complaints), 0, details=tuple(complaints)),
    ]


def _fuzzed(name: str, examples: int, seed: int) -> list[str]:
    """One encoding, in this process; what was wrong with it."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MOST_MEMORY, hard))
    return [complaint for dtype in DTYPES for complaint in _fuzzed_dtype(name, dtype, examples, seed)]


def _fuzzed_dtype(name: str, dtype: str, examples: int, seed: int) -> list[str]:
    decoder, make, wrap = INNER[name]
    inside = make(np.arange(prod(SHAPE)).reshape(SHAPE).astype(dtype))
    bodies = st.one_of(changed(wrap(inside)), changed(inside).map(wrap))
    complaints = []

    @with_seed(seed)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(bodies)
    def decode(body: bytes) -> None:
        try:
            voxels = decoder.decode(body, SHAPE, dtype)
        except EncodingError:
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, that is what is looked for
            complaints.append(f"{name}, {dtype}: {error!r} by {body[:64].hex()}")
            return
        if voxels.shape != SHAPE or voxels.dtype != np.dtype(dtype):
            complaints.append(f"{name}, {dtype}: {voxels.shape} {voxels.dtype} by {body[:64].hex()}")

    decode()
    return complaints
