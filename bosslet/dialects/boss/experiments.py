"""Experiments: ``/collection/<c>/experiment/`` and ``/collection/<c>/experiment/<name>``."""

from __future__ import annotations

from flask import request

from bosslet import access
from bosslet.catalog.records import Experiment, Permission, Role
from bosslet.datastore import Datastore
from bosslet.dialects.authentication import current_user
from bosslet.dialects.boss import fields, representations
from bosslet.dialects.boss.marks import refuse_marked
from bosslet.dialects.boss.negotiation import Json, JsonView, parsed_body
from bosslet.errors import InvalidField


class ExperimentList(JsonView):
    """The names of the experiments of a collection."""

    def __init__(self, datastore: Datastore) -> None:
        self.resources = datastore.catalog.resources

    def get(self, collection: str) -> Json:
        """``{"experiments": […]}``: those that are public or that the caller may read."""
        record = self.resources.collection(collection)
        return {"experiments": self.resources.visible_experiment_names(record, current_user())}


class ExperimentView(JsonView):
    """One experiment."""

    def __init__(self, datastore: Datastore) -> None:
        self.datastore = datastore
        self.catalog = datastore.catalog
        self.resources = datastore.catalog.resources

    def get(self, collection: str, experiment: str) -> Json:
        """The experiment, with the channels that the caller may read."""
        record = self._permitted(collection, experiment, Permission.READ)
        refuse_marked(record)
        return representations.experiment(record, self.resources.readable_channel_names(record, current_user()))

    def post(self, collection: str, experiment: str) -> Json:
        """Make an experiment. The order of the checks is bossDB's: role, collection, permission, frame, fields."""
        user = current_user()
        access.require_role(user, Role.RESOURCE_MANAGER)
        parent = self.resources.collection(collection)
        access.require(self.catalog, user, Permission.ADD, parent)
        content = parsed_body(request)
        if not isinstance(content.get("coord_frame"), str):
            raise InvalidField("coord_frame: the name of a coordinate frame is required")
        frame = self.resources.frame(content["coord_frame"])
        body = fields.parse(fields.NewExperiment, content)
        record = self.resources.create_experiment(parent, experiment, user, frame=frame, **body.model_dump())
        return representations.experiment(record, []), 201

    def put(self, collection: str, experiment: str) -> Json:
        """Change or rename an experiment."""
        record = self._permitted(collection, experiment, Permission.UPDATE)
        body = fields.parse(fields.ExperimentChanges, parsed_body(request))
        changed = self.resources.update_experiment(record, **fields.changes(body))
        self.datastore.describe(changed)
        return representations.experiment(changed, self.resources.channel_names(changed))

    def delete(self, collection: str, experiment: str) -> Json:
        """Mark an experiment for deletion."""
        access.require_role(current_user(), Role.RESOURCE_MANAGER)
        record = self._permitted(collection, experiment, Permission.DELETE)
        self.resources.delete_experiment(record)
        self.datastore.describe(record)
        return None, 204

    def _permitted(self, collection: str, name: str, permission: Permission) -> Experiment:
        record = self.resources.experiment(collection, name)
        access.require(self.catalog, current_user(), permission, record)
        return record
