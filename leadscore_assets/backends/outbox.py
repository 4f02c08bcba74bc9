"""The outbox: notices on their way, in two tables beside the ledger's records, in SQLite or PostgreSQL.

A letter is claimed for the length of a lease, sent outside the database, and noted as delivered: two deliverers at once
never have the same one, and one that was killed gives it back when its lease ends.
"""

from collections.abc import Sequence, Set
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

import sqlalchemy as sa

from leadscore_assets.backends.ledger import SqlLedger
from leadscore_assets.backends.outbox_letters import SqlLetters
from leadscore_assets.backends.outbox_tables import DELIVERIES, NOTICES, OPEN, TABLES
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.notices import Claim, Delivery, Notice


class SqlOutbox:
    """The outbox in a ledger's database, under the ledger's lock."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._ledger = ledger

    @property
    def ended(self) -> SqlLetters:
        """The letters that have come to their end on every channel, as a store that retention cleans."""
        return SqlLetters(self._ledger)

    def put(self, notice: Notice, *, letter: str, due: datetime, channels: Sequence[str]) -> bool:
        """Keep a notice for channels; False where one of its key was put in before."""
        with self._ledger.beside() as connection:
            TABLES.create_all(connection)
            if connection.execute(sa.select(NOTICES.c.key).where(NOTICES.c.key == notice.key)).first():
                return False
            known = connection.execute(sa.select(DELIVERIES).where(DELIVERIES.c.letter == letter)).mappings().all()
            if any(row["attempts"] for row in known):
                letter, known = f"{letter}:{digest_of(notice.key)[:16]}", []
            row = {**notice.to_json(), "at": notice.at.timestamp(), "letter": letter}
            connection.execute(NOTICES.insert().values(row))
            held = {row["channel"] for row in known}
            new = [_delivery(letter, name, due) for name in channels if name not in held]
            if new:
                connection.execute(DELIVERIES.insert(), new)
        return True

    def claim(
        self, now: datetime, *, lease: timedelta, skip: Set[str] = frozenset(), early: bool = False
    ) -> Claim | None:
        """Take the letter that waited longest and is due, for the length of a lease; None where nothing is."""
        moment = now.timestamp()
        wanted = _claimable(moment, skip, early=early)
        if not self._ledger.read_beside(DELIVERIES, wanted):
            return None
        with self._ledger.beside() as connection:
            row = connection.execute(wanted).mappings().first()
            if row is None:
                return None
            token, attempts = uuid4().hex, row["attempts"] + 1
            taken = {"lease": token, "leased_until": (now + lease).timestamp(), "attempts": attempts}
            same = sa.and_(DELIVERIES.c.letter == row["letter"], DELIVERIES.c.channel == row["channel"])
            connection.execute(DELIVERIES.update().where(same).values(taken))
            told = connection.execute(sa.select(NOTICES).where(NOTICES.c.letter == row["letter"])).mappings().all()
        notices = tuple(_notice(dict(item)) for item in sorted(told, key=lambda item: (item["at"], item["key"])))
        return Claim(
            row["letter"], row["channel"], row["reference"], notices, attempts, _moment(row["due"]), lease=token
        )

    def delivered(self, claim: Claim, now: datetime) -> bool:
        """Note that a claimed letter arrived; False where the lease had ended and another deliverer has it."""
        return self._note(claim, ended=now.timestamp(), arrived=True, problem="")

    def failed(self, claim: Claim, now: datetime, *, problem: str, again: datetime | None) -> bool:
        """Note that it did not arrive, why, and when to try again; None gives it up."""
        if again is None:
            return self._note(claim, ended=now.timestamp(), problem=problem)
        return self._note(claim, next_try=again.timestamp(), problem=problem)

    def deliveries(self, *, limit: int, open_only: bool = False) -> list[Delivery]:
        """Return how far letters came on each channel, the newest last."""
        newest = (DELIVERIES.c.due.desc(), DELIVERIES.c.letter.desc(), DELIVERIES.c.channel.desc())
        query = sa.select(DELIVERIES).order_by(*newest)
        rows = self._ledger.read_beside(DELIVERIES, (query.where(OPEN) if open_only else query).limit(limit))
        letters = sorted({row["letter"] for row in rows})
        told = self._ledger.read_beside(NOTICES, sa.select(NOTICES).where(NOTICES.c.letter.in_(letters)))
        return [_told(row, [item for item in told if item["letter"] == row["letter"]]) for row in reversed(rows)]

    def overdue(self, now: datetime) -> int:
        """Return how many letters are due on a channel and neither arrived there nor were given up."""
        late = sa.and_(OPEN, DELIVERIES.c.due <= now.timestamp())
        query = sa.select(sa.func.count().label("letters")).select_from(DELIVERIES).where(late)
        return sum(int(row["letters"]) for row in self._ledger.read_beside(DELIVERIES, query))

    def _note(self, claim: Claim, **values: Any) -> bool:
        with self._ledger.beside() as connection:
            mine = sa.and_(
                DELIVERIES.c.letter == claim.letter,
                DELIVERIES.c.channel == claim.channel,
                DELIVERIES.c.lease == claim.lease,
            )
            freed = {"lease": None, "leased_until": None, **values}
            return connection.execute(DELIVERIES.update().where(mine).values(freed)).rowcount == 1


def _claimable(moment: float, skip: Set[str], *, early: bool) -> sa.Select[Any]:
    free = sa.or_(DELIVERIES.c.leased_until.is_(None), DELIVERIES.c.leased_until <= moment)
    query = (
        sa.select(DELIVERIES)
        .where(OPEN, free)
        .order_by(DELIVERIES.c.next_try, DELIVERIES.c.letter, DELIVERIES.c.channel)
    )
    query = query.limit(1)
    if skip:
        query = query.where(DELIVERIES.c.channel.not_in(sorted(skip)))
    return query if early else query.where(DELIVERIES.c.next_try <= moment)


def _delivery(letter: str, channel: str, due: datetime) -> dict[str, Any]:
    first = due.timestamp()
    fresh = {"reference": uuid4().hex, "attempts": 0, "arrived": False, "problem": ""}
    return {"letter": letter, "channel": channel, "due": first, "next_try": first, **fresh}


def _notice(row: dict[str, Any]) -> Notice:
    return Notice(row["kind"], row["subject"], row["text"], _moment(row["at"]), row["key"], row["page"])


def _told(row: dict[str, Any], notices: list[dict[str, Any]]) -> Delivery:
    state: Literal["waiting", "being sent", "delivered", "given up"] = "being sent" if row["lease"] else "waiting"
    if row["ended"] is not None:
        state = "delivered" if row["arrived"] else "given up"
    return Delivery(
        letter=row["letter"],
        channel=row["channel"],
        kinds=tuple(sorted({item["kind"] for item in notices})),
        subjects=tuple(item["subject"] for item in sorted(notices, key=lambda item: (item["at"], item["key"]))),
        state=state,
        attempts=row["attempts"],
        next_try=_moment(row["next_try"]),
        ended=None if row["ended"] is None else _moment(row["ended"]),
        problem=row["problem"],
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
