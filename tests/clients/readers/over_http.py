"""Readers of bossDB's API by HTTP alone: curl and requests."""

from __future__ import annotations

import io
import subprocess
import zlib

import blosc
import numpy as np
import requests

from tests.clients.readers.site import Site, Volume, Voxels


def curl_npygz(site: Site, volume: Volume) -> Voxels:
    """A ``.npy`` file under zlib."""
    voxels: Voxels = np.load(io.BytesIO(zlib.decompress(_curl(site, volume, "application/npygz"))))
    return voxels


def curl_blosc(site: Site, volume: Volume) -> Voxels:
    """The bytes alone under blosc."""
    return _shaped(blosc.decompress(_curl(site, volume, "application/blosc")), volume)


def requests_blosc(site: Site, volume: Volume) -> Voxels:
    """As most scripts have it."""
    answer = requests.get(site.cutout(volume), headers={"Accept": "application/blosc"}, timeout=120)
    answer.raise_for_status()
    return _shaped(blosc.decompress(answer.content), volume)


def _curl(site: Site, volume: Volume, media_type: str) -> bytes:
    file = site.folder / f"{volume.name}.body"
    command = ["curl", "--silent", "--show-error", "--fail", "--header", f"Accept: {media_type}", "--output", str(file)]
    subprocess.run([*command, site.cutout(volume)], check=True)
    return file.read_bytes()


def _shaped(content: bytes, volume: Volume) -> Voxels:
    return np.frombuffer(content, volume.dtype).reshape(volume.shape)
