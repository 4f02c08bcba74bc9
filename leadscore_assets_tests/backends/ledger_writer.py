"""A process that appends to a ledger; started by the ledger's tests."""

import os
import signal
import sys
from datetime import UTC, datetime
from multiprocessing import Queue

import sqlalchemy as sa

from leadscore_assets.backends.ledger import SqlLedger
from leadscore_assets.domain.errors import Overtaken


def append_some(url: str, writer: int, count: int, head: tuple[int, str], told: "Queue[str]") -> None:
    """Decide on a head that every writer was given and tell how it went, then append `count` records of its own."""
    ledger = SqlLedger(url, actor=f"writer {writer}", now=lambda: datetime.now(UTC))
    try:
        ledger.append("decided", "release", reason="mine", evidence={}, key=f"decided/{writer}", expect=head)
        told.put("won")
    except Overtaken as error:
        told.put(f"{error}".partition(" at ")[0])
    for turn in range(count):
        ledger.append("scored", f"week {turn}", reason="due", evidence={"turn": turn}, key=f"{writer}/{turn}")
    ledger.append("shared", "all", reason="whoever comes first", evidence={}, key="shared")


def append_for_ever(url: str) -> None:
    """Append until killed, saying each record's number once it is safe."""
    ledger = SqlLedger(url, actor="writer", now=lambda: datetime.now(UTC))
    while True:
        record = ledger.append("trained", "week", reason="due", evidence={"rows": "x" * 5000})
        sys.stdout.write(f"{record.seq}\n")
        sys.stdout.flush()


def append_and_die(url: str) -> None:
    """Append one record and be killed after it is written and before it is committed."""
    ledger = SqlLedger(url, actor="writer", now=lambda: datetime.now(UTC))
    sa.event.listen(sa.Engine, "commit", lambda _: os.kill(os.getpid(), signal.SIGKILL))
    ledger._prepared = True
    ledger.append("scored", "week 3", reason="due", evidence={}, key="week 3")


if __name__ == "__main__":
    (append_and_die if sys.argv[2:] else append_for_ever)(sys.argv[1])
