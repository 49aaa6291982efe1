"""Make the catalog agree with the files again: bring back channels that it lost, describe anew those that it has.

Nothing is removed and no voxel is touched. The catalog is believed about every channel that it knows; about others
their files are. Done again, it finds nothing to do.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bosslet.catalog.description import Description
from bosslet.catalog.records import Channel
from bosslet.datastore import Datastore
from bosslet.errors import InvalidRequest, NotFound, UnreadableBlock
from bosslet.volume import audit


@dataclass(slots=True)
class Repairs:
    """What was done, and what could not be."""

    restored: list[str] = field(default_factory=list)
    """Channels that the catalog did not have."""
    described: list[str] = field(default_factory=list)
    """Channels whose files said nothing, or something else than the catalog."""
    left: dict[str, str] = field(default_factory=dict)
    """By path, what stays as it is, and why."""


def repair(datastore: Datastore) -> Repairs:
    """Do all that can be done."""
    repairs = Repairs(left=dict.fromkeys(audit.undescribed_images(datastore.uploads), "zarr.json is missing"))
    channels = {channel.path: channel for channel in datastore.catalog.resources.all_channels()}
    lost = sorted(set(audit.images_in(datastore.uploads)) - set(channels))
    _restore(datastore, lost, repairs)
    for path, channel in channels.items():
        repairs.left.pop(path, None)
        _describe(datastore, channel, repairs)
    return repairs


def _restore(datastore: Datastore, paths: list[str], repairs: Repairs) -> None:
    found: dict[str, Description] = {}
    for path in paths:
        try:
            found[path] = datastore.description_in_files(path)
        except UnreadableBlock as error:
            repairs.left[path] = f"zarr.json does not say what it is: {error}"
    # Lists are in order of creation.
    known = []
    for path, description in sorted(found.items(), key=_age):
        try:
            repairs.restored.append(str(datastore.catalog.resources.restore_channel(path, description)))
            known.append(path)
        except InvalidRequest as error:
            repairs.left[path] = f"{error}: {error.__doc__}"
    for path in known:
        datastore.catalog.resources.restore_links(path, found[path])


def _age(item: tuple[str, Description]) -> tuple[int, int, int, str]:
    path, said = item
    return said.collection.id, said.experiment.id, said.channel.id, path


def _describe(datastore: Datastore, channel: Channel, repairs: Repairs) -> None:
    try:
        if datastore.is_described(channel):
            return
        datastore.image(channel).describe()
        repairs.described.append(str(channel))
    except UnreadableBlock as error:
        repairs.left[channel.path] = str(error)
    except NotFound:
        return  # deleted by somebody else in between
