"""What each call takes and answers, as far as routes and docstrings do not say it; a test finds a call that is missing.

Of errors, only what is special to a call is listed: ``Call.all_errors`` adds what every call may answer, or every one
that takes a body or answers JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bosslet import errors
from bosslet.catalog.records import Role
from bosslet.dialects.boss import fields
from bosslet.dialects.boss.downsample import Region
from bosslet.dialects.boss.encodings import ENCODINGS
from bosslet.dialects.boss.negotiation import FORMS, HTML, JSON
from bosslet.dialects.boss.openapi import answers, bodies
from bosslet.dialects.boss.pictures import MEDIA_TYPES
from bosslet.dialects.boss.users import NewUser

Schema = dict[str, Any]
ErrorClass = type[errors.BossletError]


@dataclass(frozen=True, slots=True)
class Query:
    """One name in the query of a URL."""

    name: str
    description: str
    schema: Schema = field(default_factory=lambda: {"type": "string"})
    required: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One method of one route."""

    answer: Any = None
    """The type of the JSON of a success; None is no body, ``bytes`` anything else."""
    status: int | None = 200
    """Of a success; None where there is none."""
    body: Any = None
    """The type of what is sent."""
    query: tuple[Query, ...] = ()
    errors: tuple[ErrorClass, ...] = ()
    media: tuple[str, ...] = (JSON, HTML)
    """In what the answer may come."""
    sent: tuple[str, ...] = (JSON, *FORMS)
    """In what the body may be sent."""
    failures: Mapping[int, Any] = field(default_factory=dict)
    """The types of errors that are not bossDB's."""
    bare: bool = False
    """Whether it answers whoever asks, whatever they accept."""

    @property
    def all_errors(self) -> tuple[ErrorClass, ...]:
        """With those that are not special to this call."""
        found = (*self.errors, *_ANYWHERE)
        if self.bare:
            return found
        found += (errors.NoSuchUrl, errors.NotAuthenticated, errors.TooManyAttempts)
        found += (errors.NotAcceptable, errors.UnknownFormat)
        return found if self.body is None else (*found, *_OF_BODIES)


_ANYWHERE = (errors.ForeignOrigin, errors.UnknownHost, errors.StorageError)
_OF_BODIES = (
    *(errors.InvalidField, errors.UnknownEncoding, errors.MalformedBody),
    *(errors.TooLarge, errors.LengthRequired),
)
_FOUND = (errors.NotFound, errors.MissingPermission)
_UNMARKED = (*_FOUND, errors.MarkedForDeletion)
_MADE = (errors.MissingRole, errors.InvalidName, errors.NameTaken)
_MANAGED = (*_FOUND, errors.MissingRole)
_NAMED = (errors.InvalidName, errors.NameTaken)
_PLACED = (
    *_UNMARKED,
    *(errors.InvalidBox, errors.InvalidNumber, errors.InvalidResolution, errors.InvalidTime, errors.InvalidMode),
    *(errors.TooLarge, errors.NotAnnotation),
)
_DECODED = (errors.DecodeError, errors.WrongDtype, errors.WrongShape, errors.EncodingError, errors.TimeNotEncodable)
_GROUP = (errors.GroupNotFound, errors.MissingRole, errors.MissingPermission)
_GROUP_CHANGED = (*_GROUP, errors.UserNotFound, errors.Protected, errors.MissingArgument)
_ACCOUNT = (errors.AccountNotFound, errors.MissingRole, errors.InvalidRole)

_ACCESS_MODE = (
    Query("access-mode", "Has no effect.", {"enum": ["cache", "no-cache", "raw"]}),
    Query("no-cache", "Has no effect.", {"enum": ["true", "false"]}),
)
_ISO = Query("iso", "Of the isotropic pyramid.", {"enum": ["true", "false"]})
_KEY = Query("key", "The key.", {"type": "string", "minLength": 1}, required=True)
_VALUE = Query("value", "The value.", required=True)
_METRIC = Query("metric", "One counter: system, user:<name> or api:<service>.")
_ADDRESS = tuple(Query(level, f"The name of a {level}.") for level in ("collection", "experiment", "channel"))
_LABELS = Query("filter", "Of annotations: the labels that are not set to zero.", {"pattern": "^[0-9]+(,[0-9]+)*$"})
_BINARY = tuple(media for media, encoding in ENCODINGS.items() if encoding.decode is not None)
_OAUTH: dict[int, Any] = {400: answers.OauthError, 401: answers.OauthError}
_OLD_VERSION = Call(status=None, failures={400: answers.Error}, bare=True)
_CUTOUT_FORMAT = Query("format", "Instead of Accept.", {"enum": ["bin", "jpg"]})
_PICTURE = Call(
    bytes,
    query=(Query("format", "Instead of Accept.", {"enum": ["png", "jpg"]}), *_ACCESS_MODE),
    errors=(*_PLACED, errors.Throttled, errors.Busy),
    media=tuple(MEDIA_TYPES),
)

