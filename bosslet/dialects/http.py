"""What every dialect needs of HTTP: the status of each error, who asks, and bodies that are whole.

The status is the same in all dialects; what the body of an error looks like is each one's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from flask import Request

from bosslet import errors
from bosslet.catalog.catalog import Catalog
from bosslet.catalog.records import ANONYMOUS, User
from bosslet.codecs.unsent import Unsent
from bosslet.dialects.attempts import Attempts
from bosslet.dialects.budget import Budget
from bosslet.throttle import UNLIMITED, Quotas

STATUS: dict[type[errors.BossletError], int] = {
    errors.BossletError: 500,
    errors.ConfigurationError: 500,
    errors.UnusableFile: 500,
    errors.MissingLibrary: 500,
    errors.RemoteRefused: 500,
    errors.InvalidRequest: 400,
    errors.InvalidField: 400,
    errors.InvalidName: 400,
    errors.NameTaken: 400,
    errors.UnknownKey: 400,
    errors.KeyExists: 400,
    errors.MissingArgument: 400,
    errors.MissingMetadata: 400,
    errors.MissingReplacement: 400,
    errors.InvalidNumber: 400,
    errors.InvalidBox: 400,
    errors.InvalidTime: 400,
    errors.InvalidResolution: 400,
    errors.ResolutionNotWritable: 400,
    errors.InvalidMode: 400,
    errors.InvalidBoxType: 400,
    errors.InvalidFilter: 400,
    errors.InvalidRole: 403,
    errors.UnequalVoxelSides: 400,
    errors.LostRace: 400,
    errors.NotAnnotation: 400,
    errors.NoIngestJobs: 400,
    errors.InvalidRange: 416,
    errors.TooLarge: 413,
    errors.EncodingError: 400,
    errors.DecodeError: 400,
    errors.WrongDtype: 400,
    errors.WrongShape: 400,
    errors.TimeNotEncodable: 400,
    errors.UnknownEncoding: 415,
    errors.NotAcceptable: 406,
    errors.NoSuchUrl: 404,
    errors.UnknownFormat: 404,
    errors.MalformedBody: 400,
    errors.LengthRequired: 411,
    errors.NotAuthenticated: 401,
    errors.MissingRole: 403,
    errors.MissingPermission: 403,
    errors.UnknownHost: 421,
    errors.ForeignOrigin: 403,
    errors.Throttled: 429,
    errors.TooManyAttempts: 429,
    errors.Busy: 503,
    errors.NotFound: 404,
    errors.MarkedForDeletion: 404,
    errors.JobNotFound: 404,
    errors.UserNotFound: 404,
    errors.AccountNotFound: 404,
    errors.LabelNotFound: 404,
    errors.UserExists: 409,
    errors.GroupNotFound: 404,
    errors.GroupExists: 404,
    errors.Protected: 400,
    errors.AccountProtected: 403,
    errors.InUse: 400,
    errors.InvalidState: 409,
    errors.ReadOnlyDocument: 409,
    errors.PreconditionFailed: 412,
    errors.JobCancelled: 409,
    errors.StorageError: 500,
    errors.UnreadableBlock: 500,
    errors.StorageFull: 507,
}

_SIGNER = re.compile("Credential=([^/, ]*)/")


@dataclass(frozen=True, slots=True)
class Limits:
    """What an operator decides about requests."""

    max_cutout_bytes: int
    authentication: str = "open"
    """``open``: everybody acts as the administrator. ``token``: a request says who asks."""
    quotas: Quotas = UNLIMITED
    budget: Budget = field(default_factory=lambda: Budget(2**31))
    """The memory of this process for voxels under way."""
    attempts: Attempts = field(default_factory=Attempts)
    """Who was wrong about keys and passwords."""


def status_of(error: errors.BossletError) -> int:
    """The HTTP status of an error, by its own class or the nearest one above."""
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)


def user_of(request: Request, catalog: Catalog, attempts: Attempts) -> User:
    """Whose key comes with a request, as ``Token`` or ``Bearer``; without either, somebody anonymous.

    A client of S3 (TensorStore's) sends it as the name of the account that signs; the signature is not looked at, since
    a key is all that anybody has to show here.

    Raises:
        NotAuthenticated: a key that nobody holds, or that is none.
        TooManyAttempts: the same, again.
    """
    scheme, _, key = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() == "aws4-hmac-sha256" and (signer := _SIGNER.search(key)):
        key = signer[1]
    elif scheme.lower() not in {"token", "bearer"}:
        return ANONYMOUS
    if not key or " " in key:
        raise errors.NotAuthenticated("Invalid token header: exactly one key without spaces must follow the scheme.")
    user = catalog.users.user_of_token(key)
    if user is None:
        attempts.failed(request.remote_addr)
        raise errors.NotAuthenticated("Invalid token.")
    return user


def read_body(request: Request, max_bytes: int) -> bytes:
    """The whole body.

    Raises:
        LengthRequired, TooLarge: as ``body_length``; nothing was read.
        MalformedBody: the client went away before the end.
    """
    return _read_exactly(request, body_length(request, max_bytes))


def body_length(request: Request, max_bytes: int) -> int:
    """How many bytes the client says that it sends.

    Raises:
        LengthRequired: sent without a length, so that a cut-off body could not be told from a whole one.
        TooLarge: longer than ``max_bytes``.
    """
    length = request.content_length
    if length is None:
        # A request with neither a length nor a transfer coding has no body (RFC 9112 section 6.3).
        if "Transfer-Encoding" in request.headers:
            raise errors.LengthRequired("send the body with a Content-Length, not in chunks")
        return 0
    if length > max_bytes:
        raise errors.TooLarge(f"a body of {length} bytes; at most {max_bytes} are taken")
    return length


def _read_exactly(request: Request, length: int) -> bytes:
    if not length:
        return b""
    body = Unsent(length)
    view = body.array.data
    position = 0
    # Not Werkzeug's stream around it, which has no readinto of its own.
    stream = request.environ["wsgi.input"]
    try:
        while position < length and (count := stream.readinto(view[position:])):
            position += count
    except OSError as error:
        raise errors.MalformedBody(f"the body broke off after {position} of {length} bytes") from error
    if position < length:
        raise errors.MalformedBody(f"the body broke off after {position} of {length} bytes")
    return body.finish()
