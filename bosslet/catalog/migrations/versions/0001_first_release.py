"""Make the tables of the first release."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of the first release."""
    op.create_table(
        "groups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("creator", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_groups")),
        sa.UniqueConstraint("name", name=op.f("uq_groups_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "resources",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resources")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("superuser", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("token_digest", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_users_token_digest")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "collections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("creator", sa.String(length=255), nullable=False),
        sa.Column("marked", sa.Boolean(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["resources.id"], name=op.f("fk_collections_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collections")),
        sa.UniqueConstraint("name", name=op.f("uq_collections_name")),
    )
    op.create_table(
        "coordinate_frames",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("creator", sa.String(length=255), nullable=False),
        sa.Column("marked", sa.Boolean(), nullable=False),
        sa.Column("x_start", sa.Integer(), nullable=False),
        sa.Column("x_stop", sa.Integer(), nullable=False),
        sa.Column("y_start", sa.Integer(), nullable=False),
        sa.Column("y_stop", sa.Integer(), nullable=False),
        sa.Column("z_start", sa.Integer(), nullable=False),
        sa.Column("z_stop", sa.Integer(), nullable=False),
        sa.Column("x_voxel_size", sa.Double(), nullable=False),
        sa.Column("y_voxel_size", sa.Double(), nullable=False),
        sa.Column("z_voxel_size", sa.Double(), nullable=False),
        sa.Column("voxel_unit", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["resources.id"], name=op.f("fk_coordinate_frames_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coordinate_frames")),
        sa.UniqueConstraint("name", name=op.f("uq_coordinate_frames_name")),
    )
    op.create_table(
        "group_maintainers",
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("maintainer_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name=op.f("fk_group_maintainers_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["maintainer_id"], ["groups.id"], name=op.f("fk_group_maintainers_maintainer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "maintainer_id", name=op.f("pk_group_maintainers")),
    )
    op.create_table(
        "group_members",
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name=op.f("fk_group_members_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_group_members_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("group_id", "user_id", name=op.f("pk_group_members")),
    )
    op.create_index(op.f("ix_group_members_user_id"), "group_members", ["user_id"])
    op.create_table(
        "metadata",
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=1024), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["resources.id"], name=op.f("fk_metadata_resource_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("resource_id", "key", name=op.f("pk_metadata")),
    )
    op.create_table(
        "permissions",
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("permission", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_permissions_group_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["resources.id"], name=op.f("fk_permissions_resource_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "resource_id", "permission", name=op.f("pk_permissions")),
    )
    op.create_index(op.f("ix_permissions_resource_id_permission"), "permissions", ["resource_id", "permission"])
    op.create_table(
        "user_roles",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_roles_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "role", name=op.f("pk_user_roles")),
    )
    op.create_table(
        "experiments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("creator", sa.String(length=255), nullable=False),
        sa.Column("marked", sa.Boolean(), nullable=False),
        sa.Column("collection_id", sa.Integer(), nullable=False),
        sa.Column("frame_id", sa.Integer(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("num_hierarchy_levels", sa.Integer(), nullable=False),
        sa.Column("hierarchy_method", sa.String(length=32), nullable=False),
        sa.Column("num_time_samples", sa.Integer(), nullable=False),
        sa.Column("time_step", sa.Integer(), nullable=True),
        sa.Column("time_step_unit", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["collection_id"], ["collections.id"], name=op.f("fk_experiments_collection_id")),
        sa.ForeignKeyConstraint(["frame_id"], ["coordinate_frames.id"], name=op.f("fk_experiments_frame_id")),
        sa.ForeignKeyConstraint(["id"], ["resources.id"], name=op.f("fk_experiments_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experiments")),
        sa.UniqueConstraint("collection_id", "name", name=op.f("uq_experiments_collection_id_name")),
    )
    op.create_index(op.f("ix_experiments_frame_id"), "experiments", ["frame_id"])
    op.create_table(
        "channels",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("creator", sa.String(length=255), nullable=False),
        sa.Column("marked", sa.Boolean(), nullable=False),
        sa.Column("experiment_id", sa.Integer(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("datatype", sa.String(length=32), nullable=False),
        sa.Column("default_time_sample", sa.Integer(), nullable=False),
        sa.Column("base_resolution", sa.Integer(), nullable=False),
        sa.Column("downsample_status", sa.String(length=32), nullable=False),
        sa.Column("storage_type", sa.String(length=32), nullable=False),
        sa.Column("bucket", sa.Text(), nullable=True),
        sa.Column("cv_path", sa.Text(), nullable=True),
        sa.Column("path", sa.String(length=767), nullable=False),
        sa.Column("block_z", sa.Integer(), nullable=False),
        sa.Column("block_y", sa.Integer(), nullable=False),
        sa.Column("block_x", sa.Integer(), nullable=False),
        sa.Column("chunk_z", sa.Integer(), nullable=False),
        sa.Column("chunk_y", sa.Integer(), nullable=False),
        sa.Column("chunk_x", sa.Integer(), nullable=False),
        sa.Column("next_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiments.id"], name=op.f("fk_channels_experiment_id")),
        sa.ForeignKeyConstraint(["id"], ["resources.id"], name=op.f("fk_channels_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
        sa.UniqueConstraint("experiment_id", "name", name=op.f("uq_channels_experiment_id_name")),
        sa.UniqueConstraint("path", name=op.f("uq_channels_path")),
    )
    op.create_table(
        "channel_links",
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("related", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_channel_links_channel_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["channels.id"], name=op.f("fk_channel_links_other_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("channel_id", "other_id", "related", name=op.f("pk_channel_links")),
    )
    op.create_index(op.f("ix_channel_links_other_id"), "channel_links", ["other_id"])
