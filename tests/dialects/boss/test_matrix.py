"""Who may do what: every caller, every route and method, on private and on public resources.

The table is bossDB's rules written down by hand and not asked of the code: one letter a caller, in the
order of ``CALLERS``. A new route takes a new row, which ``test_every_route_has_a_row`` sees to.

    +   done
    a   401, who are you
    r   403 and 3000, a role is missing
    p   403 and 3001, a permission is missing
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import blosc
import numpy as np
import pytest
from flask import Flask

from bosslet import config
from bosslet.app import create_app
from bosslet.catalog.records import ADMINISTRATOR, PERMISSIONS, Permission, Resource, Role
from bosslet.datastore import CATALOG_FILE, Datastore
from tests.dialects.boss.client import FRAME, Boss, assert_error

CALLERS = (
    "anonymous",  # no header
    "public",  # the token that everybody has
    "plain",  # an account without roles, in no group of the owner's
    "manager",  # role resource-manager, but the resources are somebody else's
    "reader",  # in group readers, which holds read on everything
    "editor",  # in group editors, which holds everything on everything; no role
    "maintainer",  # role resource-manager; maintains both groups and is in neither
    "keeper",  # role user-manager
    "owner",  # role resource-manager; made the resources and the groups
    "admin",  # bossadmin
)
ROLES = {
    "manager": Role.RESOURCE_MANAGER,
    "maintainer": Role.RESOURCE_MANAGER,
    "owner": Role.RESOURCE_MANAGER,
    "keeper": Role.USER_MANAGER,
}
COLLECTION, EXPERIMENT, CHANNEL = "collection/col", "collection/col/experiment/exp", "col/exp/em"
ON_CHANNEL = f"{EXPERIMENT}/channel/em"
BOX = f"{CHANNEL}/0/0:7/0:6/0:5/"
VOXELS = {
    "data": blosc.compress(np.ones((5, 6, 7), np.uint64).tobytes(), typesize=64),
    "content_type": "application/blosc",
}
GRANT = {"group": "readers", "collection": "col", "experiment": "exp", "channel": "em", "permissions": ["add"]}
REVOKE = "permissions?group=readers&collection=col&experiment=exp&channel=em"


@dataclass(frozen=True)
class Row:
    """One method of one route; ``public`` where it matters that collection, experiment and channel are so."""

    method: str
    path: str
    private: str
    public: str = ""
    status: int = 200
    send: dict[str, Any] = field(default_factory=dict)

    def expected(self, visibility: str) -> dict[str, str]:
        """A letter for each caller."""
        letters = self.public if visibility == "public" and self.public else self.private
        return dict(zip(CALLERS, letters, strict=True))


ALL = "++++++++++"
TABLE = [
    Row("GET", "collection/", ALL),
    Row("GET", COLLECTION, "pppp++pp++", ALL),
    Row("POST", "collection/new", "arr+rr+r++", status=201),
    Row("PUT", COLLECTION, "apppp+pp++", send={"json": {"description": "d"}}),
    Row("DELETE", "collection/spare", "arrprrpr++", status=204),
    Row("GET", "collection/col/experiment/", ALL),
    Row("GET", EXPERIMENT, "pppp++pp++", ALL),
    Row("POST", "collection/col/experiment/new", "arrprrpr++", status=201, send={"json": {"coord_frame": "cf"}}),
    Row("PUT", EXPERIMENT, "apppp+pp++", send={"json": {"description": "d"}}),
    Row("DELETE", "collection/col/experiment/spare", "arrprrpr++", status=204),
    Row("GET", f"{EXPERIMENT}/channel/", ALL),
    Row("GET", ON_CHANNEL, "pppp++pp++", ALL),
    Row(
        "POST",
        f"{EXPERIMENT}/channel/new",
        "arrprrpr++",
        status=201,
        send={"json": {"type": "image", "datatype": "uint8"}},
    ),
    Row("PUT", ON_CHANNEL, "apppp+pp++", send={"json": {"description": "d"}}),
    Row("DELETE", ON_CHANNEL, "arrprrpr++", status=204),
    Row("GET", "coord/", ALL),
    Row("POST", "coord/", "a+++++++++", status=400),
    Row("GET", "coord/cf", ALL),
    Row("POST", "coord/new", "arr+rr+r++", status=201, send={"json": FRAME}),
    Row("PUT", "coord/cf", "apppp+pp++", send={"json": {"description": "d"}}),
    Row("DELETE", "coord/spare", "arrprrpr++", status=204),
    *(
        row
        for place in ("col", "col/exp", CHANNEL)
        for row in (
            Row("GET", f"meta/{place}", "pppp++pp++"),
            Row("GET", f"meta/{place}?key=k", "pppp++pp++"),
            Row("POST", f"meta/{place}?key=new&value=v", "apppp+pp++", status=201),
            Row("PUT", f"meta/{place}?key=k&value=v", "apppp+pp++"),
            Row("DELETE", f"meta/{place}?key=k", "apppp+pp++", status=204),
        )
    ),
    Row("GET", f"cutout/{BOX}", "ppppp+pp++", ALL),
    Row("POST", f"cutout/{BOX}", "apppp+pp++", status=201, send=VOXELS),
    Row("PUT", f"cutout/to_black/{CHANNEL}/0/7:9/6:8/5:7/", "apppp+pp++"),
    Row("GET", f"image/{CHANNEL}/xy/0/0:7/0:6/0/", "ppppp+pp++", ALL),
    Row("GET", f"tile/{CHANNEL}/xy/64/0/0/0/0/", "ppppp+pp++", ALL),
    Row("GET", f"downsample/{CHANNEL}", "ppppp+pp++", ALL),
    Row("POST", f"downsample/{CHANNEL}", "apppp+pp++", status=201),
    Row("DELETE", f"downsample/{CHANNEL}", "apppp+pp++", status=409),
    Row("GET", f"reserve/{CHANNEL}/5", "ppppp+pp++"),
    Row("GET", f"ids/{BOX}", "ppppp+pp++"),
    Row("GET", f"boundingbox/{CHANNEL}/0/1", "ppppp+pp++", ALL),
    Row("GET", "groups/", ALL),
    Row("GET", "groups/readers", "pppp+p+p++"),
    Row("POST", "groups/new", "arr+rr+r++", status=201),
    Row("DELETE", "groups/readers", "arrrrrrr++", status=204),
    *(
        row
        for people, somebody in (("members", "reader"), ("maintainers", "maintainer"))
        for row in (
            Row("GET", f"groups/readers/{people}/", "rrrprr+r++"),
            Row("GET", f"groups/readers/{people}/plain", "rrrprr+r++"),
            Row("POST", f"groups/readers/{people}/plain", "arrprr+r++", status=204),
            Row("DELETE", f"groups/readers/{people}/{somebody}", "arrprr+r++", status=204),
        )
    ),
    Row("GET", "permissions", ALL),
    Row("GET", "permissions?group=readers", ALL),
    Row("POST", "permissions", "arrprrpr++", status=201, send={"json": GRANT}),
    Row("PATCH", "permissions", "arrprrpr++", send={"json": GRANT}),
    Row("DELETE", REVOKE, "arrprrpr++", status=204),
    Row("GET", "sso/user/plain", "a+++++++++"),
    Row("POST", "sso/user/new", "arrrrrr+r+", status=201),
    Row("DELETE", "sso/user/plain", "arrrrrrrr+", status=204),
    Row("GET", "sso/user-role/plain/", "rrrrrrr+r+"),
    Row("GET", "sso/user-role/plain/admin", "rrrrrrr+r+"),
    Row("POST", "sso/user-role/plain/resource-manager", "arrrrrr+r+", status=201),
    Row("DELETE", "sso/user-role/owner/resource-manager", "arrrrrr+r+", status=204),
    Row("POST", "sso/user-role/plain/user-manager", "arrrrrrrr+", status=201),
    Row("DELETE", "sso/user-role/keeper/user-manager", "arrrrrrrr+", status=204),
    Row("GET", "ingest/", ALL),
    Row("POST", "ingest/", "a+++++++++", status=400),
    Row("GET", "ingest/1", ALL, status=404),
    Row("DELETE", "ingest/1", "a+++++++++", status=404),
    Row("GET", "ingest/1/status", ALL, status=404),
    Row("POST", "ingest/1/complete", "a+++++++++", status=404),
]
DENIED = {"a": (401, None), "r": (403, 3000), "p": (403, 3001)}


class World:
    """An application with all callers, and a catalog that can be put back as it was."""

    def __init__(self, uploads: Path, *, public: bool) -> None:
        self.datastore = Datastore.open(uploads, block_shape=(32, 64, 64), chunk_shape=(16, 32, 32))
        self.datastore.prepare()
        self.app: Flask = create_app(self.datastore, config.load(auth="token"))
        tokens = self._people()
        headers = {caller: {"Authorization": f"Token {token}"} for caller, token in tokens.items()}
        self.callers = {caller: Boss(self.app.test_client(), headers.get(caller)) for caller in CALLERS}
        self._resources(public)
        self._groups()
        self.datastore.close()  # so that all of it is in the one file
        self.file = uploads / CATALOG_FILE
        self.saved = Path(shutil.copy(self.file, uploads / "saved.db"))

    def restore(self) -> None:
        """Put the catalog back, in a transaction: what counts requests may just be writing to it."""
        with closing(sqlite3.connect(self.saved)) as saved, closing(sqlite3.connect(self.file)) as file:
            saved.backup(file)

    def state(self) -> list[str]:
        """Everything in the catalog, but for what counts requests."""
        with closing(sqlite3.connect(self.file)) as file:
            return [line for line in file.iterdump() if 'INTO "usage"' not in line]

    def _people(self) -> dict[str, str]:
        users = self.datastore.catalog.users
        for caller in CALLERS[2:-1]:
            users.create(caller, roles=[ROLES[caller]] if caller in ROLES else [])
        names = {caller: caller for caller in CALLERS[2:-1]} | {"admin": ADMINISTRATOR}
        return {"public": "public"} | {caller: users.new_token(name) for caller, name in names.items()}

    def _resources(self, public: bool) -> None:
        owner, flag = self.callers["owner"], {"public": public}
        made = [
            owner.post("coord/cf", FRAME),
            owner.post("coord/spare", FRAME),
            owner.post(COLLECTION, flag),
            owner.post("collection/spare", flag),
            owner.post(EXPERIMENT, {"coord_frame": "cf", **flag}),
            owner.post("collection/col/experiment/spare", {"coord_frame": "cf", **flag}),
            owner.post(ON_CHANNEL, {"type": "annotation", "datatype": "uint64", **flag}),
            owner.call("POST", f"cutout/{BOX}", **VOXELS),
            *(owner.post(f"meta/{place}?key=k&value=v") for place in ("col", "col/exp", CHANNEL)),
        ]
        assert {answer.status_code for answer in made} == {201}

    def _groups(self) -> None:
        owner, catalog = self.callers["owner"], self.datastore.catalog
        for group, member in (("readers", "reader"), ("editors", "editor")):
            assert owner.post(f"groups/{group}").status_code == 201
            assert owner.post(f"groups/{group}/members/{member}").status_code == 204
            assert owner.post(f"groups/{group}/maintainers/maintainer").status_code == 204
        find = catalog.resources
        resources: list[Resource] = [find.channel("col", "exp", "em")]
        resources += [find.frame(name) for name in ("cf", "spare")]
        resources += [find.collection(name) for name in ("col", "spare")]
        resources += [find.experiment("col", name) for name in ("exp", "spare")]
        for resource in resources:
            catalog.permissions.grant("readers", resource, [Permission.READ])
            catalog.permissions.grant("editors", resource, PERMISSIONS[resource.kind])


@pytest.fixture(scope="module", params=["private", "public"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, World]]:
    made = World(tmp_path_factory.mktemp(request.param) / "uploads", public=request.param == "public")
    yield request.param, made
    made.datastore.close()


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.method} {row.path}")
def test_who_may(world: tuple[str, World], row: Row) -> None:
    visibility, there = world
    there.restore()
    expected = row.expected(visibility)
    before = there.state()
    for caller in (caller for caller, letter in expected.items() if letter != "+"):
        answer = there.callers[caller].call(row.method, row.path, **row.send)
        status, code = DENIED[expected[caller]]
        assert answer.status_code == status, f"{caller}: {answer.status_code} {answer.text}"
        assert_error(answer, status, code)
    assert there.state() == before
    for caller in (caller for caller, letter in expected.items() if letter == "+"):
        answer = there.callers[caller].call(row.method, row.path, **row.send)
        assert answer.status_code == row.status, f"{caller}: {answer.status_code} {answer.text}"
        if row.method != "GET":
            there.restore()


def test_every_route_has_a_row(world: tuple[str, World]) -> None:
    app = world[1].app
    routes = {
        (rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("boss.") and not rule.endpoint.endswith("_redirect")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    urls = app.url_map.bind("localhost")
    rows = {(urls.match(f"/v1/{row.path.partition('?')[0]}", row.method)[0], row.method) for row in TABLE}
    assert rows == routes
