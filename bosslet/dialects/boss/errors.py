"""bossDB's words for what went wrong: ``{"status", "code", "message"}`` and, for HTTP's own errors, ``{"detail"}``.

bossDB answers every error in JSON, whatever the client would have accepted of a success, but that there is no such URL,
for which it has a page. So has bosslet, but where one of the API's services was meant: a wrong piece in a long URL is
told as JSON. The codes are those of bossDB's public ``error.py``; where several of its answers share a class of ours,
the class is one code.
"""

from __future__ import annotations

import json
import logging
import math
import re

from flask import Response, request
from werkzeug.exceptions import HTTPException

from bosslet import errors, logs
from bosslet.dialects.http import status_of

log = logging.getLogger(__name__)

CODE: dict[type[errors.BossletError], int] = {
    errors.BossletError: 9002,
    errors.ConfigurationError: 9002,
    errors.UnusableFile: 9002,
    errors.MissingLibrary: 9002,
    errors.RemoteRefused: 9002,
    errors.InvalidRequest: 1006,
    errors.NoSuchUrl: 1000,
    errors.InvalidField: 1003,
    errors.InvalidName: 1003,
    errors.NameTaken: 1003,
    errors.UnknownKey: 1003,
    errors.KeyExists: 1003,
    errors.MissingArgument: 1000,
    errors.MissingMetadata: 1003,
    errors.MissingReplacement: 1004,
    errors.InvalidNumber: 1002,
    errors.InvalidBox: 1001,
    errors.InvalidTime: 1000,
    errors.InvalidResolution: 1002,
    errors.ResolutionNotWritable: 9001,
    errors.InvalidMode: 1001,
    errors.InvalidBoxType: 1005,
    errors.InvalidFilter: 1004,
    errors.InvalidRole: 7002,
    errors.UnequalVoxelSides: 9001,
    errors.LostRace: 1006,
    errors.NotAnnotation: 2003,
    errors.NoIngestJobs: 1004,
    errors.InvalidRange: 1001,
    errors.TooLarge: 2000,
    errors.EncodingError: 2001,
    errors.DecodeError: 2001,
    errors.WrongDtype: 2001,
    errors.WrongShape: 2002,
    errors.TimeNotEncodable: 2005,
    errors.MissingRole: 3000,
    errors.MissingPermission: 3001,
    errors.Throttled: 3004,
    errors.Busy: 9001,
    errors.NotFound: 4000,
    errors.MarkedForDeletion: 4005,
    errors.JobNotFound: 4004,
    errors.UserNotFound: 4002,
    errors.AccountNotFound: 7001,
    errors.LabelNotFound: 4004,
    errors.UserExists: 7001,
    errors.GroupNotFound: 4001,
    errors.GroupExists: 6001,
    errors.Protected: 1006,
    errors.AccountProtected: 7001,
    errors.InUse: 4003,
    errors.InvalidState: 2006,
    errors.ReadOnlyDocument: 2006,
    errors.PreconditionFailed: 2006,
    errors.JobCancelled: 2006,
    errors.StorageError: 5000,
    errors.UnreadableBlock: 5000,
    errors.StorageFull: 5000,
}

DETAIL: frozenset[type[errors.BossletError]] = frozenset(
    {
        errors.UnknownEncoding,
        errors.NotAcceptable,
        errors.UnknownFormat,
        errors.MalformedBody,
        errors.LengthRequired,
        errors.NotAuthenticated,
        errors.TooManyAttempts,
        errors.UnknownHost,
        errors.ForeignOrigin,
    }
)
"""What bossDB's framework answers by itself, without a code."""

PROVIDER: dict[type[errors.BossletError], dict[str, object]] = {
    errors.AccountNotFound: {"error": "User not found"},
    errors.UserExists: {"errorMessage": "User exists with same username"},
}
"""What bossDB hands on of its identity provider's own words, beside its own."""

