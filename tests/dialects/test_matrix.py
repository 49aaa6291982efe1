"""Who may do what through the dialects that read files: every caller, method and place, on private and public channels.

As in ``boss/test_matrix``, a letter a caller, written down by hand. What one may not read is answered with the very
words of what there is not.

    +   done
    h   404, hidden: as if the channel did not exist
    a   401, who are you
    p   403, a permission is missing
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from bosslet import config
from bosslet.app import create_app
from bosslet.catalog.records import ADMINISTRATOR, Permission, Role
from bosslet.datastore import Datastore
from tests.dialects.boss.client import Boss
from tests.dialects.ome_zarr.blocks import block_file, ramp

CALLERS = (
    "anonymous",  # no header
    "public",  # the token that everybody has
    "plain",  # an account that nothing was given to
    "named",  # may read the channel's name, and not its voxels
    "viewer",  # may read its voxels
    "writer",  # may add voxels, and not read any
    "painter",  # may do both
    "owner",  # made the channel
    "admin",  # bossadmin
)
GIVEN = {
    "named": [Permission.READ],
    "viewer": [Permission.READ_VOLUMETRIC_DATA],
    "writer": [Permission.ADD_VOLUMETRIC_DATA],
    "painter": [Permission.READ_VOLUMETRIC_DATA, Permission.ADD_VOLUMETRIC_DATA],
}
READ, READ_PUBLIC = "hhhh+h+++", "+++++++++"
WRITE, WRITE_PUBLIC = "ahhhph+++", "apppp++++"
PRECOMPUTED, ZARR = "/precomputed/col/exp/{}", "/zarr/col/exp/{}.ome.zarr"


@dataclass(frozen=True)
class Row:
    """One method of one place."""

    method: str
    path: str
    private: str
    public: str
    status: int = 200
    sends: str = ""

    def expected(self, visibility: str) -> dict[str, str]:
        """A letter for each caller."""
        return dict(zip(CALLERS, self.public if visibility == "public" else self.private, strict=True))


TABLE = [
    *(
        Row(method, f"{PRECOMPUTED}/{file}", READ, READ_PUBLIC)
        for method in ("GET", "HEAD")
        for file in ("info", "provenance", "segment_properties/info", "0/0-64_0-64_0-64", "raw/t0/0/0-64_0-64_0-64")
    ),
    *(
        Row(method, f"{ZARR}/{key}", READ, READ_PUBLIC)
        for method in ("GET", "HEAD")
        for key in ("zarr.json", "0/zarr.json", "0/c/0/0/0/0")
    ),
    Row("PUT", f"{ZARR}/0/c/0/0/0/0", WRITE, WRITE_PUBLIC, 204, "block"),
    Row("PUT", f"{ZARR}/0/zarr.json", WRITE, WRITE_PUBLIC, 204, "document"),
    Row("DELETE", f"{ZARR}/0/c/0/0/0/5", WRITE, WRITE_PUBLIC, 404),
    Row("DELETE", f"{ZARR}/0/c/0/0/0/4", WRITE, WRITE_PUBLIC, 204),
]
DENIED = {"h": (404, "NotFound"), "a": (401, "NotAuthenticated"), "p": (403, "MissingPermission")}


class World:
    """An application with all callers, and one channel."""

    def __init__(self, uploads: Path, *, public: bool) -> None:
        self.datastore = Datastore.open(uploads, block_shape=(32, 64, 64), chunk_shape=(16, 32, 32))
        self.datastore.prepare()
        self.app: Flask = create_app(self.datastore, config.load(auth="token"))
        users = self.datastore.catalog.users
        for name in CALLERS[2:-1]:
            users.create(name, roles=[Role.RESOURCE_MANAGER] if name == "owner" else [])
        tokens = {name: users.new_token(ADMINISTRATOR if name == "admin" else name) for name in CALLERS[2:]}
        tokens["public"] = "public"
        headers = {name: {"Authorization": f"Bearer {token}"} for name, token in tokens.items()}
        self.callers = {name: Boss(self.app.test_client(), headers.get(name)) for name in CALLERS}
        owner = self.callers["owner"]
        owner.make_channel("em", "uint64", public=public)
        document = self.call("owner", "GET", f"{ZARR}/0/zarr.json").data
        self.bodies = {"": b"", "document": document, "block": block_file(document, ramp((32, 64, 64), "uint64"))}
        assert self.call("owner", "PUT", f"{ZARR}/0/c/0/0/0/0", "block").status_code == 201
        channel = self.datastore.catalog.resources.channel("col", "exp", "em")
        for name, given in GIVEN.items():
            self.datastore.catalog.permissions.grant(f"{name}-primary", channel, given)

    def call(self, caller: str, method: str, path: str, sends: str = "", name: str = "em") -> TestResponse:
        """One request for a channel of this name."""
        body = self.bodies[sends] if sends else b""
        return self.callers[caller].call(method, path.format(name), data=body, buffered=True)

    def blocks(self) -> dict[str, bytes]:
        """The files of all blocks."""
        root = self.datastore.uploads / "col"
        return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture(scope="module", params=["private", "public"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, World]]:
    made = World(tmp_path_factory.mktemp(request.param) / "uploads", public=request.param == "public")
    yield request.param, made
    made.datastore.close()


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.method} {row.path}")
def test_who_may(world: tuple[str, World], row: Row) -> None:
    visibility, there = world
    before = there.blocks()
    for caller, letter in row.expected(visibility).items():
        answer = there.call(caller, row.method, row.path, row.sends)
        if letter == "+":
            assert answer.status_code == row.status, f"{caller}: {answer.status_code} {answer.text}"
            continue
        status, code = DENIED[letter]
        assert answer.status_code == status, f"{caller}: {answer.status_code} {answer.text}"
        if row.method != "HEAD":
            assert answer.get_json()["code"] == code
        if letter in "ha":
            absent = there.call(caller, row.method, row.path, row.sends, name="no")
            assert _told(absent, "no") == _told(answer, "em"), caller
    assert there.blocks() == before


def test_every_route_has_a_row(world: tuple[str, World]) -> None:
    app = world[1].app
    urls = app.url_map.bind("localhost")
    routes = {
        (rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith(("precomputed.", "ome_zarr."))
        for method in (rule.methods or set()) - {"OPTIONS"}
    }
    rows = {(urls.match(row.path.format("em"), row.method)[0], row.method) for row in TABLE}
    assert rows == routes


def _told(answer: TestResponse, name: str) -> tuple[int, str, set[str]]:
    """All that a caller learns."""
    return answer.status_code, answer.text.replace(f"/{name} ", "/? "), set(answer.headers.keys())
