"""Who asks: ``Authorization: Token <key>`` as bossDB has it, or ``Bearer <key>`` as Neuroglancer sends it.

No header, or a scheme that is not known, is a browser that is logged in (``sessions``), or somebody anonymous, who may
read what is public. A key that nobody holds is refused whatever is asked.
"""

from __future__ import annotations

from flask import g, request

from bosslet.catalog.catalog import Catalog
from bosslet.catalog.records import ADMINISTRATOR, User
from bosslet.dialects.http import Limits, user_of
from bosslet.dialects.sessions import user_of_session
from bosslet.errors import NotAuthenticated

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def current_user() -> User:
    """Who sent the request that is being answered."""
    user: User = g.user
    return user


class Authentication:
    """Finds out who asks, before any view runs."""

    def __init__(self, catalog: Catalog, limits: Limits) -> None:
        self.catalog = catalog
        self.open = limits.authentication == "open"
        self.attempts = limits.attempts

    def __call__(self) -> None:
        """Remember the user of the request.

        Raises:
            NotAuthenticated: malformed key, or an anonymous request that would change something.
            NotAuthenticated, TooManyAttempts: a key that nobody holds.
        """
        if request.method == "OPTIONS":
            return
        self.find()
        if g.user.anonymous and request.method not in SAFE_METHODS:
            raise NotAuthenticated("Authentication credentials were not provided.")

    def find(self) -> None:
        """Remember the user of the request, who may be anonymous whatever is asked.

        Raises:
            NotAuthenticated, TooManyAttempts: a key that nobody holds.
        """
        if self.open:
            g.user = self.catalog.users.get(ADMINISTRATOR)
            return
        g.user = user_of(request, self.catalog, self.attempts)
        if g.user.anonymous:
            g.user = user_of_session(request, self.catalog)
