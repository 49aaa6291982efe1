"""Metadata: ``/meta/<c>``, ``/meta/<c>/<e>`` and ``/meta/<c>/<e>/<ch>``.

Keys and values travel in the query, never in a body. That a resource is public does not open its metadata.
"""

from __future__ import annotations

from flask import request

from bosslet import access
from bosslet.catalog.records import Permission
from bosslet.datastore import Datastore
from bosslet.dialects.authentication import current_user
from bosslet.dialects.boss import addressed
from bosslet.dialects.boss.addressed import Addressed
from bosslet.dialects.boss.negotiation import Json, JsonView
from bosslet.errors import MissingMetadata


class MetadataView(JsonView):
    """What hangs on one collection, experiment or channel."""

    def __init__(self, datastore: Datastore) -> None:
        self.catalog = datastore.catalog
        self.metadata = datastore.catalog.metadata

    def get(self, **names: str) -> Json:
        """``{"keys": […]}``, or the value of the key that is asked for."""
        record = self._permitted(names, Permission.READ)
        key = request.args.get("key")
        if key is None:
            return {"keys": self.metadata.keys(record)}
        return {"key": key, "value": self.metadata.get(record, key)}

    def post(self, **names: str) -> Json:
        """A new key; one that is empty counts as missing, a value may be empty."""
        key, value = _argument("key"), _argument("value")
        if not key:
            raise MissingMetadata("key: may not be empty")
        self.metadata.create(self._permitted(names, Permission.ADD), key, value)
        return None, 201

    def put(self, **names: str) -> Json:
        """Another value for a key that exists."""
        key, value = _argument("key"), _argument("value")
        self.metadata.update(self._permitted(names, Permission.UPDATE), key, value)

    def delete(self, **names: str) -> Json:
        """Remove a key."""
        key = _argument("key")
        self.metadata.delete(self._permitted(names, Permission.DELETE), key)
        return None, 204

    def _permitted(self, names: dict[str, str], permission: Permission) -> Addressed:
        record = addressed.find(
            self.catalog.resources, names["collection"], names.get("experiment"), names.get("channel")
        )
        addressed.refuse_marked_anywhere(record)
        access.require(self.catalog, current_user(), permission, record, public_helps=False)
        return record


def _argument(name: str) -> str:
    value = request.args.get(name)
    if value is None:
        raise MissingMetadata(f"{name}: missing in the query")
    return value
