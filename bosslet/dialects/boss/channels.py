"""Channels: ``/collection/<c>/experiment/<e>/channel/`` and ``…/channel/<name>``."""

from __future__ import annotations

from flask import request

from bosslet import access
from bosslet.catalog.records import ADMIN_GROUP, Channel, DownsampleStatus, Permission, Role
from bosslet.datastore import Datastore
from bosslet.dialects.authentication import current_user
from bosslet.dialects.boss import fields, representations
from bosslet.dialects.boss.marks import refuse_marked
from bosslet.dialects.boss.negotiation import Json, JsonView, parsed_body
from bosslet.errors import InvalidField, MissingPermission


class ChannelList(JsonView):
    """The names of the channels of an experiment."""

    def __init__(self, datastore: Datastore) -> None:
        self.resources = datastore.catalog.resources

    def get(self, collection: str, experiment: str) -> Json:
        """``{"channels": […]}``: those that are public or that the caller may read."""
        record = self.resources.experiment(collection, experiment)
        return {"channels": self.resources.visible_channel_names(record, current_user())}


class ChannelView(JsonView):
    """One channel."""

    def __init__(self, datastore: Datastore) -> None:
        self.datastore = datastore
        self.catalog = datastore.catalog
        self.resources = datastore.catalog.resources

    def get(self, collection: str, experiment: str, channel: str) -> Json:
        """The channel."""
        record = self._permitted(collection, experiment, channel, Permission.READ)
        refuse_marked(record)
        return representations.channel(record)

    def post(self, collection: str, experiment: str, channel: str) -> Json:
        """Make a channel, and its array on disk."""
        user = current_user()
        access.require_role(user, Role.RESOURCE_MANAGER)
        parent = self.resources.experiment(collection, experiment)
        access.require(self.catalog, user, Permission.ADD, parent)
        body = fields.parse(fields.NewChannel, parsed_body(request))
        if body.bucket or body.cv_path:
            self._require_admin_group()
        if not 0 <= body.default_time_sample < parent.num_time_samples:
            raise InvalidField(f"default_time_sample: must be one of the {parent.num_time_samples} of the experiment")
        settings = _settings(body, f"/{collection}/{experiment}/{channel}")
        record = self.datastore.create_channel(parent, channel, user, **settings)
        return representations.channel(record), 201

    def put(self, collection: str, experiment: str, channel: str) -> Json:
        """Change or rename a channel; ``sources`` and ``related`` become what the body says."""
        record = self._permitted(collection, experiment, channel, Permission.UPDATE)
        body = fields.parse(fields.ChannelChanges, parsed_body(request))
        if "storage_type" in body.model_fields_set or body.bucket or body.cv_path:
            self._require_admin_group()
        changed = self.resources.update_channel(
            record, **fields.changes(body) | {"sources": body.sources, "related": body.related}
        )
        self.datastore.describe(changed)
        return representations.channel(changed)

    def delete(self, collection: str, experiment: str, channel: str) -> Json:
        """Mark a channel for deletion."""
        access.require_role(current_user(), Role.RESOURCE_MANAGER)
        self.datastore.delete_channel(self._permitted(collection, experiment, channel, Permission.DELETE))
        return None, 204

    def _permitted(self, collection: str, experiment: str, name: str, permission: Permission) -> Channel:
        record = self.resources.channel(collection, experiment, name)
        access.require(self.catalog, current_user(), permission, record)
        return record

    def _require_admin_group(self) -> None:
        user = current_user()
        if not user.superuser and not self.catalog.groups.is_member(ADMIN_GROUP, user.name):
            raise MissingPermission("only members of group admin may say where a channel is stored")


def _settings(body: fields.NewChannel, default_cv_path: str) -> dict[str, Json]:
    """The fields of a new channel, made consistent: one that claims to be kept by CloudVolume has a path there."""
    settings: dict[str, Json] = body.model_dump()
    if body.storage_type == "cloudvol":
        settings |= {"cv_path": body.cv_path or default_cv_path, "downsample_status": DownsampleStatus.DOWNSAMPLED}
    elif body.cv_path:
        raise InvalidField("cv_path: only a channel with storage_type cloudvol has one")
    return settings
