"""What waits to be purged is told from what never was."""

from __future__ import annotations

from bosslet.catalog.records import Channel, Resource
from bosslet.errors import MarkedForDeletion


def refuse_marked(record: Resource) -> None:
    """Raise MarkedForDeletion when this very resource is marked; permission is checked before."""
    if record.marked:
        raise MarkedForDeletion(f"{record.kind} {record.name} is marked for deletion")


def refuse_marked_ancestors(channel: Channel) -> None:
    """Raise MarkedForDeletion when the channel, or the experiment or collection that it lies in, is marked."""
    if (marked := channel.marked_ancestor) is not None:
        refuse_marked(marked)
