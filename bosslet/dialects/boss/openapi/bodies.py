"""What bodies look like where a view does not read them through one model of ``fields``."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, RootModel

from bosslet.catalog.records import Permission
from bosslet.dialects.boss import fields
from bosslet.dialects.boss.permissions import GroupOnResource


class NewExperiment(fields.NewExperiment):
    """POST of an experiment."""

    coord_frame: str


class Grant(GroupOnResource):
    """What a group is to hold on a resource."""

    permissions: list[Permission]


class Login(BaseModel):
    """The password grant of OAuth 2.0: RFC 6749 section 4.3.2."""

    username: str
    password: str
    grant_type: Literal["password"] = "password"


class Revocation(BaseModel):
    """RFC 7009 section 2.1."""

    token: str


class IngestConfiguration(RootModel[dict[str, object]]):
    """The configuration of a job, as ingest-client writes it."""
