"""Every caller at the page, the viewer and the meshes: served, or answered as if there was nothing.

``test_matrix`` has the same for files; of these there are some here, for browsers that are logged in.

One letter a caller, in the order of ``CALLERS``, for a private channel; of a public one everybody sees the same.

    +   served
    .   404, in the very words in which a channel is denied that does not exist
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from bosslet import config
from bosslet.app import create_app
from bosslet.catalog.records import ADMINISTRATOR, Permission, Role
from bosslet.datastore import Datastore
from bosslet.dialects.sessions import COOKIE
from tests.dialects.boss.client import Boss

CALLERS = (
    "anonymous",  # no header
    "public",  # the token that everybody has
    "plain",  # an account without roles or groups
    "manager",  # role resource-manager, but the channel is somebody else's
    "lister",  # may read the channel's description, and not its voxels
    "reader",  # may read both
    "owner",  # made it
    "admin",  # bossadmin
    "session",  # a browser in which the reader is logged in
    "stranger",  # a browser in which somebody plain is logged in
)
VOXELS = ".....++++."
PATHS = (
    "/view/col/exp/em",
    "/view/col/exp/em/stored",
    "/thumbnail/col/exp/em",
    "/ng/?collection=col&experiment=exp&channel=em",
    "/ng/v/x/?collection=col&experiment=exp&channel=em",
    "/ng/state?collection=col&experiment=exp&channel=em",
    "/mesh/col/exp/em/info",
    "/mesh/col/exp/em/7",
    "/mesh/col/exp/em/7:0",
    "/mesh/col/exp/em/7.ply",
    "/mesh/col/exp/em/8",
    "/precomputed/col/exp/em/info",
    "/precomputed/col/exp/em/mesh/info",
    "/precomputed/col/exp/em/mesh/7",
    "/precomputed/col/exp/em/mesh/7:0",
    "/zarr/col/exp/em.ome.zarr/zarr.json",
)


@pytest.fixture(scope="module")
def callers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Boss]]:
    """All of them, at one application with a private channel."""
    datastore = Datastore.open(
        tmp_path_factory.mktemp("hidden") / "uploads", block_shape=(32, 64, 64), chunk_shape=(16, 32, 32)
    )
    datastore.prepare()
    users, app = datastore.catalog.users, create_app(datastore, config.load(auth="token"))
    for name in ("plain", "manager", "lister", "reader", "owner"):
        users.create(name, roles=[Role.RESOURCE_MANAGER] if name in {"manager", "owner"} else [])
    tokens = {name: users.new_token(name) for name in ("plain", "manager", "lister", "reader", "owner")}
    tokens |= {"public": "public", "admin": users.new_token(ADMINISTRATOR)}
    made = {
        name: Boss(app.test_client(), {"Authorization": f"Token {tokens[name]}"} if name in tokens else {})
        for name in CALLERS
    }
    for name, account in (("session", "reader"), ("stranger", "plain")):
        made[name].client.set_cookie(COOKIE, datastore.catalog.sessions.begin(account))
    path = made["owner"].make_channel("em", "uint64")
    assert made["owner"].send(f"{path}/0:7/0:6/0:5/", np.full((5, 6, 7), 7, np.uint64)).status_code == 201
    channel = datastore.catalog.resources.channel("col", "exp", "em")
    datastore.catalog.permissions.grant("lister-primary", channel, [Permission.READ])
    datastore.catalog.permissions.grant("reader-primary", channel, [Permission.READ, Permission.READ_VOLUMETRIC_DATA])
    yield made
    datastore.close()


@pytest.mark.parametrize("path", PATHS)
def test_who_sees_a_private_channel(callers: dict[str, Boss], path: str) -> None:
    served = callers["admin"].get(path).status_code
    exists = served != 404  # there is no label 8
    for caller, letter in zip(CALLERS, VOXELS, strict=True):
        answer = callers[caller].get(path)
        absent = callers[caller].get(_absent(path))
        assert absent.status_code == 404, caller
        if letter == "+":
            assert answer.status_code == served, f"{caller}: {answer.status_code} {answer.text}"
            assert not exists or answer.data != absent.data
        else:
            assert answer.status_code == 404, f"{caller}: {answer.status_code} {answer.text}"
            assert answer.text.replace("em", "no") == absent.text.replace("em", "no"), caller


def test_what_changes_something_is_refused_without_a_word_of_it(callers: dict[str, Boss]) -> None:
    for caller, letter in zip(CALLERS, VOXELS, strict=True):
        if letter == "+" or caller in {"anonymous", "stranger"}:
            continue
        for method, path in (("PUT", "/zarr/col/exp/em.ome.zarr/0/c/0/0/0/0"), ("POST", "/view/col/exp/em/upload")):
            answer, absent = (callers[caller].call(method, one, data=b"") for one in (path, _absent(path)))
            assert (answer.status_code, answer.text.replace("em", "no")) == (404, absent.text.replace("em", "no"))


@pytest.mark.parametrize("caller", CALLERS)
def test_lists_do_not_name_it(callers: dict[str, Boss], caller: str) -> None:
    sees = VOXELS[CALLERS.index(caller)] == "+"
    assert ("em" in _names(callers[caller].get("/ng/state?collection=col&experiment=exp").text)) == sees
    if not sees and caller != "lister":
        assert "/view/col/exp/em" not in callers[caller].get("/").text


@pytest.mark.parametrize("path", PATHS)
def test_a_public_channel_is_everybodys(callers: dict[str, Boss], path: str) -> None:
    owner = callers["owner"]
    url = "collection/col/experiment/exp/channel/em"
    assert owner.put(url, {"public": True}).status_code == 200
    try:
        found = {callers[caller].get(path).status_code for caller in CALLERS}
        assert found == {callers["admin"].get(path).status_code}
    finally:
        assert owner.put(url, {"public": False}).status_code == 200


def _absent(path: str) -> str:
    return path.replace("=em", "=no").replace("/em", "/no")


def _names(text: str) -> str:
    return text if '"layers"' in text else ""
