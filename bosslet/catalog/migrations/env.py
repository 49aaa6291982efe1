"""What Alembic runs: the migrations, on the connection and in the transaction that ``Database.migrate`` hands it.

There is no alembic.ini and no offline mode: the server migrates its own database when it starts.
"""

from __future__ import annotations

from alembic import context

from bosslet.catalog.schema import Base

# batch: SQLite can alter a table only by copying it.
context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
