"""Coordinate frames: shared by everybody, read by everybody."""

from __future__ import annotations

from typing import Unpack

from bosslet.catalog.database import Section
from bosslet.catalog.fields import FrameChanges
from bosslet.catalog.lookup import find_frame
from bosslet.catalog.records import Frame, User
from bosslet.catalog.rows import change_resource, insert_resource, mark_resource, names_where, refuse_in_use
from bosslet.catalog.schema import ExperimentRow, FrameRow
from bosslet.geometry import Point


class Frames(Section):
    """The part of ``Resources`` about coordinate frames."""

    def create_frame(
        self,
        name: str,
        creator: User,
        *,
        start: Point,
        stop: Point,
        voxel_size: tuple[float, float, float],
        voxel_unit: str,
        description: str = "",
    ) -> Frame:
        """Raises InvalidName, NameTaken, and InvalidField for a number that no column holds."""
        values = {
            **dict(zip(("z_start", "y_start", "x_start"), start, strict=True)),
            **dict(zip(("z_stop", "y_stop", "x_stop"), stop, strict=True)),
            **dict(zip(("z_voxel_size", "y_voxel_size", "x_voxel_size"), voxel_size, strict=True)),
            "voxel_unit": voxel_unit,
            "description": description,
        }
        with self._database.write() as connection:
            insert_resource(connection, FrameRow, name, creator, values)
            return find_frame(connection, name)

    def frame(self, name: str) -> Frame:
        """Raises NotFound."""
        with self._database.read() as connection:
            return find_frame(connection, name)

    def frame_names(self, owner: User | None = None) -> list[str]:
        """All that are not marked, or those of one creator, in order of creation."""
        mine = () if owner is None else (FrameRow.creator == owner.name,)
        with self._database.read() as connection:
            return names_where(connection, FrameRow, *mine)

    def update_frame(self, name: str, /, **changes: Unpack[FrameChanges]) -> Frame:
        """Rename it (``name``) or describe it anew; raises NotFound, InvalidName, NameTaken."""
        with self._database.write() as connection:
            change_resource(connection, FrameRow, find_frame(connection, name).id, changes)
            return find_frame(connection, changes.get("name", name))

    def delete_frame(self, name: str) -> None:
        """Mark it; raises NotFound, and InUse while experiments live in it."""
        with self._database.write() as connection:
            frame = find_frame(connection, name)
            refuse_in_use(connection, f"coordinate frame {name}", ExperimentRow, ExperimentRow.frame_id == frame.id)
            mark_resource(connection, FrameRow, frame.id)
