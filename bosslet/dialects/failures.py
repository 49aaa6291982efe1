"""Errors as JSON for programs that do not know bossDB's numbers: ``{"status", "code", "message"}``.

The code is the name of the class in ``bosslet.errors``, which is the most precise that there is.
"""

from __future__ import annotations

import json
import logging
import math

from flask import Blueprint, Response

from bosslet import errors, logs
from bosslet.dialects.content import as_it_is_now
from bosslet.dialects.http import status_of

log = logging.getLogger(__name__)


def register(blueprint: Blueprint) -> None:
    """Answer what goes wrong in the views of a blueprint."""
    blueprint.register_error_handler(errors.BossletError, answer)


def answer(error: errors.BossletError) -> Response:
    """The response to an error."""
    status, message = status_of(error), str(error)
    if status >= 500:
        message = f"{message} (request {logs.request_id.get()})"
        if not isinstance(error, errors.Busy):
            log.error("%s: %s", type(error).__name__, error, exc_info=error.__cause__)
    content = {"status": status, "code": type(error).__name__, "message": message}
    response = Response(json.dumps(content), status, mimetype="application/json")
    response.headers.update(headers_of(error))
    # What there is not may be there in a moment: a cache that kept a 404 would hide a block.
    return as_it_is_now(response)


def headers_of(error: errors.BossletError) -> dict[str, str]:
    """What else the answer to an error has to say."""
    if isinstance(error, errors.NotAuthenticated):
        return {"WWW-Authenticate": 'Bearer realm="api"'}
    if isinstance(error, errors.Throttled | errors.Busy):
        return {"Retry-After": str(math.ceil(error.wait.total_seconds()))}
    if isinstance(error, errors.LengthRequired | errors.MalformedBody):
        return {"Connection": "close"}  # what is left of the body would be read as the next request
    return {}
