"""What viewers showed, kept under short names that nobody guesses: who was given the name, has the state.

A state names channels, which its creator gives away together with the name; their voxels stay as they are. There is
room for so many bytes in all, and what is kept is never dropped for what is new: a link in a paper has to hold.
"""

from __future__ import annotations

import secrets

from sqlalchemy import delete, func, insert, select

from bosslet.catalog.database import Section
from bosslet.catalog.records import User
from bosslet.catalog.schema import ViewerStateRow
from bosslet.errors import MissingPermission, NotFound, StorageFull

NAME_BYTES = 9
"""72 random bits, in twelve letters."""
MAX_BYTES = 2**26
"""Of all states; one takes some two thousand."""


class ViewerStates(Section):
    """What can be done to states."""

    def keep(self, content: str, creator: User, max_bytes: int = MAX_BYTES) -> str:
        """The name of a new state; raises StorageFull when there is no room for it."""
        name, nbytes = secrets.token_urlsafe(NAME_BYTES), len(content.encode())
        with self._database.write() as connection:
            used = connection.scalar(select(func.sum(ViewerStateRow.nbytes))) or 0
            if used + nbytes > max_bytes:
                raise StorageFull(f"no room for a state of {nbytes} bytes: all together may take {max_bytes}")
            row = {"name": name, "content": content, "nbytes": nbytes, "creator": creator.name}
            connection.execute(insert(ViewerStateRow).values(row))
        return name

    def get(self, name: str) -> str:
        """Raises NotFound."""
        with self._database.read() as connection:
            content = connection.scalar(select(ViewerStateRow.content).where(ViewerStateRow.name == name))
        if content is None:
            raise NotFound("no state of this name is kept")
        return content

    def delete(self, name: str, user: User) -> None:
        """Forget a state; raises NotFound, and MissingPermission where it is another's."""
        with self._database.write() as connection:
            creator = connection.scalar(select(ViewerStateRow.creator).where(ViewerStateRow.name == name))
            if creator is None:
                raise NotFound("no state of this name is kept")
            if creator != user.name and not user.superuser:
                raise MissingPermission("only who made a state, or an administrator, may remove it")
            connection.execute(delete(ViewerStateRow).where(ViewerStateRow.name == name))
