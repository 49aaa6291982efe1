"""Coordinate frames: ``/coord/`` and ``/coord/<name>``; everybody may read them, also without credentials."""

from __future__ import annotations

from flask import request

from bosslet import access
from bosslet.catalog.records import Frame, Permission, Role
from bosslet.datastore import Datastore
from bosslet.dialects.authentication import current_user
from bosslet.dialects.boss import fields, representations
from bosslet.dialects.boss.marks import refuse_marked
from bosslet.dialects.boss.negotiation import Json, JsonView, parsed_body


class FrameList(JsonView):
    """The names of all coordinate frames."""

    def __init__(self, datastore: Datastore) -> None:
        self.resources = datastore.catalog.resources

    def get(self) -> Json:
        """``{"coords": […]}``; only the caller's own with ``?owner=true``, of which somebody anonymous has none."""
        user = current_user()
        if request.args.get("owner", "").lower() != "true":
            return {"coords": self.resources.frame_names()}
        return {"coords": [] if user.anonymous else self.resources.frame_names(user)}

    def post(self) -> Json:
        """Refused, since the name is missing; bossDB has this URL by accident."""
        fields.parse(fields.NamedFrame, {})


class FrameView(JsonView):
    """One coordinate frame."""

    def __init__(self, datastore: Datastore) -> None:
        self.datastore = datastore
        self.catalog = datastore.catalog
        self.resources = datastore.catalog.resources

    def get(self, frame: str) -> Json:
        """The coordinate frame."""
        record = self.resources.frame(frame)
        refuse_marked(record)
        return representations.frame(record)

    def post(self, frame: str) -> Json:
        """Make a coordinate frame."""
        user = current_user()
        access.require_role(user, Role.RESOURCE_MANAGER)
        body = fields.parse(fields.NewFrame, parsed_body(request))
        record = self.resources.create_frame(
            frame,
            user,
            start=(body.z_start, body.y_start, body.x_start),
            stop=(body.z_stop, body.y_stop, body.x_stop),
            voxel_size=(body.z_voxel_size, body.y_voxel_size, body.x_voxel_size),
            voxel_unit=body.voxel_unit,
            description=body.description,
        )
        return representations.frame(record), 201

    def put(self, frame: str) -> Json:
        """Change the name or the description; anything else would move voxels that are there."""
        record = self._permitted(frame, Permission.UPDATE)
        body = fields.parse(fields.FrameChanges, parsed_body(request))
        changed = self.resources.update_frame(record.name, **fields.changes(body))
        self.datastore.describe(changed)
        return representations.frame(changed)

    def delete(self, frame: str) -> Json:
        """Mark a coordinate frame for deletion."""
        access.require_role(current_user(), Role.RESOURCE_MANAGER)
        record = self._permitted(frame, Permission.DELETE)
        self.resources.delete_frame(record.name)
        self.datastore.describe(record)
        return None, 204

    def _permitted(self, name: str, permission: Permission) -> Frame:
        record = self.resources.frame(name)
        access.require(self.catalog, current_user(), permission, record)
        return record
