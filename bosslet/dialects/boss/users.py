"""Accounts and their roles: ``/sso/user/<u>`` and ``/sso/user-role/<u>[/<role>]``.

bossDB leaves accounts to an identity provider and hands its errors on; the shapes here are those that its clients know.
A role counts from the next request on, not from the next login.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from flask import request
from pydantic import BeforeValidator

from bosslet import access
from bosslet.catalog.records import Role
from bosslet.datastore import Datastore
from bosslet.dialects.authentication import current_user
from bosslet.dialects.boss import fields
from bosslet.dialects.boss.negotiation import Json, JsonView, parsed_body
from bosslet.errors import AccountNotFound, AccountProtected, InvalidRole, NotAuthenticated, Protected, UserNotFound

MAX_PASSWORD_CHARACTERS = 1024


def _password(value: Json) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_PASSWORD_CHARACTERS:
        raise ValueError(f"must be a text of 1 to {MAX_PASSWORD_CHARACTERS} characters")
    return value


class NewUser(fields.Lenient):
    """POST of a user; without a password there is no way to log in, only tokens."""

    first_name: fields.Description = ""
    last_name: fields.Description = ""
    email: fields.Description = ""
    password: Annotated[str | None, BeforeValidator(_password)] = None


class UserView(JsonView):
    """One account."""

    def __init__(self, datastore: Datastore) -> None:
        self.users = datastore.catalog.users

    def get(self, user: str) -> Json:
        """The account, for everybody who says who asks."""
        if current_user().anonymous:
            raise NotAuthenticated("Authentication credentials were not provided.")
        with _as_identity_provider():
            account, roles = self.users.details(user), self.users.roles(user)
        return {
            "id": str(account.id),
            "username": account.name,
            "firstName": account.first_name,
            "lastName": account.last_name,
            "email": account.email,
            "enabled": account.enabled,
            "realmRoles": _ordered(roles),
        }

    def post(self, user: str) -> Json:
        """Make an account, which can log in at once."""
        access.require_role(current_user(), Role.USER_MANAGER)
        self.users.create(user, **fields.parse(NewUser, parsed_body(request)).model_dump())
        return None, 201

    def delete(self, user: str) -> Json:
        """Remove an account; what it made stays."""
        access.require_role(current_user(), Role.ADMIN)
        with _as_identity_provider():
            self.users.delete(user)
        return None, 204


class UserRolesView(JsonView):
    """The roles of an account, and whether it has one of them."""

    def __init__(self, datastore: Datastore) -> None:
        self.users = datastore.catalog.users

    def get(self, user: str, role: str | None = None) -> Json:
        """All roles as a bare list, or a bare ``true`` or ``false``."""
        access.require_role(current_user(), Role.USER_MANAGER)
        asked = None if role is None else _role(role)
        with _as_identity_provider():
            held = self.users.roles(user)
        return _ordered(held) if asked is None else asked in held


class UserRoleView(UserRolesView):
    """One role of an account."""

    def post(self, user: str, role: str) -> Json:
        """Give the role, which the account may have."""
        given = _assignable(role)
        with _as_identity_provider():
            self.users.add_role(user, given)
        return None, 201

    def delete(self, user: str, role: str) -> Json:
        """Take the role, which the account may not have."""
        taken = _assignable(role)
        with _as_identity_provider():
            self.users.remove_role(user, taken)
        return None, 204


@contextmanager
def _as_identity_provider() -> Iterator[None]:
    """Tell an account that is missing or protected from one that is so as a member of a group."""
    try:
        yield
    except UserNotFound as error:
        raise AccountNotFound(str(error)) from error
    except Protected as error:
        raise AccountProtected(str(error)) from error


def _ordered(roles: frozenset[Role]) -> list[str]:
    return [role.value for role in Role if role in roles]


def _role(name: str) -> Role:
    known = {role.value: role for role in Role}
    if name not in known:
        raise InvalidRole(f"role {name!r}: there are {', '.join(known)}")
    return known[name]


def _assignable(name: str) -> Role:
    """A role that the caller may give and take; ``admin`` nobody may."""
    user = current_user()
    access.require_role(user, Role.USER_MANAGER)
    role = _role(name)
    if role is Role.ADMIN:
        raise InvalidRole(f"role {role} cannot be given or taken")
    if role is Role.USER_MANAGER:
        access.require_role(user, Role.ADMIN)
    return role