CALLS: dict[str, Call] = {
    "CollectionList.get": Call(answers.Collections),
    "CollectionView.get": Call(answers.Collection, errors=_UNMARKED),
    "CollectionView.post": Call(answers.Collection, 201, fields.NewCollection, errors=_MADE),
    "CollectionView.put": Call(answers.Collection, body=fields.CollectionChanges, errors=(*_FOUND, *_NAMED)),
    "CollectionView.delete": Call(status=204, errors=(*_MANAGED, errors.InUse)),
    "ExperimentList.get": Call(answers.Experiments, errors=_UNMARKED),
    "ExperimentView.get": Call(answers.Experiment, errors=_UNMARKED),
    "ExperimentView.post": Call(answers.Experiment, 201, bodies.NewExperiment, errors=(*_FOUND, *_MADE)),
    "ExperimentView.put": Call(answers.Experiment, body=fields.ExperimentChanges, errors=(*_FOUND, *_NAMED)),
    "ExperimentView.delete": Call(status=204, errors=(*_MANAGED, errors.InUse)),
    "ChannelList.get": Call(answers.Channels, errors=_UNMARKED),
    "ChannelView.get": Call(answers.Channel, errors=_UNMARKED),
    "ChannelView.post": Call(answers.Channel, 201, fields.NewChannel, errors=(*_FOUND, *_MADE)),
    "ChannelView.put": Call(answers.Channel, body=fields.ChannelChanges, errors=(*_FOUND, *_NAMED)),
    "ChannelView.delete": Call(status=204, errors=(*_MANAGED, errors.InUse)),
    "FrameList.get": Call(answers.Frames, query=(Query("owner", "Only the caller's own.", {"enum": ["true"]}),)),
    "FrameList.post": Call(status=None, errors=(errors.InvalidField,)),
    "FrameView.get": Call(answers.Frame, errors=_UNMARKED),
    "FrameView.post": Call(answers.Frame, 201, fields.NewFrame, errors=_MADE),
    "FrameView.put": Call(answers.Frame, body=fields.FrameChanges, errors=(*_FOUND, *_NAMED)),
    "FrameView.delete": Call(status=204, errors=(*_MANAGED, errors.InUse)),
    "MetadataView.get": Call(
        answers.Keys | answers.KeyValue,
        query=(Query("key", "The key whose value is asked for, instead of all keys."),),
        errors=(*_UNMARKED, errors.UnknownKey),
    ),
    "MetadataView.post": Call(
        status=201,
        query=(_KEY, _VALUE),
        errors=(*_UNMARKED, errors.KeyExists, errors.MissingMetadata, errors.InvalidField),
    ),
    "MetadataView.put": Call(
        query=(_KEY, _VALUE), errors=(*_UNMARKED, errors.UnknownKey, errors.MissingMetadata, errors.InvalidField)
    ),
    "MetadataView.delete": Call(
        status=204, query=(_KEY,), errors=(*_UNMARKED, errors.UnknownKey, errors.MissingMetadata)
    ),
    "CutoutView.get": Call(
        bytes,
        query=(_LABELS, _ISO, _CUTOUT_FORMAT, *_ACCESS_MODE),
        errors=(*_PLACED, errors.EncodingError, errors.TimeNotEncodable, errors.Throttled, errors.Busy),
        media=(*ENCODINGS, HTML),
    ),
    "CutoutView.post": Call(
        status=201,
        body=bytes,
        query=(_ISO, *_ACCESS_MODE),
        errors=(
            *(*_PLACED, *_DECODED, errors.ResolutionNotWritable),
            *(errors.Throttled, errors.Busy, errors.StorageFull),
        ),
        sent=_BINARY,
    ),
    "ToBlackView.put": Call(
        query=(_ISO, *_ACCESS_MODE), errors=(*_PLACED, errors.ResolutionNotWritable, errors.StorageFull)
    ),
    "ImageView.get": _PICTURE,
    "TileView.get": _PICTURE,
    "DownsampleView.get": Call(answers.Downsample, query=(_ISO,), errors=(*_UNMARKED, errors.UnequalVoxelSides)),
    "DownsampleView.post": Call(
        status=201,
        body=Region,
        errors=(*_UNMARKED, errors.UnequalVoxelSides, errors.InvalidState, errors.LostRace, errors.InvalidBox),
    ),
    "DownsampleView.delete": Call(status=204, errors=(*_UNMARKED, errors.InvalidState, errors.LostRace)),
    "ReserveView.get": Call(answers.Reserved, errors=(*_UNMARKED, errors.NotAnnotation, errors.InvalidNumber)),
    "IdsView.get": Call(answers.Ids, errors=_PLACED),
    "BoundingBoxView.get": Call(
        answers.BoundingBox,
        query=(Query("type", "Of whole cuboids, or of voxels.", {"enum": ["loose", "tight"]}),),
        errors=(
            *_UNMARKED,
            *(errors.NotAnnotation, errors.InvalidResolution, errors.LabelNotFound, errors.InvalidBoxType),
        ),
    ),
    "GroupList.get": Call(
        answers.Groups,
        query=(Query("filter", "Only those that the caller is in, or maintains.", {"enum": ["member", "maintainer"]}),),
        errors=(errors.InvalidFilter,),
    ),
    "GroupView.get": Call(answers.Group, errors=(errors.GroupNotFound, errors.MissingPermission)),
    "GroupView.post": Call(
        status=201, errors=(errors.MissingRole, errors.InvalidName, errors.GroupExists, errors.Protected)
    ),
    "GroupView.delete": Call(status=204, errors=(*_GROUP, errors.Protected)),
    "MemberView.get": Call(answers.Members | answers.Result, errors=(*_GROUP, errors.UserNotFound)),
    "MemberView.post": Call(status=204, errors=_GROUP_CHANGED),
    "MemberView.delete": Call(status=204, errors=_GROUP_CHANGED),
    "MaintainerView.get": Call(answers.Maintainers | answers.Result, errors=(*_GROUP, errors.UserNotFound)),
    "MaintainerView.post": Call(status=204, errors=_GROUP_CHANGED),
    "MaintainerView.delete": Call(status=204, errors=_GROUP_CHANGED),
    "PermissionsView.get": Call(
        answers.PermissionSets,
        query=(Query("group", "The name of a group."), *_ADDRESS),
        errors=(errors.NotFound, errors.GroupNotFound),
    ),
    "PermissionsView.post": Call(
        status=201,
        body=bodies.Grant,
        errors=(*_MANAGED, errors.GroupNotFound, errors.MissingArgument, errors.InvalidField),
    ),
    "PermissionsView.patch": Call(
        body=bodies.Grant, errors=(*_MANAGED, errors.GroupNotFound, errors.MissingReplacement, errors.InvalidField)
    ),
    "PermissionsView.delete": Call(
        status=204,
        query=(Query("group", "The name of a group.", required=True), *_ADDRESS),
        errors=(*_MANAGED, errors.GroupNotFound, errors.MissingArgument, errors.InvalidField),
    ),
    "UserView.get": Call(answers.User, errors=(errors.AccountNotFound,)),
    "UserView.post": Call(status=201, body=NewUser, errors=(errors.MissingRole, errors.InvalidName, errors.UserExists)),
    "UserView.delete": Call(status=204, errors=(errors.MissingRole, errors.AccountNotFound, errors.AccountProtected)),
    "UserRolesView.get": Call(list[Role], errors=_ACCOUNT),
    "UserRoleView.get": Call(bool, errors=_ACCOUNT),
    "UserRoleView.post": Call(status=201, errors=_ACCOUNT),
    "UserRoleView.delete": Call(status=204, errors=_ACCOUNT),
    "IngestList.get": Call(answers.IngestJobs),
    "IngestList.post": Call(status=None, body=bodies.IngestConfiguration, errors=(errors.NoIngestJobs,)),
    "IngestView.get": Call(status=None, errors=(errors.JobNotFound,)),
    "IngestView.delete": Call(status=None, errors=(errors.JobNotFound,)),
    "IngestStatus.get": Call(status=None, errors=(errors.JobNotFound,)),
    "IngestComplete.post": Call(status=None, errors=(errors.JobNotFound,)),
    "MetricTypes.get": Call(list[answers.MetricType], errors=(errors.MissingPermission,)),
    "MetricThresholds.get": Call(list[answers.Threshold], errors=(errors.MissingPermission,)),
    "MetricUsage.get": Call(
        list[answers.Usage], query=(_METRIC,), errors=(errors.MissingPermission, errors.InvalidField)
    ),
    "TokenView.post": Call(
        answers.Token,
        body=bodies.Login,
        errors=(errors.TooManyAttempts,),
        media=(JSON,),
        sent=FORMS,
        failures=_OAUTH,
        bare=True,
    ),
    "RevokeView.post": Call(
        answers.Empty, body=bodies.Revocation, media=(JSON,), sent=FORMS, failures=_OAUTH, bare=True
    ),
    "ping.get": Call(answers.Ping, media=(JSON,), bare=True),
    **{f"unsupported_version.{method}": _OLD_VERSION for method in ("get", "post", "put", "delete")},
}
