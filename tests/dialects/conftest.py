"""A boss application over a store in a temporary folder, spoken to without a socket."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bosslet import config
from bosslet.app import create_app
from bosslet.catalog.records import ADMINISTRATOR, Role
from bosslet.datastore import CATALOG_FILE, Datastore
from tests.dialects.boss.client import Boss


@pytest.fixture
def datastore(tmp_path: Path) -> Iterator[Datastore]:
    """Small blocks, so that small boxes straddle them."""
    store = Datastore.open(tmp_path / "uploads", block_shape=(32, 64, 64), chunk_shape=(16, 32, 32))
    store.prepare()
    yield store
    store.close()


@pytest.fixture
def boss(datastore: Datastore) -> Boss:
    """Everybody is the administrator."""
    return Boss(create_app(datastore, config.load(auth="open")).test_client())


@pytest.fixture
def as_user(datastore: Datastore) -> Any:
    """Clients of one application with tokens: ``as_user(name, roles…)``, ``as_user(token=…)``, ``as_user()``."""
    client = create_app(datastore, config.load(auth="token")).test_client()

    def user(name: str | None = None, *roles: Role, token: str | None = None, scheme: str = "Token") -> Boss:
        if name is not None:
            if name != ADMINISTRATOR and name not in datastore.catalog.users.names():
                datastore.catalog.users.create(name, roles=roles)
            token = datastore.catalog.users.new_token(name)
        return Boss(client, {"Authorization": f"{scheme} {token}"} if token is not None else {})

    return user


@pytest.fixture
def snapshot(datastore: Datastore) -> Any:
    """Every file under the uploads folder with its bytes, but for the locks, and of the catalog what is in it.

    SQLite writes to its journal first, so that the bytes of the catalog's file would not show a change.
    """

    def files() -> dict[str, bytes]:
        root = datastore.uploads
        paths = [path for path in sorted(root.rglob("*")) if path.is_file()]
        names = {str(path.relative_to(root)): path for path in paths}
        kept = {
            name: path.read_bytes()
            for name, path in names.items()
            if not name.startswith((".locks", ".blocks", CATALOG_FILE))
        }
        with closing(sqlite3.connect(root / CATALOG_FILE)) as catalog:
            return kept | {CATALOG_FILE: "\n".join(catalog.iterdump()).encode()}

    return files
