"""The tables.

Every collection, experiment, channel and coordinate frame takes its id from ``resources``: one number is enough to
hold a permission or a metadata key on any of them, and the database itself drops both with the resource. An id is
never used twice (AUTOINCREMENT), or a new resource could inherit what was granted on an old one; so the order of ids
is also the order of creation, and no table needs a clock for that.

A change here needs a migration in migrations/versions; a test compares the two.
"""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Double, ForeignKey, Index, Integer, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bosslet.catalog.records import DownsampleStatus

NAME = String(255)
_AUTOINCREMENT = {"sqlite_autoincrement": True}


class Base(DeclarativeBase):
    """The declarative base; its naming convention lets a migration address every constraint on every database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {int: Integer, float: Double, str: Text}


class ResourceRow(Base):
    """The id of a resource, of whatever kind."""

    __tablename__ = "resources"
    __table_args__ = _AUTOINCREMENT

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))


class Described:
    """The columns that all four kinds have."""

    id: Mapped[int] = mapped_column(ForeignKey(ResourceRow.id, ondelete="CASCADE"), primary_key=True, sort_order=-5)
    name: Mapped[str] = mapped_column(NAME, sort_order=-4)
    description: Mapped[str] = mapped_column(default="", sort_order=-3)
    # The name and not the account: data outlives the people who made it.
    creator: Mapped[str] = mapped_column(NAME, sort_order=-2)
    marked: Mapped[bool] = mapped_column(default=False, sort_order=-1)


class FrameRow(Described, Base):
    """A coordinate frame."""

    __tablename__ = "coordinate_frames"
    __table_args__ = (UniqueConstraint("name"),)

    x_start: Mapped[int]
    x_stop: Mapped[int]
    y_start: Mapped[int]
    y_stop: Mapped[int]
    z_start: Mapped[int]
    z_stop: Mapped[int]
    x_voxel_size: Mapped[float]
    y_voxel_size: Mapped[float]
    z_voxel_size: Mapped[float]
    voxel_unit: Mapped[str] = mapped_column(String(32))


class CollectionRow(Described, Base):
    """A collection."""

    __tablename__ = "collections"
    __table_args__ = (UniqueConstraint("name"),)

    public: Mapped[bool] = mapped_column(default=False)


class ExperimentRow(Described, Base):
    """An experiment."""

    __tablename__ = "experiments"
    __table_args__ = (UniqueConstraint("collection_id", "name"),)

    collection_id: Mapped[int] = mapped_column(ForeignKey(CollectionRow.id))
    frame_id: Mapped[int] = mapped_column(ForeignKey(FrameRow.id), index=True)
    public: Mapped[bool] = mapped_column(default=False)
    num_hierarchy_levels: Mapped[int] = mapped_column(default=1)
    hierarchy_method: Mapped[str] = mapped_column(String(32), default="anisotropic")
    num_time_samples: Mapped[int] = mapped_column(default=1)
    time_step: Mapped[int | None]
    time_step_unit: Mapped[str | None] = mapped_column(String(32))


class ChannelRow(Described, Base):
    """A channel."""

    __tablename__ = "channels"
    __table_args__ = (UniqueConstraint("experiment_id", "name"), UniqueConstraint("path"))

    experiment_id: Mapped[int] = mapped_column(ForeignKey(ExperimentRow.id))
    public: Mapped[bool] = mapped_column(default=False)
    type: Mapped[str] = mapped_column(String(32))
    datatype: Mapped[str] = mapped_column(String(32))
    default_time_sample: Mapped[int] = mapped_column(default=0)
    base_resolution: Mapped[int] = mapped_column(default=0)
    downsample_status: Mapped[str] = mapped_column(String(32), default=str(DownsampleStatus.NOT_DOWNSAMPLED))
    storage_type: Mapped[str] = mapped_column(String(32), default="spdb")
    bucket: Mapped[str | None]
    cv_path: Mapped[str | None]
    path: Mapped[str] = mapped_column(String(767))  # three pieces of at most 255 bytes
    block_z: Mapped[int]
    block_y: Mapped[int]
    block_x: Mapped[int]
    chunk_z: Mapped[int]
    chunk_y: Mapped[int]
    chunk_x: Mapped[int]
    next_id: Mapped[int] = mapped_column(BigInteger, default=1)


class LinkRow(Base):
    """That a channel names another as its source, or as related; the latter always in both directions."""

    __tablename__ = "channel_links"

    channel_id: Mapped[int] = mapped_column(ForeignKey(ChannelRow.id, ondelete="CASCADE"), primary_key=True)
    other_id: Mapped[int] = mapped_column(ForeignKey(ChannelRow.id, ondelete="CASCADE"), primary_key=True, index=True)
    related: Mapped[bool] = mapped_column(primary_key=True)


class MetadataRow(Base):
    """One key and its value."""

    __tablename__ = "metadata"

    resource_id: Mapped[int] = mapped_column(ForeignKey(ResourceRow.id, ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(1024), primary_key=True)
    value: Mapped[str]


class UserRow(Base):
    """An account; secrets are kept as digests only."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("name"), UniqueConstraint("token_digest"), _AUTOINCREMENT)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(NAME)
    superuser: Mapped[bool] = mapped_column(default=False)
    enabled: Mapped[bool] = mapped_column(default=True)
    first_name: Mapped[str] = mapped_column(default="")
    last_name: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    password_hash: Mapped[str | None]
    token_digest: Mapped[str | None] = mapped_column(String(64))


