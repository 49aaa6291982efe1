"""Collections: ``/collection/`` and ``/collection/<name>``."""

from __future__ import annotations

from flask import request

from bosslet import access
from bosslet.catalog.records import Collection, Permission, Role
from bosslet.datastore import Datastore
from bosslet.dialects.authentication import current_user
from bosslet.dialects.boss import fields, representations
from bosslet.dialects.boss.marks import refuse_marked
from bosslet.dialects.boss.negotiation import Json, JsonView, parsed_body


class CollectionList(JsonView):
    """The names of all collections that the caller may see."""

    def __init__(self, datastore: Datastore) -> None:
        self.resources = datastore.catalog.resources

    def get(self) -> Json:
        """``{"collections": […]}`` in order of creation."""
        return {"collections": self.resources.collection_names(current_user())}


class CollectionView(JsonView):
    """One collection."""

    def __init__(self, datastore: Datastore) -> None:
        self.datastore = datastore
        self.catalog = datastore.catalog
        self.resources = datastore.catalog.resources

    def get(self, collection: str) -> Json:
        """The collection, with the experiments that the caller may read."""
        record = self._permitted(collection, Permission.READ)
        refuse_marked(record)
        experiments = self.resources.readable_experiment_names(record, current_user())
        return representations.collection(record, experiments)

    def post(self, collection: str) -> Json:
        """Make a collection; the name in the URL counts, not one in the body."""
        user = current_user()
        access.require_role(user, Role.RESOURCE_MANAGER)
        body = fields.parse(fields.NewCollection, parsed_body(request))
        record = self.resources.create_collection(collection, user, description=body.description, public=body.public)
        return representations.collection(record, []), 201

    def put(self, collection: str) -> Json:
        """Change or rename a collection; one that is marked for deletion stays so."""
        record = self._permitted(collection, Permission.UPDATE)
        body = fields.parse(fields.CollectionChanges, parsed_body(request))
        changed = self.resources.update_collection(record.name, **fields.changes(body))
        self.datastore.describe(changed)
        return representations.collection(changed, self.resources.experiment_names(changed))

    def delete(self, collection: str) -> Json:
        """Mark a collection for deletion."""
        access.require_role(current_user(), Role.RESOURCE_MANAGER)
        record = self._permitted(collection, Permission.DELETE)
        self.resources.delete_collection(record.name)
        self.datastore.describe(record)
        return None, 204

    def _permitted(self, name: str, permission: Permission) -> Collection:
        record = self.resources.collection(name)
        access.require(self.catalog, current_user(), permission, record)
        return record
