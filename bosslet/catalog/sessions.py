"""Sessions: what somebody gets who knows the password of an account, beside the account's one token.

A session's key works wherever a token does, until it expires, is ended, or the account gets another password; an
account may have any number. ``Users.user_of_token`` tells whose a key is.
"""

from __future__ import annotations

import secrets
import time

from sqlalchemy import delete, insert

from bosslet.catalog.database import Section
from bosslet.catalog.membership import find_user_id
from bosslet.catalog.schema import SessionRow
from bosslet.catalog.users import digest

LIFETIME_SECONDS = 12 * 60 * 60
"""A working day: there is no way to prolong a session but to log in again."""
KEY_BYTES = 32


class Sessions(Section):
    """What can be done to sessions; whether the password was right is asked of ``Users``."""

    def begin(self, user: str, lifetime_seconds: int = LIFETIME_SECONDS) -> str:
        """The key of a new session, shown this once; raises UserNotFound."""
        key, now = secrets.token_hex(KEY_BYTES), int(time.time())
        with self._database.write() as connection:
            connection.execute(delete(SessionRow).where(SessionRow.expires <= now))
            row = {"user_id": find_user_id(connection, user), "expires": now + lifetime_seconds}
            connection.execute(insert(SessionRow).values(digest=digest(key), **row))
        return key

    def end(self, key: str) -> None:
        """Make the key nobody's, which it may be already."""
        with self._database.write() as connection:
            connection.execute(delete(SessionRow).where(SessionRow.digest == digest(key)))
