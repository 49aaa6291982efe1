"""The channels whose voxels a caller may use, where a channel that one may not see is told from none by nobody.

bossDB says of a channel that one may not read that it exists (403); the dialects that came later do not.
"""

from __future__ import annotations

from bosslet import access
from bosslet.catalog.records import Channel, Permission, User
from bosslet.datastore import Datastore
from bosslet.dialects.authentication import current_user
from bosslet.errors import NotFound

Names = tuple[str, str, str]
"""Of a collection, an experiment and a channel."""


def readable_channel(datastore: Datastore, names: Names) -> Channel:
    """The channel, whose voxels the caller may read; raises NotFound as ``channel_readable_by``."""
    return channel_readable_by(current_user(), datastore, names)


def is_readable(datastore: Datastore, names: Names) -> bool:
    """Whether there is such a channel for the caller."""
    try:
        readable_channel(datastore, names)
    except NotFound:
        return False
    return True


def channel_readable_by(user: User, datastore: Datastore, names: Names) -> Channel:
    """The channel, whose voxels somebody may read.

    Raises:
        NotFound: absent, marked for deletion or private: in the same words.
    """
    hidden = NotFound(f"no channel {'/'.join(names)} that you may read")
    try:
        channel = datastore.catalog.resources.channel(*names)
    except NotFound as error:
        raise hidden from error
    may = access.may(datastore.catalog, user, Permission.READ_VOLUMETRIC_DATA, channel)
    if channel.marked_ancestor is not None or not may:
        raise hidden
    return channel


def writable_channel(datastore: Datastore, names: Names) -> Channel:
    """The channel, whose voxels the caller may write.

    Raises:
        NotFound: as above.
        MissingPermission: the caller may read, and only that.
    """
    channel = readable_channel(datastore, names)
    access.require(datastore.catalog, current_user(), Permission.ADD_VOLUMETRIC_DATA, channel)
    return channel
