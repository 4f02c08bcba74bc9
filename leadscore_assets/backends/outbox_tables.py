"""The outbox's two tables beside the ledger's records; moments are seconds since 1970."""

import sqlalchemy as sa

TABLES = sa.MetaData()
NOTICES = sa.Table(
    "notices",
    TABLES,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("page", sa.Text, nullable=False),
    sa.Column("letter", sa.Text, nullable=False, index=True),
)
DELIVERIES = sa.Table(
    "notice_deliveries",
    TABLES,
    sa.Column("letter", sa.Text, primary_key=True),
    sa.Column("channel", sa.Text, primary_key=True),
    sa.Column("reference", sa.String(32), nullable=False),
    sa.Column("due", sa.Double, nullable=False),
    sa.Column("next_try", sa.Double, nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("lease", sa.String(32)),
    sa.Column("leased_until", sa.Double),
    sa.Column("ended", sa.Double),
    sa.Column("arrived", sa.Boolean, nullable=False),
    sa.Column("problem", sa.Text, nullable=False),
)
OPEN = DELIVERIES.c.ended.is_(None)
