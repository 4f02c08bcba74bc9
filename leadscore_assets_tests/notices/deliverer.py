"""A process that delivers from an outbox; started by the tests of notices.

Its channel writes each letter's reference as a line of a file. With `hang` it is killed while it sends.
"""

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from leadscore_assets.backends.ledger import SqlLedger
from leadscore_assets.backends.outbox import SqlOutbox


def deliver_all(url: str, target: str, *, hang: bool = False) -> None:
    """Claim and write until nothing is due."""
    outbox = SqlOutbox(SqlLedger(url, actor="deliverer", now=lambda: datetime.now(UTC)))
    while claim := outbox.claim(datetime.now(UTC), lease=timedelta(minutes=10)):
        line = f"{claim.letter} {claim.reference}\n".encode()
        descriptor = os.open(target, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, line)
        os.close(descriptor)
        while hang:
            time.sleep(1)
        assert outbox.delivered(claim, datetime.now(UTC))


if __name__ == "__main__":
    deliver_all(sys.argv[1], str(Path(sys.argv[2])), hang=len(sys.argv) > 3)
