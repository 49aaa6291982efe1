"""Which channels a channel was made from (``sources``), and which it goes with (``related``).

*Related* is symmetric and is stored in both directions, so that reading it is one look-up; *source* is not. A name that
is marked for deletion can be linked to, but no list shows it.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, or_, select

from bosslet.catalog.schema import ChannelRow, LinkRow
from bosslet.errors import InvalidField


def replace_links(
    connection: Connection, channel_id: int, *, sources: Iterable[str] | None, related: Iterable[str] | None
) -> None:
    """Make the lists what they are said to be; None leaves a list as it is.

    Raises:
        InvalidField: a name that no channel of the experiment has, the channel itself, or a name in both lists.
    """
    known = _neighbours(connection, channel_id)
    wanted = [
        _linked(connection, channel_id, kind) if names is None else _ids(known, names)
        for kind, names in ((False, sources), (True, related))
    ]
    if both := wanted[0] & wanted[1]:
        raise InvalidField(f"sources and related: {_name(known, both)} cannot be in both")
    if channel_id in wanted[0] | wanted[1]:
        raise InvalidField("sources and related: a channel cannot name itself")
    _forget(connection, channel_id)
    pairs = [(channel_id, other, False) for other in sorted(wanted[0])]
    pairs += [pair for other in sorted(wanted[1]) for pair in ((channel_id, other, True), (other, channel_id, True))]
    if pairs:
        columns = ("channel_id", "other_id", "related")
        connection.execute(insert(LinkRow), [dict(zip(columns, pair, strict=True)) for pair in pairs])


def _neighbours(connection: Connection, channel_id: int) -> dict[str, int]:
    experiment = select(ChannelRow.experiment_id).where(ChannelRow.id == channel_id).scalar_subquery()
    rows = connection.execute(select(ChannelRow.name, ChannelRow.id).where(ChannelRow.experiment_id == experiment))
    return {row.name: row.id for row in rows}


def _ids(known: dict[str, int], names: Iterable[str]) -> set[int]:
    wanted = list(names)
    for name in wanted:
        if name not in known:
            raise InvalidField(f"sources and related: the experiment has no channel {name!r}")
    return {known[name] for name in wanted}


def _name(known: dict[str, int], ids: set[int]) -> str:
    return next(name for name, other in known.items() if other in ids)


def _linked(connection: Connection, channel_id: int, related: bool) -> set[int]:
    rows = select(LinkRow.other_id).where(LinkRow.channel_id == channel_id, LinkRow.related.is_(related))
    return set(connection.scalars(rows))


def _forget(connection: Connection, channel_id: int) -> None:
    back = (LinkRow.other_id == channel_id) & LinkRow.related.is_(True)
    connection.execute(delete(LinkRow).where(or_(LinkRow.channel_id == channel_id, back)))
