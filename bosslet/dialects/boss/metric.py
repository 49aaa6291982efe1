"""What was moved this month, and what may be: ``/metric/[metrics|thresholds|usage]``, without a version before it.

bossDB wants a session of its web console here; bosslet a token like everywhere else: that of ``bossadmin``, or for
one's own usage, one's own. The limits are an operator's settings (``THROTTLE_…``) and cannot be changed by a request:
PUT is not allowed. What bossDB calls *compute* is not counted. For want of a limit, it is -1.
"""

from __future__ import annotations

from datetime import UTC, datetime

from flask import request

from bosslet.catalog.records import Direction
from bosslet.datastore import Datastore
from bosslet.dialects.authentication import current_user
from bosslet.dialects.boss.negotiation import Json, JsonView
from bosslet.dialects.http import Limits
from bosslet.errors import InvalidField, MissingPermission
from bosslet.throttle import APIS, SYSTEM, user_counter

UNLIMITED = -1


class MetricTypes(JsonView):
    """What is counted, and the limits that hold for everybody."""

    def __init__(self, _datastore: Datastore, limits: Limits) -> None:
        self.quotas = limits.quotas

    def get(self) -> Json:
        """Both directions, with the limits in each."""
        _require_administrator()
        limits = {
            "def_user_limit": _shown(self.quotas.user),
            "def_api_limit": _shown(self.quotas.api),
            "def_system_limit": _shown(self.quotas.system),
        }
        return [{"mtype": str(direction), "units": "bytes", **limits} for direction in Direction]


class MetricThresholds(JsonView):
    """The limit of each counter."""

    def __init__(self, datastore: Datastore, limits: Limits) -> None:
        self.catalog = datastore.catalog
        self.quotas = limits.quotas

    def get(self) -> Json:
        """Of the system, of each service and of each user, in both directions."""
        _require_administrator()
        users = [f"user:{name}" for name in self.catalog.users.names()]
        counters = [SYSTEM, *(f"api:{name}" for name in APIS), *users]
        return [
            _threshold(counter, direction, self.quotas.of(counter)) for counter in counters for direction in Direction
        ]


class MetricUsage(JsonView):
    """What the counters stand at."""

    def __init__(self, datastore: Datastore, limits: Limits) -> None:
        self.usage = datastore.catalog.usage
        self.quotas = limits.quotas

    def get(self) -> Json:
        """Of ``?metric=user:ann``, or of all; somebody who is not ``bossadmin`` sees the own ones only."""
        wanted = _wanted_counter()
        month = datetime.now(UTC).date().replace(day=1)
        used = {(usage.counter, usage.direction): usage.nbytes for usage in self.usage.all(month)}
        counters = dict.fromkeys(counter for counter, _ in used) if wanted is None else [wanted]
        return [
            {
                **_threshold(counter, direction, self.quotas.of(counter)),
                "since": month.isoformat(),
                "value": used.get((counter, direction), 0),
            }
            for counter in counters
            for direction in Direction
        ]


def _wanted_counter() -> str | None:
    """The counter that is asked for and that the caller may see; None for all."""
    user = current_user()
    own = user_counter(user)
    wanted = request.args.get("metric", None if user.superuser else own)
    if wanted != own or user.anonymous:
        _require_administrator()
    if wanted is not None:
        _refuse_unknown(wanted)
    return wanted


def _require_administrator() -> None:
    user = current_user()
    if not user.superuser:
        raise MissingPermission("only bossadmin sees what others may move, and what they have moved")


def _refuse_unknown(counter: str) -> None:
    kind, _, name = counter.partition(":")
    if counter != SYSTEM and not (kind == "user" and name) and not (kind == "api" and name in APIS):
        raise InvalidField(
            f"metric {counter!r}: there are system, user:<name> and {', '.join(f'api:{n}' for n in APIS)}"
        )


def _threshold(counter: str, direction: Direction, limit: int | None) -> dict[str, Json]:
    return {"metric": counter, "mtype": str(direction), "units": "bytes", "limit": _shown(limit)}


def _shown(limit: int | None) -> int:
    return UNLIMITED if limit is None else limit
