"""Collections."""

from __future__ import annotations

from typing import Unpack

from sqlalchemy import or_

from bosslet.catalog.database import Section
from bosslet.catalog.fields import CollectionChanges
from bosslet.catalog.lookup import find_collection
from bosslet.catalog.permissions import readable
from bosslet.catalog.records import Collection, User
from bosslet.catalog.rows import change_resource, insert_resource, mark_resource, names_where, refuse_in_use
from bosslet.catalog.schema import CollectionRow, ExperimentRow


class Collections(Section):
    """The part of ``Resources`` about collections."""

    def create_collection(self, name: str, creator: User, *, description: str = "", public: bool = False) -> Collection:
        """Raises InvalidName, NameTaken."""
        with self._database.write() as connection:
            insert_resource(connection, CollectionRow, name, creator, {"description": description, "public": public})
            return find_collection(connection, name)

    def collection(self, name: str) -> Collection:
        """Raises NotFound."""
        with self._database.read() as connection:
            return find_collection(connection, name)

    def collection_names(self, reader: User) -> list[str]:
        """Those that are public or that the reader may read, not marked, in order of creation."""
        visible = or_(CollectionRow.public.is_(True), readable(CollectionRow.id, reader))
        with self._database.read() as connection:
            return names_where(connection, CollectionRow, visible)

    def update_collection(self, name: str, /, **changes: Unpack[CollectionChanges]) -> Collection:
        """Rename it (``name``) or change what is said of it; raises NotFound, InvalidName, NameTaken."""
        with self._database.write() as connection:
            change_resource(connection, CollectionRow, find_collection(connection, name).id, changes)
            return find_collection(connection, changes.get("name", name))

    def delete_collection(self, name: str) -> None:
        """Mark it; raises NotFound, and InUse while it has experiments."""
        with self._database.write() as connection:
            collection = find_collection(connection, name)
            inside = ExperimentRow.collection_id == collection.id
            refuse_in_use(connection, f"collection {name}", ExperimentRow, inside)
            mark_resource(connection, CollectionRow, collection.id)
