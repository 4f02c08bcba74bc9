"""A process that appends to a ledger; started by the ledger's tests."""

import sys
from datetime import UTC, datetime

from leadscore_assets.backends.ledger import SqlLedger


def append_some(url: str, writer: int, count: int) -> None:
    """Append `count` records of its own, and one that every writer shares."""
    ledger = SqlLedger(url, actor=f"writer {writer}", now=lambda: datetime.now(UTC))
    for turn in range(count):
        ledger.append("trained", f"week {turn}", reason="due", evidence={"turn": turn}, key=f"{writer}/{turn}")
    ledger.append("shared", "all", reason="whoever comes first", evidence={}, key="shared")


def append_for_ever(url: str) -> None:
    """Append until killed, saying each record's number once it is safe."""
    ledger = SqlLedger(url, actor="writer", now=lambda: datetime.now(UTC))
    while True:
        record = ledger.append("trained", "week", reason="due", evidence={"rows": "x" * 5000})
        sys.stdout.write(f"{record.seq}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    append_for_ever(sys.argv[1])
