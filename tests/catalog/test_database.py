"""Durability, locking and the schema: what the sections of the catalog take for granted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from bosslet.catalog import database as database_module
from bosslet.catalog.database import Database
from bosslet.catalog.schema import Base
from bosslet.errors import ConfigurationError, InvalidField, StorageError, StorageFull, UserNotFound


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "catalog.db"


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{file}")
    database.migrate()
    yield database
    database.close()


def add_group(database: Database, name: str) -> None:
    with database.write() as connection:
        connection.execute(text("INSERT INTO groups (name) VALUES (:name)"), {"name": name})


def groups(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.scalars(text("SELECT name FROM groups ORDER BY id")))


def test_the_migrations_make_what_the_models_say(database: Database) -> None:
    with database.write() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.parametrize("door", ["read", "write"])
def test_every_connection_is_durable_and_waits(database: Database, door: str) -> None:
    with getattr(database, door)() as connection:
        values = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert values == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


def test_a_write_takes_the_lock_before_it_reads(database: Database, file: Path) -> None:
    with database.write():
        other = sqlite3.connect(file, timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


def test_a_reader_neither_waits_for_a_writer_nor_sees_half_of_it(database: Database) -> None:
    with database.write() as writing:
        writing.execute(text("INSERT INTO groups (name) VALUES ('new')"))
        assert groups(database) == []
    assert groups(database) == ["new"]


def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    def fail_half_way() -> None:
        with database.write() as connection:
            connection.execute(text("INSERT INTO groups (name) VALUES ('new')"))
            raise UserNotFound("nobody")

    with pytest.raises(UserNotFound):
        fail_half_way()
    assert groups(database) == []


def test_a_lock_that_never_comes_free_is_a_storage_error(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_MS", 20)
    database = Database(f"sqlite:///{file}")
    database.migrate()
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="locked"):
        add_group(database, "new")
    holder.execute("ROLLBACK")
    holder.close()
    add_group(database, "new")
    assert groups(database) == ["new"]
    database.close()


def test_a_pool_that_is_used_up_is_a_storage_error() -> None:
    database = Database("sqlite://")
    database._engine.pool._timeout = 0  # type: ignore[attr-defined]
    with database.read(), pytest.raises(StorageError, match="no connection"), database.read():
        pass
    database.close()


def test_a_full_disk_is_told_apart() -> None:
    database = Database("sqlite://")
    database.migrate()
    with database.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageFull):
        add_group(database, "x" * 100_000)
    assert groups(database) == []
    database.close()


def test_a_text_that_is_no_unicode_is_the_requests_fault(database: Database) -> None:
    with pytest.raises(InvalidField, match="surrogate"):
        add_group(database, "\ud800")


def test_an_id_is_never_used_twice(database: Database) -> None:
    add_group(database, "first")
    with database.write() as connection:
        connection.execute(text("DELETE FROM groups"))
    add_group(database, "second")
    with database.read() as connection:
        assert connection.scalar(text("SELECT id FROM groups")) == 2


def test_a_database_of_a_newer_bosslet_is_refused_and_left_alone(database: Database, file: Path) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    before = file.read_bytes()
    with pytest.raises(ConfigurationError, match=r"newer bosslet.*9999"):
        database.migrate()
    database.close()
    assert file.read_bytes() == before


def test_a_foreign_database_is_refused_and_left_alone(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE users (id)")
    connection.close()
    database = Database(f"sqlite:///{file}")
    with pytest.raises(ConfigurationError, match="users already exists"):
        database.migrate()
    with database.read() as connection:
        assert list(connection.scalars(text("SELECT name FROM sqlite_master"))) == ["users"]
    database.close()


def test_what_is_no_database_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_bytes(b"not a database at all" * 1000)
    for name in ("text.db", "missing/catalog.db", "."):
        with pytest.raises(ConfigurationError, match="cannot use"):
            Database(f"sqlite:///{tmp_path / name}").migrate()
    assert (tmp_path / "text.db").read_bytes() == b"not a database at all" * 1000


@pytest.mark.parametrize("url", ["", "catalog.db", "nosuch://host/db", "sqlite+nosuch://", "mssql://u:p@h/d"])
def test_a_url_that_means_nothing_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot open the catalog"):
        Database(url)


def test_opening_touches_nothing(file: Path) -> None:
    Database(f"sqlite:///{file}").close()
    assert list(file.parent.iterdir()) == []


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "100%s off ü"
    folder.mkdir()
    database = Database(f"sqlite:///{folder / 'catalog.db'}")
    database.migrate()
    assert groups(database) == []
    database.close()


def test_a_new_file_that_somebody_writes_is_waited_for(file: Path) -> None:
    # While another connection holds the lock to write, switching the journal fails without using the busy timeout.
    writer = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    writer.execute("BEGIN IMMEDIATE")
    Timer(0.2, writer.execute, ["COMMIT"]).start()
    with Database(f"sqlite:///{file}").read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    writer.close()
