"""The ledger's schema, version by version, for alembic; what a version says is never changed once it is released."""
