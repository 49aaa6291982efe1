"""Bring a catalog to the newest form by Alembic; a catalog that a newer bosslet wrote is refused.

Not imported with the catalog: a process that only works for another one has no need of it, nor the time.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from bosslet.errors import ConfigurationError

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(connection: Connection) -> None:
    """In the transaction of a connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    present = set(MigrationContext.configure(connection).get_current_heads())
    if unknown := present - {revision.revision for revision in script.walk_revisions()}:
        raise ConfigurationError(f"the catalog was written by a newer bosslet (revision {', '.join(sorted(unknown))})")
    if present != set(script.get_heads()):
        command.upgrade(config, "head")