MEANING: dict[type[errors.BossletError], str] = {
    errors.NameTaken: "the name is taken",
    errors.UnknownKey: "not found",
    errors.KeyExists: "exists already",
    errors.NotFound: "not found",
    errors.JobNotFound: "not found",
    errors.UserNotFound: "not found",
    errors.AccountNotFound: "not found",
    errors.UserExists: "exists already",
    errors.GroupNotFound: "not found",
    errors.GroupExists: "exists already",
}
"""What to add where a message only names the thing: somebody who reads it does not see the class."""

SERVICES = frozenset(
    {
        *("boundingbox", "collection", "coord", "cutout", "downsample", "groups", "ids", "image"),
        *("ingest", "meta", "permissions", "reserve", "sso", "tile"),
    }
)
"""The first piece of the API's URLs."""

NO_SUCH_URL = """<!doctype html>
<title>Not Found</title>
<h1>Not Found</h1>
<p>There is no such URL; bossDB's API is below /v1/.</p>
"""


def answer_error(error: errors.BossletError) -> Response:
    """The response that tells a client of bossDB about an error."""
    status = status_of(error)
    if status >= 500 and not isinstance(error, errors.Busy):
        log.error("%s: %s", type(error).__name__, error, exc_info=error.__cause__)
    if type(error) in DETAIL:
        response = detail(status, str(error))
    else:
        code = next(CODE[cls] for cls in type(error).__mro__ if cls in CODE)
        message = f"{error} (request {logs.request_id.get()})" if status >= 500 else _sentence(error)
        response = _json({"status": status, "code": code, "message": message, **PROVIDER.get(type(error), {})}, status)
    if isinstance(error, errors.NotAuthenticated):
        response.headers["WWW-Authenticate"] = 'Bearer realm="api"'
    if isinstance(error, errors.Throttled | errors.Busy):
        response.headers["Retry-After"] = str(math.ceil(error.wait.total_seconds()))
    if isinstance(error, errors.LengthRequired | errors.MalformedBody):
        # What is left of the body would be read as the next request.
        response.headers["Connection"] = "close"
    return response


def _sentence(error: errors.BossletError) -> str:
    meaning = MEANING.get(type(error))
    return f"{error}: {meaning}" if meaning else str(error)


def answer_http_error(error: HTTPException) -> Response:
    """The same for what Werkzeug raises: unknown URLs, wrong methods, bodies that break the protocol."""
    response = error.get_response()
    status = response.status_code
    if status < 400:  # a redirect is an exception as well
        return Response(status=status, headers={"Location": response.headers["Location"]})
    if status == 404:
        return _answer_no_such_url()
    answer = detail(status, error.description or error.name)
    if "Allow" in response.headers:
        answer.headers["Allow"] = response.headers["Allow"]
    return answer


def _answer_no_such_url() -> Response:
    found = re.match(r"/(?:v1|latest)/([a-z]+)/.", request.path)
    if found is None or found[1] not in SERVICES:
        # bossDB's router answers with a page, before anything that speaks JSON is reached.
        return Response(NO_SUCH_URL, 404, mimetype="text/html")
    pieces = f"a piece after {found[1]} is not what it has to be, or one is missing or too many"
    return answer_error(errors.NoSuchUrl(f"no such URL: {pieces}"))


def answer_failure(error: Exception) -> Response:
    """The answer to a mistake of ours: logged whole, told without a traceback."""
    log.error("unhandled", exc_info=error)
    message = f"bosslet made a mistake; its log says which, at request {logs.request_id.get()}"
    return _json({"status": 500, "code": 9002, "message": message}, 500)


def detail(status: int, text: str) -> Response:
    """An error of the framework, in its compact form."""
    return Response(json.dumps({"detail": text}, separators=(",", ":")), status, mimetype="application/json")


def _json(content: dict[str, object], status: int) -> Response:
    return Response(json.dumps(content), status, mimetype="application/json")
