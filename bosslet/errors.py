"""Everything that can go wrong in bosslet, in our own words and without HTTP.

Raise the most precise class, with the thing that was wrong in the message. The dialects turn a class into a status
and a body in one table each; a test sees to it that every class has its line there.
"""

from __future__ import annotations

from datetime import timedelta


class BossletError(Exception):
    """The root: catch this to catch everything that bosslet raises on purpose."""


class ConfigurationError(BossletError):
    """An operator's setting, option or folder that bosslet cannot start with."""


class UnusableFile(ConfigurationError):
    """A file, folder or address that cannot be read as a volume, or where none can be written."""


class MissingLibrary(ConfigurationError):
    """A file format whose library is not installed."""


class RemoteRefused(ConfigurationError):
    """Another server that cannot be reached, or that did not do what it was asked for."""


# What a request said


class InvalidRequest(BossletError):
    """The request is wrong in itself, whatever the store holds."""


class NoSuchUrl(InvalidRequest):
    """A URL of the API in which a piece is not what it has to be, or one is missing or too many."""


class InvalidField(InvalidRequest):
    """A field of a resource has a value that it cannot have, or a key that is not known."""


class InvalidName(InvalidField):
    """Not a name: ASCII letters, digits, ``_`` and ``-``, 1 to 255 of them."""


class NameTaken(InvalidField):
    """Another resource of the same kind and parent has this name (one marked for deletion counts)."""


class UnknownKey(InvalidField):
    """The resource has no metadata under this key."""


class KeyExists(InvalidField):
    """The resource has metadata under this key already."""


class MissingArgument(InvalidRequest):
    """An argument without which the request means nothing."""


class MissingMetadata(MissingArgument):
    """A change of metadata that lacks its key or its value."""


class MissingReplacement(MissingArgument):
    """Permissions to be replaced, without saying whose, on what or by which."""


class InvalidNumber(InvalidRequest):
    """A number that cannot be read as one, or that nobody could mean."""


class InvalidBox(InvalidRequest):
    """A box that is empty, reversed or outside the coordinate frame."""


class InvalidTime(InvalidRequest):
    """A range of time samples that is empty, reversed or past the last one."""


class InvalidResolution(InvalidRequest):
    """A resolution that the channel does not have."""


class ResolutionNotWritable(InvalidRequest):
    """A resolution that only downsampling writes."""


class InvalidMode(InvalidRequest):
    """A query option with a value that it cannot have."""


class InvalidBoxType(InvalidMode):
    """A kind of bounding box that there is not."""


class InvalidFilter(InvalidMode):
    """A part of a list that there is no such part of."""


class InvalidRole(InvalidRequest):
    """No role, or one that cannot be given or taken."""


class UnequalVoxelSides(InvalidRequest):
    """Voxels of an anisotropic experiment that are not as wide as they are high: no level of theirs is isotropic."""


class LostRace(InvalidRequest):
    """Somebody else changed the resource at the same moment; look again, and decide again."""


class NotAnnotation(InvalidRequest):
    """A service for annotation channels, asked of an image channel."""


class NoIngestJobs(InvalidRequest):
    """A job of bossDB's ingest, which needs Amazon's queues and buckets, was to be made."""


class InvalidRange(InvalidRequest):
    """A range of bytes that the file does not have."""


class TooLarge(InvalidRequest):
    """More voxels or bytes than one request may move."""


# What a body or an answer is made of


class EncodingError(InvalidRequest):
    """Bytes that are not what their content type says, or voxels that an encoding cannot hold."""


class DecodeError(EncodingError):
    """Not a valid stream of its encoding, or a stream that nobody honest would send."""


class WrongDtype(EncodingError):
    """A well-formed array of another dtype or byte order than the channel's."""


class WrongShape(EncodingError):
    """A well-formed array, or a byte count, of another shape than the box."""


class TimeNotEncodable(EncodingError):
    """A time series asked for in an encoding that only holds one sample."""


class UnknownEncoding(InvalidRequest):
    """A body in a content type that bosslet does not read."""


class NotAcceptable(InvalidRequest):
    """An answer asked for only in media types that bosslet does not write."""


class UnknownFormat(InvalidRequest):
    """An answer asked for by ``format=`` in a format that there is not."""


class MalformedBody(InvalidRequest):
    """A body that cannot be parsed as what its content type says, or that broke off."""


class LengthRequired(InvalidRequest):
    """A body without a Content-Length: a cut-off upload could not be told from a whole one."""


# Who asks


class NotAuthenticated(BossletError):
    """No credentials, where some are needed, or credentials that nobody holds."""


class MissingRole(BossletError):
    """The user lacks a role (bossDB: admin, user-manager, resource-manager)."""


class MissingPermission(BossletError):
    """No group of the user holds the permission on the resource."""


class UnknownHost(BossletError):
    """Called by a name that is not this server's: perhaps a page's own that was pointed here."""


class ForeignOrigin(BossletError):
    """A web page of another site would change something, through the browser of somebody who may."""


class Throttled(BossletError):
    """More was moved this month than the operator allows; ``wait`` is how long that holds."""

    def __init__(self, message: str, wait: timedelta) -> None:
        super().__init__(message)
        self.wait = wait


class TooManyAttempts(Throttled):
    """Wrong keys or passwords from the same address, again and again."""


class Busy(BossletError):
    """No room in memory for what this request would move; ``wait`` is when to ask again."""

    def __init__(self, message: str, wait: timedelta) -> None:
        super().__init__(message)
        self.wait = wait


# What the store holds


class NotFound(BossletError):
    """No such collection, coordinate frame, experiment or channel."""


class MarkedForDeletion(BossletError):
    """The resource, or one that it lies in, waits to be purged."""


class JobNotFound(BossletError):
    """No such ingest job."""


class UserNotFound(BossletError):
    """No such user."""


class AccountNotFound(UserNotFound):
    """No such user, where the account itself was asked for."""


class LabelNotFound(BossletError):
    """No voxel has this label."""


class UserExists(BossletError):
    """A user of that name exists."""


class GroupNotFound(BossletError):
    """No such group."""


class GroupExists(BossletError):
    """A group of that name exists."""


class Protected(BossletError):
    """An account or a group that bosslet itself stands on, and that nobody may remove or change."""


class AccountProtected(Protected):
    """An account that nobody may remove."""


class InUse(BossletError):
    """The resource cannot be deleted while others stand on it."""


class InvalidState(BossletError):
    """The channel is not in a state in which this can be done."""


class ReadOnlyDocument(InvalidState):
    """Metadata of an image, which follows from what the channel is, was to be written."""


class PreconditionFailed(InvalidState):
    """Not in the state that the request was made for (``If-Match``, ``If-None-Match``); nothing was changed."""


class JobCancelled(InvalidState):
    """The job that was being worked on is no longer wanted."""


# What the disk says


class StorageError(BossletError):
    """Voxels could not be read or written, though the request was right; never an answer of zeros."""


class UnreadableBlock(StorageError):
    """A block or its metadata exists and cannot be read."""


class StorageFull(StorageError):
    """No room, or no permission, to write; nothing of the refused part was acknowledged."""
