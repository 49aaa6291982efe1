"""Accounts, their roles, and the two things that prove who somebody is: a token and a password.

Neither is kept, only what can check it: the SHA-256 of a token, which is random and long, and an argon2id hash of a
password, which is not. A lost token is replaced and cannot be shown again. A password is good for sessions, whose keys
are told from tokens nowhere but here.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterable, Sequence
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, delete, insert, or_, select, update

from bosslet.catalog.database import Section, unique
from bosslet.catalog.membership import find_group, find_user_id, insert_group, join
from bosslet.catalog.names import valid_name
from bosslet.catalog.records import (
    ADMINISTRATOR,
    PRIMARY_SUFFIX,
    PUBLIC_ACCOUNT,
    PUBLIC_GROUP,
    PUBLIC_TOKEN,
    Role,
    User,
    UserDetails,
)
from bosslet.catalog.schema import GroupRow, RoleRow, SessionRow, UserRow
from bosslet.errors import Protected, UserExists, UserNotFound

TOKEN_BYTES = 20  # 40 hex characters, as in bossDB

_HASHER = PasswordHasher()


class Users(Section):
    """What can be asked of, and done to, accounts."""

    def create(
        self,
        name: str,
        *,
        roles: Iterable[Role] = (),
        first_name: str = "",
        last_name: str = "",
        email: str = "",
        password: str | None = None,
    ) -> User:
        """An account with a primary group of its own, also in group ``public``; it has no token yet.

        Raises:
            InvalidName: not a name, or too long for that of the primary group.
            UserExists
        """
        held = frozenset(roles)
        password_hash = None if password is None else _hash(password)  # slow, so before the lock is taken
        details = {"first_name": first_name, "last_name": last_name, "email": email, "password_hash": password_hash}
        with self._database.write() as connection:
            user_id = insert_user(connection, name, **details)
            insert_primary_group(connection, name, user_id)
            for role in held:
                insert_role(connection, user_id, role)
        return User(user_id, name, held)

    def get(self, name: str) -> User:
        """Raises UserNotFound."""
        user = self._recalled(_BY_NAME, name=name)
        if user is None:
            raise UserNotFound(f"user {name}")
        return user

    def names(self) -> list[str]:
        """All accounts, in order of creation."""
        with self._database.read() as connection:
            return list(connection.scalars(select(UserRow.name).order_by(UserRow.id)))

    def details(self, name: str) -> UserDetails:
        """Raises UserNotFound."""
        columns = (UserRow.id, UserRow.name, UserRow.first_name, UserRow.last_name, UserRow.email, UserRow.enabled)
        with self._database.read() as connection:
            row = connection.execute(select(*columns).where(UserRow.name == name)).first()
        if row is None:
            raise UserNotFound(f"user {name}")
        return UserDetails(*row)

    def delete(self, name: str) -> None:
        """Remove an account and its primary group; what it has made stays, and keeps the name of its creator.

        Raises:
            UserNotFound
            Protected: ``bossadmin``.
        """
        if name == ADMINISTRATOR:
            raise Protected(f"user {name} cannot be deleted")
        with self._database.write() as connection:
            connection.execute(delete(UserRow).where(UserRow.id == find_user_id(connection, name)))
            connection.execute(delete(GroupRow).where(GroupRow.name == name + PRIMARY_SUFFIX))
            # A later account of this name must not be taken for the one who may delete these.
            connection.execute(update(GroupRow).where(GroupRow.creator == name).values(creator=None))

    def set_enabled(self, name: str, enabled: bool) -> None:
        """Let the account in, or keep it out without forgetting it; raises UserNotFound."""
        self._update(name, enabled=enabled)

    def new_token(self, name: str) -> str:
        """A token that takes the place of the earlier one; that of ``public-access`` is always ``public``.

        Raises:
            UserNotFound
        """
        token = PUBLIC_TOKEN if name == PUBLIC_ACCOUNT else secrets.token_hex(TOKEN_BYTES)
        self._update(name, token_digest=digest(token))
        return token

    def revoke_token(self, name: str) -> None:
        """Make the account's token nobody's, and end its sessions; raises UserNotFound."""
        self._update(name, ends_sessions=True, token_digest=None)

    def user_of_token(self, token: str) -> User | None:
        """Whose token, or key of a session, this is; None for nobody's, and for an account that is not enabled."""
        # The time is part of the question: a session ends without a change of the catalog.
        return self._recalled(_BY_TOKEN, digest=digest(token), now=int(time.time()))

    def set_password(self, name: str, password: str) -> None:
        """Change the password, and end the sessions that the old one was good for; raises UserNotFound."""
        self._update(name, ends_sessions=True, password_hash=_hash(password))

    def check_password(self, name: str, password: str) -> bool:
        """Whether this is the account's password; never for one that is unknown, not enabled or without a password."""
        with self._database.read() as connection:
            known = select(UserRow.password_hash).where(UserRow.name == name, UserRow.enabled.is_(True))
            password_hash = connection.scalar(known)
        try:
            _HASHER.verify(password_hash or _nobody(), _bytes(password))
        except VerifyMismatchError:
            return False
        return password_hash is not None

    def roles(self, name: str) -> frozenset[Role]:
        """Raises UserNotFound."""
        return self.get(name).roles

    def add_role(self, name: str, role: Role) -> None:
        """Give the role, which the user may have; raises UserNotFound."""
        with self._database.write() as connection:
            user_id = find_user_id(connection, name)
            if connection.scalar(select(RoleRow.role).where(*_role(user_id, role))) is None:
                insert_role(connection, user_id, role)

    def remove_role(self, name: str, role: Role) -> None:
        """Take the role, which the user may not have; raises UserNotFound."""
        with self._database.write() as connection:
            connection.execute(delete(RoleRow).where(*_role(find_user_id(connection, name), role)))

    def _recalled(self, query: Select[int, str, bool, str], **asked: object) -> User | None:
        def ask() -> User | None:
            with self._database.read() as connection:
                return _user(connection.execute(query, asked).all())

        return self._database.recall(("user", *asked.items()), ask)

    def _update(self, name: str, *, ends_sessions: bool = False, **values: object) -> None:
        with self._database.write() as connection:
            user_id = find_user_id(connection, name)
            connection.execute(update(UserRow).where(UserRow.id == user_id).values(values))
            if ends_sessions:
                connection.execute(delete(SessionRow).where(SessionRow.user_id == user_id))


