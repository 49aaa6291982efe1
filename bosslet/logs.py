"""Logs for a person to read and a program to parse: one line on stderr for each thing that is worth one.

What a client sent is in them only with its control characters escaped, so that it cannot pass for a line of its own,
and never its query or its headers, where keys are. ``request_id`` is what a client was told of its request; it is in
every line that was written on account of one.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime

REQUESTS = logging.getLogger("bosslet.requests")
"""A line for each request that was answered."""

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Of the request that this thread is about."""

# Besides C0 and C1: what ends a line elsewhere, and what turns the direction of text.
_CONTROLS = [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_ESCAPED = {code: f"\\x{code:02x}" for code in _CONTROLS}


def configure(level: str, form: str) -> None:
    """Write what is as important as ``level``, as ``text`` or ``json``; of other libraries only what went wrong."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    threshold = logging.getLevelNamesMapping()[level.upper()]
    root.setLevel(max(threshold, logging.WARNING))
    logging.getLogger("bosslet").setLevel(threshold)


def log_request(fields: Mapping[str, object], text: str) -> None:
    """Write the line of a request that was answered: all fields as JSON, or the text."""
    REQUESTS.info("%s", text, extra={"fields": fields})


def escaped(text: str) -> str:
    """The text on one line."""
    return text.translate(_ESCAPED)


class TextLines(logging.Formatter):
    """Time, importance, request and message; a traceback is indented below."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, but for tracebacks."""
        lines = [f"{_time(record)} {record.levelname:7} {request_id.get() or '-'} {escaped(record.getMessage())}"]
        if record.exc_info:
            lines += [f"    {escaped(line)}" for line in self.formatException(record.exc_info).split("\n")]
        return "\n".join(lines)


class JsonLines(logging.Formatter):
    """An object on each line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, always."""
        content: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "request_id": request_id.get(),
            "message": record.getMessage(),
        }
        if isinstance(fields := getattr(record, "fields", None), Mapping):
            content |= fields
        if record.exc_info:
            content["traceback"] = self.formatException(record.exc_info)
        return json.dumps(content)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
