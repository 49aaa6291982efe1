"""Another server that speaks bossDB's API: bossDB itself, or another bosslet.

A connection that breaks and an answer that says "later" are tried again, with growing pauses: every call here may be
made twice. A remote is a value; the connections belong to the thread that uses them.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import local
from typing import Any

import numpy as np
import requests
from numpy.typing import NDArray
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from bosslet.codecs import blosc
from bosslet.errors import EncodingError, RemoteRefused
from bosslet.geometry import Box

Json = dict[str, Any]
Names = tuple[str, str, str]
"""Of collection, experiment and channel."""

PATIENCE = Retry(total=8, connect=5, backoff_factor=0.25, status_forcelist=(429, 502, 503, 504), allowed_methods=None)
SECONDS = (10, 300)
"""To connect, and between two bytes of an answer."""

_connections = local()


@dataclass(frozen=True, slots=True)
class Remote:
    """A server, and who we are to it."""

    url: str
    """Without ``/v1``."""
    token: str

    def find(self, path: str) -> Json | None:
        """The JSON of a resource; None where there is none."""
        answer = self._call("GET", path, allowed=(200, 404))
        if answer.status_code == 404:
            return None
        try:
            found: Json = answer.json()
        except ValueError as error:
            raise RemoteRefused(f"{answer.url}: answers without JSON: no server of bossDB's API?") from error
        return found

    def make(self, path: str, body: Json) -> None:
        """POST of a resource, or of work to do."""
        self._call("POST", path, json=body)

    def read(self, names: Names, resolution: int, time: int, box: Box, dtype: str) -> NDArray[Any]:
        """The voxels of a box (z, y, x)."""
        path = f"{_cutout(names, resolution, box)}/{time}:{time + 1}"
        answer = self._call("GET", path, headers={"Accept": "application/blosc"})
        try:
            return blosc.decode(answer.content, box.shape, dtype)
        except EncodingError as error:
            raise RemoteRefused(f"{answer.url}: {error}") from error

    def write(self, names: Names, time: int, box: Box, voxels: NDArray[Any]) -> None:
        """Voxels (z, y, x) of the first resolution; as bossDB has it, those that are zero change nothing."""
        path = f"{_cutout(names, 0, box)}/{time}:{time + 1}"
        self._call("POST", path, data=blosc.encode(voxels[np.newaxis]), headers={"Content-Type": "application/blosc"})

    def clear(self, names: Names, time: int, box: Box) -> None:
        """Set the voxels of a box to zero."""
        path = _cutout(names, 0, box).replace("cutout/", "cutout/to_black/", 1)
        self._call("PUT", f"{path}/{time}:{time + 1}")

    def _call(self, method: str, path: str, *, allowed: tuple[int, ...] = (), **options: Any) -> requests.Response:  # noqa: ANN401 - as requests has it
        headers = {"Authorization": f"Token {self.token}", **options.pop("headers", {})}
        url = f"{self.url.rstrip('/')}/v1/{path}"
        try:
            answer = _session().request(method, url, headers=headers, timeout=SECONDS, **options)
        except requests.RequestException as error:
            raise RemoteRefused(f"{url}: {_reason(error)}") from error
        if not (answer.ok or answer.status_code in allowed):
            raise RemoteRefused(f"{url}: {answer.status_code}: {_message(answer)}")
        return answer


def _session() -> requests.Session:
    session: requests.Session | None = getattr(_connections, "session", None)
    if session is None:
        session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=PATIENCE))
        _connections.session = session
    return session


def _cutout(names: Names, resolution: int, box: Box) -> str:
    ranges = (f"{start}:{stop}" for start, stop in reversed(list(zip(box.start, box.stop, strict=True))))
    return "/".join(["cutout", *names, str(resolution), *ranges])


def _reason(error: requests.RequestException) -> str:
    inner = error.args[0] if error.args else error
    return str(getattr(inner, "reason", inner)).partition("> ")[2] or str(inner)


def _message(answer: requests.Response) -> str:
    """bossDB's sentence, or the beginning of whatever it is."""
    try:
        said: Any = answer.json()
    except ValueError:
        said = answer.text
    text = str(said.get("message", said)) if isinstance(said, dict) else str(said)
    return " ".join(text.split())[:300]
