"""Where alembic enters: it works on the connection, and in the transaction, of whoever holds the ledger's lock."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"], version_table=context.config.attributes["version_table"]
)
with context.begin_transaction():
    context.run_migrations()
