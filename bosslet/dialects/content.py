"""What a client that reads files over HTTP wants of an answer: compressed on the way, and not sent twice.

``Content-Encoding`` is only used where it pays. Voxels of microscopes are mostly noise, on which gzip takes twenty
times as long as reading them, so a sample is tried first.

HTTP: RFC 9110, sections 8.4 (content codings), 8.8.3 and 13 (entity tags and conditions).
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from functools import lru_cache

import google_crc32c
import zstandard
from flask import Request, Response, request
from werkzeug.http import parse_accept_header, quote_etag

SAMPLE, SAMPLES = 2**12, 4
"""Bytes a piece, and pieces, that tell whether a long body compresses at all."""
SHORT = 2**16
"""Bytes up to which a body is compressed without a look at a sample."""
KEPT_BY_ONE = "private, no-cache"
WORTHWHILE = 3 / 4
"""Compress when the sample shrinks to less than this: zstd takes 0.3 ms for 256 KB of noise, to save a fifth of it."""


@dataclass(frozen=True, slots=True)
class Representation:
    """A file as it is sent."""

    body: bytes
    coding: str | None
    """The content coding; None where it is as it was."""
    tag: str
    """The entity tag. It is of the bytes that are sent: another coding is another representation."""

    @classmethod
    def of(cls, content: bytes, coding: str | None = None) -> Representation:
        """Of some content, in a coding that the client takes, if that pays."""
        if coding is None or not _shrinks(content):
            return cls(content, None, _checksum(content))
        body = _CODINGS[coding](content)
        return cls(body, coding, _checksum(body))


def accepted_coding(request: Request) -> str | None:
    """The best content coding that a client names."""
    return coding_of(request.headers.get("Accept-Encoding", ""))


@lru_cache(maxsize=64)
def coding_of(accepted: str) -> str | None:
    """The best content coding that this ``Accept-Encoding`` names."""
    named = {coding for coding, quality in parse_accept_header(accepted) if quality > 0}
    return next((coding for coding in _CODINGS if coding in named), None)


def headers_of(content: Representation, media_type: str, *, varies: bool) -> list[tuple[str, str]]:
    """What ``represented`` says of it to a client that named no condition, with what ``dialects.origin`` adds."""
    headers = [("Content-Type", media_type)]
    if content.coding is not None:
        headers.append(("Content-Encoding", content.coding))
    vary = ["Accept-Encoding"] if varies else []
    headers.append(("Vary", ", ".join([*vary, "Authorization", "Cookie", "Origin"])))
    return [*headers, ("ETag", quote_etag(content.tag)), ("Cache-Control", KEPT_BY_ONE)]


def file_like(body: bytes, media_type: str, *, compress: bool = True) -> Response:
    """An answer that a client may keep and ask about: 304 where it has these bytes already."""
    content = Representation.of(body, accepted_coding(request) if compress else None)
    return represented(content, media_type, varies=compress)


def represented(content: Representation, media_type: str, *, varies: bool) -> Response:
    """The same; ``varies`` says that the coding was chosen by what the client accepts."""
    response = Response(content.body, mimetype=media_type)
    if content.coding is not None:
        response.headers["Content-Encoding"] = content.coding
    if varies:
        response.vary.add("Accept-Encoding")
    response.set_etag(content.tag)
    response.make_conditional(request)
    return as_it_is_now(response)


def as_it_is_now(response: Response) -> Response:
    """To be kept by the caller alone, and asked about before each use: voxels change."""
    response.headers["Cache-Control"] = KEPT_BY_ONE
    response.vary.update(["Authorization", "Cookie"])
    return response


def _shrinks(body: bytes) -> bool:
    if len(body) <= SHORT:
        return True
    step = (len(body) - SAMPLE) // (SAMPLES - 1)
    sample = b"".join(body[first : first + SAMPLE] for first in range(0, step * SAMPLES, step))
    return len(_zstd(sample)) < WORTHWHILE * len(sample)


def _zstd(body: bytes) -> bytes:
    # A compressor must not be used by two threads at once; a new one costs 10 microseconds.
    return zstandard.ZstdCompressor(level=1).compress(body)


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=1, mtime=0)


_CODINGS = {"zstd": _zstd, "gzip": _gzip}
"""The best first."""


def _checksum(body: bytes) -> str:
    """Two checksums by different polynomials, which are as one of 64 bits; a digest would take 0.15 ms for 256 KB."""
    return f"{google_crc32c.value(body):08x}{zlib.crc32(body):08x}"
