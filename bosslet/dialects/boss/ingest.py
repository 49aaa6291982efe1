"""Ingest jobs, of which there are none: ``/ingest/`` and ``/ingest/<number>[/status|/complete]``.

bossDB's jobs hand clients queues and buckets of Amazon's. Here the files are on the machine of whoever runs the server,
who takes them in with ``bosslet ingest``; a client that would make a job is told so, and any job is unknown.
"""

from __future__ import annotations

from typing import NoReturn

from flask import request

from bosslet.dialects.boss.negotiation import Json, JsonView, parsed_body
from bosslet.errors import JobNotFound, NoIngestJobs


class IngestList(JsonView):
    """The ingest jobs."""

    def get(self) -> Json:
        """``{"ingest_jobs": []}``."""
        return {"ingest_jobs": []}

    def post(self) -> Json:
        """Refused, with a message that says what to do instead."""
        parsed_body(request)
        raise NoIngestJobs("this server makes no ingest jobs: whoever runs it takes files in with `bosslet ingest`")


class IngestView(JsonView):
    """One ingest job."""

    def get(self, job: str) -> Json:
        """Join a job: always unknown."""
        _refuse(job)

    def delete(self, job: str) -> Json:
        """Cancel a job: always unknown."""
        _refuse(job)


class IngestStatus(JsonView):
    """How far an ingest job is."""

    def get(self, job: str) -> Json:
        """Always unknown."""
        _refuse(job)


class IngestComplete(JsonView):
    """The end of an ingest job."""

    def post(self, job: str) -> Json:
        """Always unknown."""
        _refuse(job)


def _refuse(job: str) -> NoReturn:
    raise JobNotFound(f"ingest job {job}")
