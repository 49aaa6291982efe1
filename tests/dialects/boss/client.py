"""A client of the boss dialect that speaks to an application without a socket."""

from __future__ import annotations

from typing import Any

import blosc
import numpy as np
from flask.testing import FlaskClient
from numpy.typing import NDArray
from werkzeug.test import TestResponse

FRAME = {
    "x_start": 0,
    "x_stop": 300,
    "y_start": 0,
    "y_stop": 200,
    "z_start": 0,
    "z_stop": 100,
    "x_voxel_size": 4,
    "y_voxel_size": 4,
    "z_voxel_size": 35,
    "voxel_unit": "nanometers",
}
"""Three different sides, none a multiple of a block's."""


class Boss:
    """A client of the boss dialect, and what tests ask of it most."""

    def __init__(self, client: FlaskClient, headers: dict[str, str] | None = None) -> None:
        self.client = client
        self.headers = headers or {}

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        """One request under /v1."""
        options["headers"] = {**self.headers, **options.get("headers", {})}
        path = path if path.startswith("/") else f"/v1/{path}"
        return self.client.open(path, method=method, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        """GET."""
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        """POST of JSON."""
        return self.call("POST", path, json={} if body is None else body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        """PUT of JSON."""
        return self.call("PUT", path, json={} if body is None else body, **options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        """DELETE."""
        return self.call("DELETE", path, **options)

    def make_experiment(self, collection: str = "col", experiment: str = "exp", **fields: Any) -> str:
        """A collection, frame and experiment; returns the path that channels go under."""
        frame = {key: fields.pop(key) for key in list(fields) if key in FRAME}
        assert self.post(f"collection/{collection}").status_code == 201
        assert self.post(f"coord/{collection}_{experiment}", FRAME | frame).status_code == 201
        body = {"coord_frame": f"{collection}_{experiment}", "num_hierarchy_levels": 4, **fields}
        path = f"collection/{collection}/experiment/{experiment}"
        answer = self.post(path, body)
        assert answer.status_code == 201, answer.text
        return f"{path}/channel"

    def make_channel(self, name: str = "em", datatype: str = "uint8", **fields: Any) -> str:
        """A channel in ``col/exp``, which is made when absent; returns its cutout prefix."""
        if self.get("collection/col").status_code == 404:
            self.make_experiment()
        kind = fields.pop("type", "image" if datatype in {"uint8", "uint16"} else "annotation")
        body = {"type": kind, "datatype": datatype, **fields}
        answer = self.post(f"collection/col/experiment/exp/channel/{name}", body)
        assert answer.status_code == 201, answer.text
        return f"cutout/col/exp/{name}/0"

    def send(self, path: str, voxels: NDArray[Any], **options: Any) -> TestResponse:
        """POST of voxels as blosc, packed as intern packs them."""
        bits = voxels.dtype.itemsize * 8
        body = blosc.compress(np.ascontiguousarray(voxels).tobytes(), typesize=bits)
        headers = {"Content-Type": "application/blosc", **options.pop("headers", {})}
        return self.call("POST", path, data=body, headers=headers, **options)

    def voxels(self, path: str, shape: tuple[int, ...], dtype: str = "uint8") -> NDArray[Any]:
        """GET of voxels as blosc."""
        answer = self.get(path, headers={"Accept": "application/blosc"})
        assert answer.status_code == 200, answer.text
        return np.frombuffer(blosc.decompress(answer.data), dtype).reshape(shape)


def assert_error(answer: TestResponse, status: int, code: int | None = None) -> None:
    """bossDB's JSON for an error: with a code, or ``detail`` where the framework answers."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/json"
    content = answer.get_json()
    if code is None:
        assert set(content) == {"detail"}
    else:
        assert (content["status"], content["code"]) == (status, code), content
        assert content["message"]
