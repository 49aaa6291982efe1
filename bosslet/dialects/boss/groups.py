"""Groups: ``/groups/``, ``/groups/<g>``, ``/groups/<g>/members[/<u>]`` and ``/groups/<g>/maintainers[/<u>]``.

Who may look into a group is its members and maintainers, who may change it its maintainers; both need the role
resource-manager as well, except to look at the group itself.
"""

from __future__ import annotations

from flask import request

from bosslet import access
from bosslet.catalog.records import ADMIN_GROUP, PUBLIC_GROUP, Address, Role
from bosslet.datastore import Datastore
from bosslet.dialects.authentication import current_user
from bosslet.dialects.boss.negotiation import Json, JsonView
from bosslet.errors import InvalidFilter, MissingArgument, MissingRole, Protected, UserNotFound

FILTERS = ("member", "maintainer")


class GroupList(JsonView):
    """The groups of the caller."""

    def __init__(self, datastore: Datastore) -> None:
        self.groups = datastore.catalog.groups

    def get(self) -> Json:
        """``{"groups": […]}``: those that the caller is in or maintains; ``?filter=`` asks for one of the two."""
        wanted = request.args.get("filter")
        if wanted is not None and wanted not in FILTERS:
            raise InvalidFilter(f"filter {wanted!r}: there are {' and '.join(FILTERS)}")
        member, maintainer = (wanted in {None, each} for each in FILTERS)
        return {"groups": self.groups.names_of(current_user(), member=member, maintainer=maintainer)}


class GroupView(JsonView):
    """One group."""

    def __init__(self, datastore: Datastore) -> None:
        self.catalog = datastore.catalog
        self.groups = datastore.catalog.groups

    def get(self, group: str) -> Json:
        """The group, and what it holds any permission on."""
        record = self.groups.get(group)
        access.require_member_or_maintainer(self.catalog, current_user(), group)
        resources = [_names(address) for address in self.groups.resources(group)]
        return {"name": record.name, "owner": record.creator, "resources": resources}

    def post(self, group: str) -> Json:
        """Make a group with the caller in it."""
        user = current_user()
        access.require_role(user, Role.RESOURCE_MANAGER)
        self.groups.create(group, user)
        return None, 201

    def delete(self, group: str) -> Json:
        """Remove a group; its creator may, and administrators."""
        user = current_user()
        access.require_role(user, Role.RESOURCE_MANAGER)
        refuse_protected(group)
        record = self.groups.get(group)
        if record.creator != user.name and not user.has_role(Role.ADMIN):
            raise MissingRole(f"user {user.name} neither made group {group} nor has role {Role.ADMIN}")
        self.groups.delete(group)
        return None, 204


class MemberView(JsonView):
    """The users in a group."""

    def __init__(self, datastore: Datastore) -> None:
        self.catalog = datastore.catalog
        self.groups = datastore.catalog.groups

    def get(self, group: str, user: str | None = None) -> Json:
        """``{"members": […]}``, or whether one user is among them."""
        access.require_role(current_user(), Role.RESOURCE_MANAGER)
        access.require_member_or_maintainer(self.catalog, current_user(), group)
        if user is None:
            return {"members": self.groups.members(group)}
        return {"result": self.groups.is_member(group, user)}

    def post(self, group: str, user: str | None = None) -> Json:
        """Put a user in the group, who may be there already."""
        self.groups.add_member(group, self._changed(group, user))
        return None, 204

    def delete(self, group: str, user: str | None = None) -> Json:
        """Take a user out of the group, who need not be in it."""
        self.groups.remove_member(group, self._changed(group, user))
        return None, 204

    def _changed(self, group: str, user: str | None) -> str:
        access.require_role(current_user(), Role.RESOURCE_MANAGER)
        refuse_protected(group)
        access.require_maintainer(self.catalog, current_user(), group)
        if user is None:
            raise UserNotFound("the URL names no user")
        return user


class MaintainerView(JsonView):
    """Those who may change a group, whether or not they are in it."""

    def __init__(self, datastore: Datastore) -> None:
        self.catalog = datastore.catalog
        self.groups = datastore.catalog.groups

    def get(self, group: str, user: str | None = None) -> Json:
        """``{"maintainers": […]}``, or whether one user is among them."""
        access.require_role(current_user(), Role.RESOURCE_MANAGER)
        access.require_member_or_maintainer(self.catalog, current_user(), group)
        if user is None:
            return {"maintainers": self.groups.maintainers(group)}
        return {"result": self.groups.is_maintainer(group, user)}

    def post(self, group: str, user: str | None = None) -> Json:
        """Let a user maintain the group, who may do so already."""
        self.groups.add_maintainer(group, self._changed(group, user))
        return None, 204

    def delete(self, group: str, user: str | None = None) -> Json:
        """Let a user no longer maintain the group."""
        self.groups.remove_maintainer(group, self._changed(group, user))
        return None, 204

    def _changed(self, group: str, user: str | None) -> str:
        access.require_role(current_user(), Role.RESOURCE_MANAGER)
        refuse_protected(group)
        if user is None:
            raise MissingArgument("the URL names no user")
        access.require_maintainer(self.catalog, current_user(), group)
        return user


def refuse_protected(group: str) -> None:
    """Raise Protected for the two groups that belong to the server; bossDB asks this before all but the role."""
    if group in {ADMIN_GROUP, PUBLIC_GROUP}:
        raise Protected(f"group {group} cannot be changed")


def _names(address: Address) -> dict[str, str]:
    levels = {"collection": address.collection, "experiment": address.experiment, "channel": address.channel}
    return {level: name for level, name in levels.items() if name is not None}
