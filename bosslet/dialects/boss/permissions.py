"""Permissions of groups: ``/permissions``, the group and the resource in the query of GET and DELETE, else in the body.

Who changes what a group holds must be in it or maintain it, and hold ``assign_group`` or ``remove_group`` on the
resource. Coordinate frames cannot be named here, as in bossDB.

The listing without any filter is bossDB's one oddity that a client's own tests hold on to: it gives of a channel only
those permissions that collections have too. So that nobody is misled, the others stand beside them, under
``volumetric_permissions``.
"""

from __future__ import annotations

from typing import Any

from flask import request

from bosslet import access
from bosslet.catalog.records import Permission, PermissionSet, Role
from bosslet.datastore import Datastore
from bosslet.dialects.authentication import current_user
from bosslet.dialects.boss import addressed, fields
from bosslet.dialects.boss.addressed import Addressed
from bosslet.dialects.boss.negotiation import JSON, Json, JsonView, parsed_body
from bosslet.errors import InvalidField, MissingArgument, MissingReplacement

LEVELS = ("collection", "experiment", "channel")
VOLUMETRIC = tuple(permission for permission in Permission if permission.endswith("_volumetric_data"))


class GroupOnResource(fields.Lenient):
    """A group, and the names of a resource."""

    group: fields.Text
    collection: fields.Text
    experiment: fields.Text | None = None
    channel: fields.Text | None = None


class PermissionsView(JsonView):
    """What groups may do to collections, experiments and channels."""

    def __init__(self, datastore: Datastore) -> None:
        self.catalog = datastore.catalog
        self.permissions = datastore.catalog.permissions

    def get(self) -> Json:
        """``{"permission-sets": […]}`` of one group, or without it of all that the caller is in."""
        group, collection, experiment, channel = (request.args.get(name) for name in ("group", *LEVELS))
        resource = addressed.find(self.catalog.resources, collection, experiment, channel) if collection else None
        held = self.permissions.sets(current_user(), group=group or None, resource=resource)
        shown = _shown if group or resource else _shown_apart
        return {"permission-sets": [shown(each) for each in held]}

    def post(self) -> Json:
        """Add to what a group holds."""
        _require_resource_manager()
        body = _complete(parsed_body(request), MissingArgument, "permissions", "group", "collection")
        target, resource = self._permitted(body, Permission.ASSIGN_GROUP)
        self.permissions.grant(target.group, resource, _listed(body["permissions"]))
        return None, 201

    def patch(self) -> Json:
        """Make what a group holds exactly this; when it is refused, all stays as it was."""
        _require_resource_manager()
        body = _complete(parsed_body(request), MissingReplacement, "permissions", "group", "collection")
        target, resource = self._permitted(body, Permission.REMOVE_GROUP, Permission.ASSIGN_GROUP)
        self.permissions.replace(target.group, resource, _listed(body["permissions"]))

    def delete(self) -> Json:
        """Take everything on the resource from a group, which need not have held any of it."""
        _require_resource_manager()
        query = _complete(request.args.to_dict(), MissingArgument, "group", "collection")
        target, resource = self._permitted(query, Permission.REMOVE_GROUP)
        self.permissions.revoke(target.group, resource)
        return None, 204

    def _permitted(self, names: dict[str, Json], *needed: Permission) -> tuple[GroupOnResource, Addressed]:
        target, user = fields.parse(GroupOnResource, names), current_user()
        access.require_member_or_maintainer(self.catalog, user, target.group)
        resource = addressed.find(self.catalog.resources, target.collection, target.experiment, target.channel)
        for permission in needed:
            access.require(self.catalog, user, permission, resource)
        return target, resource


def _require_resource_manager() -> None:
    access.require_role(current_user(), Role.RESOURCE_MANAGER)


def _complete(sent: dict[str, Json], error: type[MissingArgument], *needed: str) -> dict[str, Json]:
    """What was sent, without the names that are null or empty; raises ``error`` when a needed one is missing."""
    given = {name: value for name, value in sent.items() if value is not None and value != ""}
    for name in needed:
        if name not in given:
            raise error(f"{name}: missing")
    return given


def _listed(names: Json) -> list[Any]:
    if isinstance(names, str) and request.mimetype != JSON:
        return [names]  # a form with one permission
    if not isinstance(names, list):
        raise InvalidField("permissions: must be a list of names")
    return names


def _shown(held: PermissionSet) -> dict[str, Json]:
    names = {level: getattr(held.address, level) for level in LEVELS}
    shown = {level: name for level, name in names.items() if name is not None}
    return {"group": held.group, **shown, "permissions": [str(permission) for permission in held.permissions]}


def _shown_apart(held: PermissionSet) -> dict[str, Json]:
    """The same with what only channels have under a key of its own; experiments and collections look as ever."""
    shown = _shown(held)
    if "channel" in shown:
        shown["permissions"] = [str(permission) for permission in held.permissions if permission not in VOLUMETRIC]
        shown["volumetric_permissions"] = [str(each) for each in held.permissions if each in VOLUMETRIC]
    return shown