class RoleRow(Base):
    """That a user has a role."""

    __tablename__ = "user_roles"

    user_id: Mapped[int] = mapped_column(ForeignKey(UserRow.id, ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(32), primary_key=True)


class SessionRow(Base):
    """That somebody who knew the password of an account may act as it for a while."""

    __tablename__ = "sessions"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(UserRow.id, ondelete="CASCADE"), index=True)
    # Seconds since 1970. When the clock goes wrong, somebody has to log in again, or need not.
    expires: Mapped[int] = mapped_column(BigInteger)


class GroupRow(Base):
    """A group."""

    __tablename__ = "groups"
    __table_args__ = (UniqueConstraint("name"), _AUTOINCREMENT)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(NAME)
    creator: Mapped[str | None] = mapped_column(NAME)


class MemberRow(Base):
    """That a user is in a group."""

    __tablename__ = "group_members"

    group_id: Mapped[int] = mapped_column(ForeignKey(GroupRow.id, ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(UserRow.id, ondelete="CASCADE"), primary_key=True, index=True)


class MaintainerRow(Base):
    """That the members of a group (for one person: of the primary group) maintain another."""

    __tablename__ = "group_maintainers"

    group_id: Mapped[int] = mapped_column(ForeignKey(GroupRow.id, ondelete="CASCADE"), primary_key=True)
    maintainer_id: Mapped[int] = mapped_column(ForeignKey(GroupRow.id, ondelete="CASCADE"), primary_key=True)


class GrantRow(Base):
    """That a group holds a permission on a resource."""

    __tablename__ = "permissions"
    __table_args__ = (Index(None, "resource_id", "permission"),)

    group_id: Mapped[int] = mapped_column(ForeignKey(GroupRow.id, ondelete="CASCADE"), primary_key=True)
    resource_id: Mapped[int] = mapped_column(ForeignKey(ResourceRow.id, ondelete="CASCADE"), primary_key=True)
    permission: Mapped[str] = mapped_column(String(32), primary_key=True)


class UsageRow(Base):
    """The bytes that a counter has seen since the first day of a month."""

    __tablename__ = "usage"

    counter: Mapped[str] = mapped_column(String(300), primary_key=True)
    direction: Mapped[str] = mapped_column(String(32), primary_key=True)
    since: Mapped[date]
    nbytes: Mapped[int] = mapped_column(BigInteger)


class DownsampleJobRow(Base):
    """That a channel is to be downsampled, and how far that is."""

    __tablename__ = "downsample_jobs"
    __table_args__ = (UniqueConstraint("channel_id"), _AUTOINCREMENT)

    id: Mapped[int] = mapped_column(primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey(ChannelRow.id, ondelete="CASCADE"))
    region: Mapped[str | None]  # JSON: z, y, x of its start, then of its stop
    place: Mapped[str | None]  # JSON: step, time sample, z, y, x of a block
    done: Mapped[int] = mapped_column(BigInteger, default=0)
    total: Mapped[int] = mapped_column(BigInteger, default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    stale: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(default="")


class ViewerStateRow(Base):
    """What a viewer showed, as JSON."""

    __tablename__ = "viewer_states"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    content: Mapped[str]
    nbytes: Mapped[int]
    creator: Mapped[str] = mapped_column(NAME)
