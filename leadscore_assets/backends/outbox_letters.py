"""Letters that have come to their end, delivered or given up on every channel, as a store that retention cleans.

A letter goes whole, its notices with what became of it; one that still waits anywhere is neither listed nor removed.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import sqlalchemy as sa

from leadscore_assets.backends.ledger import SqlLedger
from leadscore_assets.backends.outbox_tables import DELIVERIES, NOTICES
from leadscore_assets.domain.facts import StoredFile


class SqlLetters:
    """The ended letters of an outbox, under the ledger's lock."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._ledger = ledger

    def files(self, under: str = "") -> Iterator[StoredFile]:
        """Yield ended letters in the order of their names: how long their notices are, and when they ended.

        A letter that no channel was to take ended when its last notice was put in.
        """
        rows = self._ledger.read_beside(NOTICES, _ended())
        for row in sorted(rows, key=lambda row: str(row["letter"])):
            if row["letter"].startswith(under):
                ended = row["at"] if row["ended"] is None else row["ended"]
                yield StoredFile(row["letter"], int(row["size"]), datetime.fromtimestamp(ended, UTC))

    def remove(self, path: str) -> None:
        """Remove an ended letter with its notices; one that waits, or is not there, stays as it is."""
        if not self._ledger.read_beside(NOTICES, _ended().where(NOTICES.c.letter == path)):
            return
        with self._ledger.beside() as connection:
            for table in (DELIVERIES, NOTICES):
                connection.execute(table.delete().where(table.c.letter == path))


def _ended() -> sa.Select[tuple[str, float, int, float | None]]:
    sent = DELIVERIES.alias("sent")
    waits = sa.exists().where(sent.c.letter == NOTICES.c.letter, sent.c.ended.is_(None))
    last = sa.select(sa.func.max(sent.c.ended)).where(sent.c.letter == NOTICES.c.letter).scalar_subquery()
    size = sa.func.sum(sa.func.length(NOTICES.c.subject) + sa.func.length(NOTICES.c.text))
    columns = (NOTICES.c.letter, sa.func.max(NOTICES.c.at).label("at"), size.label("size"), last.label("ended"))
    return sa.select(*columns).where(~waits).group_by(NOTICES.c.letter)
