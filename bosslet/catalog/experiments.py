"""Experiments.

bossDB lists the children of a resource in three ways, and so does this: all of them; those that somebody *sees*, which
are public or may be read; and those that the resource itself names to somebody who *reads* it, which are all if the
resource is public, and else those that may be read, public or not.
"""

from __future__ import annotations

from typing import Unpack

from sqlalchemy import or_

from bosslet.catalog.database import Section
from bosslet.catalog.fields import ExperimentChanges, ExperimentFields
from bosslet.catalog.lookup import experiment_of, find_experiment
from bosslet.catalog.permissions import readable
from bosslet.catalog.records import Collection, Experiment, Frame, User
from bosslet.catalog.rows import change_resource, insert_resource, mark_resource, names_where, refuse_in_use
from bosslet.catalog.schema import ChannelRow, ExperimentRow


class Experiments(Section):
    """The part of ``Resources`` about experiments."""

    def create_experiment(
        self, collection: Collection, name: str, creator: User, *, frame: Frame, **fields: Unpack[ExperimentFields]
    ) -> Experiment:
        """Raises InvalidName, NameTaken, and InvalidField for a number that no column holds."""
        values = {"collection_id": collection.id, "frame_id": frame.id, **fields}
        with self._database.write() as connection:
            return experiment_of(connection, insert_resource(connection, ExperimentRow, name, creator, values))

    def experiment(self, collection: str, name: str) -> Experiment:
        """Raises NotFound, naming the level."""
        with self._database.read() as connection:
            return find_experiment(connection, collection, name)

    def experiment_names(self, collection: Collection) -> list[str]:
        """All that are not marked, in order of creation."""
        with self._database.read() as connection:
            return names_where(connection, ExperimentRow, ExperimentRow.collection_id == collection.id)

    def visible_experiment_names(self, collection: Collection, reader: User) -> list[str]:
        """Those of them that are public or that the reader may read."""
        inside = ExperimentRow.collection_id == collection.id
        visible = or_(ExperimentRow.public.is_(True), readable(ExperimentRow.id, reader))
        with self._database.read() as connection:
            return names_where(connection, ExperimentRow, inside, visible)

    def readable_experiment_names(self, collection: Collection, reader: User) -> list[str]:
        """Those of them that the collection names to the reader: all if it is public, else what the reader may read."""
        if collection.public:
            return self.experiment_names(collection)
        inside = ExperimentRow.collection_id == collection.id
        with self._database.read() as connection:
            return names_where(connection, ExperimentRow, inside, readable(ExperimentRow.id, reader))

    def update_experiment(self, experiment: Experiment, /, **changes: Unpack[ExperimentChanges]) -> Experiment:
        """Rename it (``name``) or change what is said of it; raises NotFound, InvalidName, NameTaken, InvalidField."""
        with self._database.write() as connection:
            change_resource(connection, ExperimentRow, experiment.id, changes)
            return experiment_of(connection, experiment.id)

    def delete_experiment(self, experiment: Experiment) -> None:
        """Mark it; raises InUse while it has channels."""
        what = f"experiment {experiment.collection.name}/{experiment.name}"
        with self._database.write() as connection:
            refuse_in_use(connection, what, ChannelRow, ChannelRow.experiment_id == experiment.id)
            mark_resource(connection, ExperimentRow, experiment.id)
