"""The least that a client of the boss dialect needs, over a socket: make a channel, write and read boxes of it."""

from __future__ import annotations

from typing import Any

import blosc
import numpy as np
import requests
from numpy.typing import NDArray

from bosslet.geometry import Box, Point


class Channel:
    """One channel on a server, over one connection that is kept: for one thread."""

    def __init__(self, url: str, name: str, dtype: str = "uint8", token: str = "public") -> None:
        self.url = f"{url}/v1"
        self.collection, self.experiment, self.name = name.split("/")
        self.dtype = np.dtype(dtype)
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Token {token}"

    def create(self, extent: Point, **fields: object) -> None:
        """Make the channel and all that it lies in; ``extent`` is (z, y, x)."""
        frame = f"frame-{self.collection}-{self.experiment}"
        sides = {f"{axis}_{end}": 0 for axis in "xyz" for end in ("start", "stop")}
        sides |= {f"{axis}_stop": side for axis, side in zip("zyx", extent, strict=True)}
        sizes = {f"{axis}_voxel_size": 8 for axis in "xyz"}
        self._make(f"collection/{self.collection}", {})
        self._make(f"coord/{frame}", {**sides, **sizes, "voxel_unit": "nanometers"})
        experiment = f"collection/{self.collection}/experiment/{self.experiment}"
        self._make(experiment, {"coord_frame": frame})
        kind = "image" if self.dtype.itemsize < 4 else "annotation"
        self._make(f"{experiment}/channel/{self.name}", {"type": kind, "datatype": self.dtype.name, **fields})

    def write(self, box: Box, voxels: NDArray[Any]) -> int:
        """POST the voxels, (z, y, x); the status that was answered."""
        headers = {"Content-Type": "application/blosc"}
        return self.session.post(self.url_of(box), data=self.packed(voxels), headers=headers).status_code

    def read(self, box: Box) -> NDArray[Any]:
        """The voxels of a box, (z, y, x)."""
        answer = self.session.get(self.url_of(box), headers={"Accept": "application/blosc"})
        assert answer.status_code == 200, answer.text
        return self.unpacked(answer.content, box)

    def packed(self, voxels: NDArray[Any]) -> bytes:
        """Voxels as the body of a POST."""
        body: bytes = blosc.compress(np.ascontiguousarray(voxels, self.dtype), 8 * self.dtype.itemsize, cname="lz4")
        return body

    def unpacked(self, body: bytes, box: Box) -> NDArray[Any]:
        """The voxels in the body of an answer."""
        return np.frombuffer(blosc.decompress(body), self.dtype).reshape(box.shape)

    def url_of(self, box: Box) -> str:
        """Where the voxels of a box are."""
        ranges = "/".join(f"{low}:{high}" for low, high in zip(box.start[::-1], box.stop[::-1], strict=True))
        return f"{self.url}/cutout/{self.collection}/{self.experiment}/{self.name}/0/{ranges}"

    def _make(self, path: str, body: dict[str, object]) -> None:
        answer = self.session.post(f"{self.url}/{path}", json=body)
        assert answer.status_code == 201, answer.text
