"""``/metrics``: what this server does, for Prometheus.

Where tokens are needed, it is for ``bossadmin``'s and for whoever asks from this very machine, unless a proxy says that
it asks for somebody else. There is no name of a user or of data in it. A process of its own that works on blocks, such
as ``bosslet ingest``, does not count.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import ipaddress
import time
from functools import cache

from flask import Flask, Response, current_app, g, request
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from bosslet import __version__
from bosslet.datastore import Datastore
from bosslet.dialects.http import Limits, user_of
from bosslet.dialects.metrics.meters import Call, Meters
from bosslet.errors import MissingPermission

METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
PROXIED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")
"""What proxies add to a request, one or the other of them; by itself nginx adds nothing."""
_PACKAGE = "bosslet.dialects."
_EXTENSION = "bosslet.metrics"


class Metrics:
    """Counts every request to an application, and answers what was counted."""

    def __init__(self, datastore: Datastore, limits: Limits) -> None:
        self.catalog = datastore.catalog
        self.open = limits.authentication == "open"
        self.attempts = limits.attempts
        self.meters = Meters(__version__, lambda: datastore.activity)

    def begin(self) -> None:
        """Remember when the request came."""
        g.began = time.perf_counter()

    def count(self, response: Response) -> Response:
        """Count the request that was answered."""
        seconds = time.perf_counter() - g.began
        # What was refused may never have been read, however long it claimed to be.
        received = request.content_length or 0 if response.status_code < 400 else 0
        sent = 0 if request.method == "HEAD" else response.content_length or response.calculate_content_length() or 0
        self.meters.count(_call(), response.status_code, seconds, received=received, sent=sent)
        self.meters.count_blocks()
        return response

    def count_read(self, route: str, sent: int, seconds: float, *, dialect: str) -> None:
        """Count a GET that was answered in front of the application."""
        self.meters.count(Call(dialect, route, "GET"), 200, seconds, received=0, sent=sent)
        self.meters.count_blocks()

    def show(self) -> Response:
        """The numbers of all workers.

        Raises:
            NotAuthenticated, MissingPermission
        """
        if not self.open and not _from_this_machine() and not self._administrator_asks():
            raise MissingPermission("the metrics are for bossadmin, and for who asks from the machine of this server")
        return Response(self.meters.text(), content_type=CONTENT_TYPE_PLAIN_0_0_4)

    def _administrator_asks(self) -> bool:
        return user_of(request, self.catalog, self.attempts).superuser


def register(app: Flask, datastore: Datastore, limits: Limits) -> None:
    """Count what this application does, all dialects included."""
    metrics = Metrics(datastore, limits)
    app.before_request(metrics.begin)
    app.after_request(metrics.count)
    app.add_url_rule("/metrics", "metrics", metrics.show)
    app.extensions[_EXTENSION] = metrics


def of(app: Flask) -> Metrics:
    """What counts the requests to an application."""
    metrics: Metrics = app.extensions[_EXTENSION]
    return metrics


def _from_this_machine() -> bool:
    if any(name in request.headers for name in PROXIED):
        return False
    # Over a socket of Unix there is no address.
    return ipaddress.ip_address(request.remote_addr or "::").is_loopback


def _call() -> Call:
    method = request.method if request.method in METHODS else "other"
    if request.url_rule is None or request.endpoint is None:
        return Call("none", "none", method)
    return Call(_dialect(request.endpoint), request.url_rule.rule, method)


@cache
def _dialect(endpoint: str) -> str:
    """The dialect that a view belongs to, by its module; for the files of a page, by its blueprint."""
    module = current_app.view_functions[endpoint].__module__
    if module.startswith(_PACKAGE):
        return module.removeprefix(_PACKAGE).partition(".")[0]
    return endpoint.partition(".")[0]
