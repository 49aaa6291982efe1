"""What answers without a resource: ``/ping/`` and the versions that bossDB no longer has."""

from __future__ import annotations

import json
import socket

from flask import Response

VERSIONS = tuple(f"v0.{minor}" for minor in range(1, 9))


def ping() -> Response:
    """The sign of life that monitors and the container's health check ask for."""
    content = json.dumps({"ip": socket.gethostname()}, separators=(",", ":"))
    return Response(content, mimetype="application/json")


def unsupported_version(tail: str = "") -> Response:
    """The answer of every version before v1, whatever comes after it."""
    content = {"status": 400, "code": 9003, "message": f"this version of the API is not supported; use v1: /v1/{tail}"}
    return Response(json.dumps(content), 400, mimetype="application/json")