def insert_user(connection: Connection, name: str, **columns: object) -> int:
    """The id of a new account that is in no group; raises InvalidName and UserExists."""
    valid_name(name)
    valid_name(name + PRIMARY_SUFFIX)
    with unique(f"user {name}", UserExists):
        user_id = connection.execute(insert(UserRow).values(name=name, **columns).returning(UserRow.id)).scalar_one()
    join(connection, find_group(connection, PUBLIC_GROUP).id, user_id)
    return user_id


def insert_primary_group(connection: Connection, name: str, user_id: int) -> None:
    """The group that what the user makes will belong to."""
    join(connection, insert_group(connection, name + PRIMARY_SUFFIX, name).id, user_id)


def insert_role(connection: Connection, user_id: int, role: Role) -> None:
    """Give a role to a user who does not have it."""
    connection.execute(insert(RoleRow).values(user_id=user_id, role=str(role)))


def digest(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(_bytes(token)).hexdigest()


_USER = select(UserRow.id, UserRow.name, UserRow.superuser, RoleRow.role).outerjoin(
    RoleRow, RoleRow.user_id == UserRow.id
)
_BY_NAME = _USER.where(UserRow.name == bindparam("name"))
_IN_SESSION = (
    select(SessionRow.user_id)
    .where(SessionRow.digest == bindparam("digest"), SessionRow.expires > bindparam("now"))
    .scalar_subquery()
)
_BY_TOKEN = _USER.where(
    or_(UserRow.token_digest == bindparam("digest"), UserRow.id == _IN_SESSION), UserRow.enabled.is_(True)
)


def _user(rows: Sequence[Row[int, str, bool, str]]) -> User | None:
    if not rows:
        return None
    roles = frozenset(Role(row.role) for row in rows if row.role is not None)
    return User(rows[0].id, rows[0].name, roles, rows[0].superuser)


def _role(user_id: int, role: Role) -> tuple[ColumnElement[bool], ...]:
    return RoleRow.user_id == user_id, RoleRow.role == str(role)


def _hash(password: str) -> str:
    return _HASHER.hash(_bytes(password))


@cache
def _nobody() -> str:
    """What an unknown name is checked against, so that the time of the answer does not tell that it is unknown."""
    return _HASHER.hash(secrets.token_bytes(TOKEN_BYTES))


def _bytes(secret: str) -> bytes:
    return secret.encode(errors="surrogatepass")  # a digest exists of any string; nobody's is no error
