"""The home page, and one for each channel."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import Response, request

from bosslet import access
from bosslet.catalog.metadata import Described
from bosslet.catalog.records import (
    Channel,
    Collection,
    Experiment,
    Frame,
    Permission,
    Resource,
    Role,
)
from bosslet.datastore import Datastore
from bosslet.dialects.authentication import current_user
from bosslet.dialects.http import Limits
from bosslet.dialects.openings import readable_channel
from bosslet.dialects.web.answers import as_json, page
from bosslet.dialects.web.stored import stored
from bosslet.dialects.web.views import Slices
from bosslet.errors import NotFound


@dataclass(frozen=True, slots=True)
class Shelf:
    """An experiment on the home page, with the channels that the reader may see."""

    experiment: Experiment
    channels: list[Slices]
    may_add: bool
    may_delete: bool


@dataclass(frozen=True, slots=True)
class Rack:
    """A collection on the home page."""

    collection: Collection
    shelves: list[Shelf]
    may_add: bool
    may_delete: bool


@dataclass(frozen=True, slots=True)
class Rights:
    """What the reader of a channel's page may do to it."""

    write: bool
    delete: bool
    cancel: bool
    readers: list[str] | None = field(default=None)
    """The groups that may read, for those who may change the channel."""


class Pages:
    """The home page, and one for each channel."""

    def __init__(self, datastore: Datastore, limits: Limits) -> None:
        self.datastore = datastore
        self.catalog = datastore.catalog
        self.resources = datastore.catalog.resources
        self.open = limits.authentication == "open"

    def home(self) -> Response:
        """Everything that the reader may see."""
        user = current_user()
        content = {
            "user": user,
            "racks": [self._rack(name) for name in self.resources.collection_names(user)],
            "frames": self._frames(),
            "may_make": user.has_role(Role.RESOURCE_MANAGER),
        }
        return page("web/home.html", content, open_to_all=self.open)

    def channel(self, collection: str, experiment: str, channel: str) -> Response:
        """One channel: a slice to scroll through, what it is, and how to get at it."""
        record = self._readable(collection, experiment, channel)
        content = {
            "user": current_user(),
            "slices": Slices(record),
            "levels": self.datastore.image(record).levels(),
            "rights": self._rights(record),
            "metadata": self._metadata(record),
            "host": request.host,
            "scheme": request.scheme,
        }
        return page("web/channel.html", content, open_to_all=self.open)

    def stored(self, collection: str, experiment: str, channel: str) -> Response:
        """How much of the disk it takes, which has to be counted."""
        record = self._readable(collection, experiment, channel)
        found = stored(self.datastore.uploads / record.path)
        return as_json({"bytes": found.nbytes, "files": found.files})

    def _readable(self, collection: str, experiment: str, channel: str) -> Channel:
        record = readable_channel(self.datastore, (collection, experiment, channel))
        if not self._may(Permission.READ, record):
            raise NotFound(f"channel {record}")
        return record

    def _rack(self, name: str) -> Rack:
        collection = self.resources.collection(name)
        names = self.resources.visible_experiment_names(collection, current_user())
        shelves = [self._shelf(self.resources.experiment(name, experiment)) for experiment in names]
        return Rack(collection, shelves, self._may_add(collection), self._may_delete(collection))

    def _shelf(self, experiment: Experiment) -> Shelf:
        names = self.resources.visible_channel_names(experiment, current_user())
        channels = [self.resources.channel(experiment.collection.name, experiment.name, name) for name in names]
        slices = [Slices(channel) for channel in channels]
        return Shelf(experiment, slices, self._may_add(experiment), self._may_delete(experiment))

    def _frames(self) -> list[tuple[Frame, bool]]:
        """Each with whether it may be deleted; they are for those who make something."""
        if not current_user().has_role(Role.RESOURCE_MANAGER):
            return []
        frames = [self.resources.frame(name) for name in self.resources.frame_names()]
        return [(frame, self._may_delete(frame)) for frame in frames]

    def _rights(self, channel: Channel) -> Rights:
        changes = self._may(Permission.UPDATE, channel)
        return Rights(
            write=self._may(Permission.ADD_VOLUMETRIC_DATA, channel),
            delete=self._may_delete(channel),
            cancel=self._may(Permission.DELETE_VOLUMETRIC_DATA, channel),
            readers=self.catalog.permissions.holders(Permission.READ_VOLUMETRIC_DATA, channel) if changes else None,
        )

    def _metadata(self, resource: Described) -> dict[str, str]:
        """What bossDB shows to those only who hold the permission to read, however public a channel is."""
        if not access.may(self.catalog, current_user(), Permission.READ, resource, public_helps=False):
            return {}
        return {key: self.catalog.metadata.get(resource, key) for key in self.catalog.metadata.keys(resource)}

    def _may(self, permission: Permission, resource: Resource) -> bool:
        return access.may(self.catalog, current_user(), permission, resource)

    def _may_add(self, resource: Collection | Experiment) -> bool:
        return current_user().has_role(Role.RESOURCE_MANAGER) and self._may(Permission.ADD, resource)

    def _may_delete(self, resource: Resource) -> bool:
        return current_user().has_role(Role.RESOURCE_MANAGER) and self._may(Permission.DELETE, resource)
