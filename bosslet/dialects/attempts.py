"""How often somebody may be wrong about a key or a password before the next answer takes its time.

Failures are counted by address, and forgiven one by one. Keys are long and random, so nobody is ever going to guess
one; a limit on them keeps a broken script, or somebody who tries, from taking the server's time. A right key is
therefore let in whatever was tried before. A password may be short, so after too many failures none is looked at.
Each process counts for itself. Behind a proxy all clients have one address.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock

from bosslet.errors import TooManyAttempts

BURST = 20
"""Failures that are taken lightly."""
SECONDS_EACH = 3.0
"""After how long one of them is forgiven."""
MOST_ADDRESSES = 4096
"""How many are remembered; past that, those that failed longest ago are forgotten."""


@dataclass(slots=True)
class Attempts:
    """Failures of this process' clients."""

    _clear: OrderedDict[str, float] = field(default_factory=OrderedDict)
    """When all failures of an address will be forgiven, by the monotonic clock; the last one to fail comes last."""
    _lock: Lock = field(default_factory=Lock)

    def check(self, address: str | None) -> None:
        """Raise TooManyAttempts when an address has failed too often of late."""
        name = _network(address)
        with self._lock:
            ahead = self._clear.get(name, 0.0) - time.monotonic()
        _refuse_above(ahead)

    def failed(self, address: str | None) -> None:
        """Count a failure; raises TooManyAttempts when it was one too many, which is then not counted."""
        name, now = _network(address), time.monotonic()
        with self._lock:
            clear = max(self._clear.pop(name, 0.0), now)
            ahead = clear - now
            self._clear[name] = min(clear + SECONDS_EACH, now + BURST * SECONDS_EACH)
            if len(self._clear) > MOST_ADDRESSES:
                self._clear.popitem(last=False)
        _refuse_above(ahead)


def _refuse_above(ahead: float) -> None:
    if ahead > (BURST - 1) * SECONDS_EACH:
        wait = timedelta(seconds=ahead - (BURST - 1) * SECONDS_EACH)
        raise TooManyAttempts("too many wrong keys or passwords from this address", wait)


def _network(address: str | None) -> str:
    """What one client can easily have all of: an address, or 64 bits of one of IPv6; other text is taken whole."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)
