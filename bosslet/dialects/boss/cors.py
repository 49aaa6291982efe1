"""Cross-origin requests: every page may read, without credentials, since Neuroglancer runs on another origin."""

from __future__ import annotations

from flask import Response, request

ALLOWED_HEADERS = (
    "accept, accept-encoding, authorization, content-type, dnt, origin, user-agent, x-csrftoken, x-requested-with"
)
ALLOWED_METHODS = "DELETE, GET, OPTIONS, PATCH, POST, PUT"


def answer_preflight() -> Response | None:
    """The answer to a preflight, whatever it is for; None lets other requests through."""
    if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
        return None
    return Response(
        status=200,
        headers={
            "Access-Control-Allow-Headers": ALLOWED_HEADERS,
            "Access-Control-Allow-Methods": ALLOWED_METHODS,
            "Access-Control-Max-Age": "86400",
        },
    )


def allow_origin(response: Response) -> Response:
    """Let the page that asked see the answer."""
    if "Origin" in request.headers:
        response.headers["Access-Control-Allow-Origin"] = "*"
    response.vary.update(["Accept", "Origin", "Cookie"])
    response.headers.setdefault("X-Frame-Options", "SAMEORIGIN")
    return response
