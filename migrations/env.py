"""Runs the migrations on the connection that codehost gives, within its transaction."""

from alembic import context

from codehost.record.tables import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("Migrations run through `codehost migrate`, which knows the database.")

context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
