"""A collection, experiment or channel by the names that a request gives: more names, further in.

Permissions name them in a body or in a query, metadata in the URL; coordinate frames cannot be named in either.
"""

from __future__ import annotations

from bosslet.catalog.records import Channel, Collection, Experiment
from bosslet.catalog.resources import Resources
from bosslet.dialects.boss.marks import refuse_marked, refuse_marked_ancestors

Addressed = Collection | Experiment | Channel


def find(resources: Resources, collection: str, experiment: str | None, channel: str | None) -> Addressed:
    """The resource, which may be marked for deletion; a channel without its experiment is passed over, as in bossDB.

    Raises:
        NotFound: names the outermost level that is missing.
    """
    if not experiment:
        return resources.collection(collection)
    if not channel:
        return resources.experiment(collection, experiment)
    return resources.channel(collection, experiment, channel)


def refuse_marked_anywhere(record: Addressed) -> None:
    """Raise MarkedForDeletion when the resource, or one that it lies in, is marked."""
    if isinstance(record, Channel):
        refuse_marked_ancestors(record)
        return
    if isinstance(record, Experiment):
        refuse_marked(record.collection)
    refuse_marked(record)
