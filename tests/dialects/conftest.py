"""A boss application over a store in a temporary folder, spoken to without a socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bosslet import config
from bosslet.app import create_app
from bosslet.catalog.records import ADMINISTRATOR, Role
from bosslet.datastore import Datastore
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
    """Every file under the uploads folder with its bytes, but for those of SQLite's journal and the locks."""

    def files() -> dict[str, bytes]:
        root = datastore.uploads
        skipped = (".locks", "bosslet.db-wal", "bosslet.db-shm")
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and not str(path.relative_to(root)).startswith(skipped)
        }

    return files
