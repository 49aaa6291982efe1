"""Who may do what: the one place that decides, for every dialect.

A superuser may do everything. A resource that is *public* may be read by everybody, a public channel with its voxels;
but not where ``public_helps`` is off, as bossDB has it for metadata and for the ids in a box. Anything else takes a
permission that one of the user's groups holds on that very resource: nothing is inherited from what it lies in.
"""

from __future__ import annotations

from bosslet.catalog.catalog import Catalog
from bosslet.catalog.records import Permission, Resource, Role, User
from bosslet.errors import MissingPermission, MissingRole

PUBLIC_GIVES = frozenset({Permission.READ, Permission.READ_VOLUMETRIC_DATA})
"""What ``public`` gives to everybody on the resource that has it."""


def require(
    catalog: Catalog, user: User, permission: Permission, resource: Resource, *, public_helps: bool = True
) -> None:
    """Pass silently.

    Raises:
        MissingPermission: the user may not; also for the anonymous, whom a dialect may want to ask who they are.
    """
    if not may(catalog, user, permission, resource, public_helps=public_helps):
        who = "anonymous" if user.anonymous else f"user {user.name}"
        raise MissingPermission(f"{who} lacks permission {permission} on {resource.kind} {resource.name}")


def may(catalog: Catalog, user: User, permission: Permission, resource: Resource, *, public_helps: bool = True) -> bool:
    """Whether the user may do this to the resource; the catalog is asked only where the answer depends on it."""
    if user.superuser:
        return True
    if public_helps and resource.public and permission in PUBLIC_GIVES:
        return True
    return permission in catalog.permissions_of(user, resource)


def require_role(user: User, role: Role) -> None:
    """Pass silently, or raise MissingRole."""
    if not user.has_role(role):
        who = "anonymous" if user.anonymous else f"user {user.name}"
        raise MissingRole(f"{who} lacks role {role}")


def require_maintainer(catalog: Catalog, user: User, group: str) -> None:
    """Pass silently whoever may change the group.

    Raises:
        GroupNotFound
        MissingPermission
    """
    catalog.groups.get(group)
    if not _maintains(catalog, user, group):
        raise MissingPermission(f"user {user.name} does not maintain group {group}")


def require_member_or_maintainer(catalog: Catalog, user: User, group: str) -> None:
    """Pass silently whoever may look into the group, and give it permissions.

    Raises:
        GroupNotFound
        MissingPermission
    """
    catalog.groups.get(group)
    if not _maintains(catalog, user, group) and (user.anonymous or not catalog.groups.is_member(group, user.name)):
        who = "anonymous" if user.anonymous else f"user {user.name}"
        raise MissingPermission(f"{who} is neither a member nor a maintainer of group {group}")


def _maintains(catalog: Catalog, user: User, group: str) -> bool:
    return user.superuser or (not user.anonymous and catalog.groups.is_maintainer(group, user.name))
