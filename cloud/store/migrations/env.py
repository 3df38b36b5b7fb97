"""Alembic runs this at every start, on the connection that `Database` opened."""

from __future__ import annotations

from alembic import context

from cloud.store.tables import metadata

# SQLite cannot alter most things in place; batch mode copies the table instead.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
