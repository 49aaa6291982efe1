"""Rename collections, experiments and channels, and mark them for deletion: what PUT and DELETE do, without a server.

No file is moved by it: where a channel's files are was fixed when it was made.
"""

from __future__ import annotations

from bosslet.catalog.records import Channel, Collection, Experiment
from bosslet.datastore import Datastore
from bosslet.errors import ConfigurationError, MarkedForDeletion

Names = tuple[str, ...]
"""Of a collection, an experiment in it, and a channel in that: one to three."""
Named = Collection | Experiment | Channel


def find(datastore: Datastore, names: Names) -> Named:
    """What has these names, marked or not; raises NotFound."""
    resources = datastore.catalog.resources
    if len(names) == 1:
        return resources.collection(names[0])
    if len(names) == 2:
        return resources.experiment(names[0], names[1])
    return resources.channel(names[0], names[1], names[2])


def rename(datastore: Datastore, names: Names, new: Names) -> None:
    """Give something another name where it is.

    Raises:
        ConfigurationError: the new name is in another place.
        NotFound, MarkedForDeletion, InvalidName, NameTaken: nothing was changed.
    """
    if names[:-1] != new[:-1]:
        raise ConfigurationError(
            f"{'/'.join(new)} is in another place than {'/'.join(names)}: only the last name can change"
        )
    resources, found = datastore.catalog.resources, find(datastore, names)
    if found.marked:
        raise MarkedForDeletion("/".join(names))
    changed: Named
    if isinstance(found, Collection):
        changed = resources.update_collection(found.name, name=new[-1])
    elif isinstance(found, Experiment):
        changed = resources.update_experiment(found, name=new[-1])
    else:
        changed = resources.update_channel(found, name=new[-1])
    datastore.describe(changed)


def mark(datastore: Datastore, names: Names, *, recursive: bool = False) -> list[str]:
    """Mark something for deletion, with ``recursive`` all that is in it first; the names of what is marked now.

    Raises:
        NotFound
        InUse: something is in it, or was made from it.
    """
    found = find(datastore, names)
    inside = (
        [name for child in _children(datastore, found) for name in mark(datastore, child, recursive=True)]
        if recursive
        else []
    )
    if found.marked:
        return inside
    if isinstance(found, Collection):
        datastore.catalog.resources.delete_collection(found.name)
        datastore.describe(found)
    elif isinstance(found, Experiment):
        datastore.catalog.resources.delete_experiment(found)
        datastore.describe(found)
    else:
        datastore.delete_channel(found)
    return [*inside, "/".join(names)]


def _children(datastore: Datastore, found: Named) -> list[Names]:
    """Those that are not marked; what was made from something comes before it."""
    resources = datastore.catalog.resources
    if isinstance(found, Collection):
        return [(found.name, name) for name in resources.experiment_names(found)]
    if isinstance(found, Experiment):
        channels = [
            resources.channel(found.collection.name, found.name, name) for name in resources.channel_names(found)
        ]
        return [(found.collection.name, found.name, name) for name in _last_made_first(channels)]
    return []


def _last_made_first(channels: list[Channel]) -> list[str]:
    """An order in which no channel comes before one that names it as its source; rings stay as they are."""
    waiting, order = {channel.name: channel for channel in channels}, []
    while waiting:
        sources = {name for channel in waiting.values() for name in channel.sources}
        free = [name for name in waiting if name not in sources] or list(waiting)
        for name in free:
            del waiting[name]
        order += free
    return order
