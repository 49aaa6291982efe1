"""What is counted of requests and blocks, in the types of the Prometheus client.

Where ``PROMETHEUS_MULTIPROC_DIR`` names a folder, the numbers of a process are kept in files there, in memory that all
workers of a server can read, and whichever worker is asked adds up those of all; a worker that died is still counted.
Without it, the numbers are those of this process. Paths are counted by the template of their route: the names in them
may be nobody's business, and would make a series of numbers each.

Client: https://prometheus.github.io/client_python/multiprocess/
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from bosslet.volume.activity import Activity

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable by which the client is told of the folder."""
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""The upper ends of the histogram's buckets: from a resource's JSON to the largest cutout."""
_CALL = ("dialect", "route", "method")


@dataclass(frozen=True, slots=True)
class Call:
    """What requests are told apart by."""

    dialect: str
    route: str
    method: str

    @property
    def labels(self) -> tuple[str, str, str]:
        """In the order of the meters'."""
        return self.dialect, self.route, self.method


@dataclass(frozen=True, slots=True)
class _CallMeters:
    """The meters of one call, looked up once."""

    seconds: Histogram
    received: Counter
    sent: Counter
    by_status: dict[int, Counter] = field(default_factory=dict)


class Meters:
    """The numbers of one process."""

    def __init__(self, version: str, activity: Callable[[], Activity]) -> None:
        """``activity`` says what was done with blocks."""
        self._folder = os.environ.get(FOLDER)
        # As the client's documentation has it, for whoever knows only at run time which kind it takes.
        values.ValueClass = _shared_values() if self._folder else values.MutexValue
        registry = self._registry = CollectorRegistry()
        count = "bosslet_http_requests"
        self._requests = Counter(count, "Requests that were answered.", (*_CALL, "status"), registry=registry)
        self._received = Counter("bosslet_http_received_bytes", "Bytes of bodies taken.", _CALL, registry=registry)
        self._sent = Counter("bosslet_http_sent_bytes", "Bytes of the bodies of answers.", _CALL, registry=registry)
        self._seconds = Histogram(
            "bosslet_http_request_seconds",
            "Time until the answer was made, without sending it.",
            _CALL,
            buckets=SECONDS,
            registry=registry,
        )
        self._blocks = _block_meters(registry)
        workers = Gauge(
            "bosslet_workers",
            "Processes that answer requests.",
            ("version",),
            multiprocess_mode="livesum",
            registry=registry,
        )
        workers.labels(version).set(1)
        self._calls: dict[Call, _CallMeters] = {}
        self._activity = activity
        self._counted = activity()
        self._counting = Lock()

    def count(self, call: Call, status: int, seconds: float, *, received: int, sent: int) -> None:
        """One request was answered."""
        meters = self._calls.get(call) or self._meters_of(call)
        meters.seconds.observe(seconds)
        if received:
            meters.received.inc(received)
        if sent:
            meters.sent.inc(sent)
        if (requests := meters.by_status.get(status)) is None:
            requests = meters.by_status[status] = self._requests.labels(*call.labels, status)
        requests.inc()

    def count_blocks(self) -> None:
        """Count what was done with blocks since the last time."""
        with self._counting:
            now = self._activity()
            news, self._counted = now.since(self._counted), now
        for name, meter in self._blocks.items():
            if more := getattr(news, name):
                meter.inc(more)

    def text(self) -> bytes:
        """The numbers of all workers, in Prometheus' text format 0.0.4."""
        if self._folder is None:
            return generate_latest(self._registry)
        return generate_latest(MultiProcessCollector(None, self._folder))  # type: ignore[no-untyped-call]

    def _meters_of(self, call: Call) -> _CallMeters:
        meters = self._calls[call] = _CallMeters(
            self._seconds.labels(*call.labels), self._received.labels(*call.labels), self._sent.labels(*call.labels)
        )
        return meters


def forget_worker(pid: int, folder: Path) -> None:
    """A process ended: it is no worker any more, while what it has counted stays."""
    mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]


@cache
def _shared_values() -> Callable[..., Any]:
    """Made once in a process: it keeps the files open that the numbers are in."""
    value: Callable[..., Any] = values.MultiProcessValue()  # type: ignore[no-untyped-call]
    return value


def _block_meters(registry: CollectorRegistry) -> dict[str, Counter]:
    """By the names of an activity's fields."""
    helps = {
        "blocks_read": "Blocks that reads touched, whether on the disk, in the cache or never written.",
        "blocks_written": "Blocks that were written.",
        "cache_hits": "Pieces of blocks and other files found in TensorStore's cache.",
        "cache_misses": "Pieces of blocks and other files not found in TensorStore's cache.",
        "cache_evictions": "Pieces of blocks and other files dropped from TensorStore's cache for want of room.",
    }
    return {name: Counter(f"bosslet_{name}", text, registry=registry) for name, text in helps.items()}
