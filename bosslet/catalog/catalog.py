"""The door to the catalog: ``Catalog.open(url)``, then ask one of its sections.

Opening connects to nothing, so it may happen before a fork; the first question may not, since connections must not be
shared between processes. ``prepare`` is for whoever starts the server, once, and does no harm when done again.
"""

from __future__ import annotations

from pathlib import Path

from bosslet.catalog.bootstrap import bootstrap
from bosslet.catalog.database import Database
from bosslet.catalog.downsampling import Downsampling
from bosslet.catalog.groups import Groups
from bosslet.catalog.metadata import Metadata
from bosslet.catalog.permissions import Permissions
from bosslet.catalog.records import Permission, Resource, User
from bosslet.catalog.resources import Resources
from bosslet.catalog.sessions import Sessions
from bosslet.catalog.usage import Usages
from bosslet.catalog.users import Users
from bosslet.catalog.viewer_states import ViewerStates


class Catalog:
    """What exists, who is who, and who may do what, in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.resources = Resources(database)
        self.users = Users(database)
        self.sessions = Sessions(database)
        self.groups = Groups(database)
        self.permissions = Permissions(database)
        self.metadata = Metadata(database)
        self.downsampling = Downsampling(database)
        self.usage = Usages(database)
        self.viewer_states = ViewerStates(database)

    @classmethod
    def open(cls, url: str) -> Catalog:
        """The catalog behind an SQLAlchemy URL; raises ConfigurationError for one that means nothing."""
        return cls(Database(url))

    @property
    def url(self) -> str:
        """Where it is, for another process to open; with the password, if there is one."""
        return self._database.url

    def prepare(self) -> None:
        """Make or upgrade the tables, and see that the accounts and groups exist without which nothing works.

        Processes that start together take turns.

        Raises:
            ConfigurationError: no database, one that cannot be opened, or one of a newer bosslet.
        """
        self._database.migrate()
        with self._database.write() as connection:
            bootstrap(connection)

    def permissions_of(self, user: User, resource: Resource) -> frozenset[Permission]:
        """What the user's groups hold on the resource together; nothing for the anonymous."""
        return self.permissions.of(user, resource)

    def copy_to(self, file: Path) -> None:
        """A copy as of this moment in a new file, whole and on the disk when this returns; nobody waits for it.

        Raises:
            ConfigurationError: this catalog is not SQLite, and has tools of its own for that.
            StorageError: the copy cannot be written, or is not whole.
        """
        self._database.copy_to(file)

    def close(self) -> None:
        """Give back the connections; the catalog may be used again all the same."""
        self._database.close()
