"""What one backup holds: every file with its SHA-256, and the ledger with its head."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from leadscore_assets.domain.facts import Record

# Where the ledger lies: a file of the home, a SQLite file elsewhere, or a PostgreSQL database.
LedgerPlace = Literal["home", "sqlite", "postgresql"]


@dataclass(frozen=True)
class KeptFile(Record):
    """One file of the home, by its path below it; `mode` and `modified_ns` are the file's own."""

    path: str
    sha256: str
    size: int
    mode: int
    modified_ns: int


@dataclass(frozen=True)
class KeptLedger(Record):
    """The ledger's copy: which content of the store it is (empty where there is none), and its head.

    `schema` is that of a dump, empty for a file that is copied whole. `findings` says what was wrong with the chain
    when it was copied.
    """

    place: LedgerPlace
    sha256: str
    schema: str
    seq: int
    hash: str
    findings: tuple[str, ...] = ()

    @property
    def head(self) -> tuple[int, str]:
        """The newest record's number and hash."""
        return self.seq, self.hash


@dataclass(frozen=True)
class Backup(Record):
    """One backup of a home: when, by whom and by which program it was made, what it holds and what it does not."""

    name: str
    made_at: datetime
    made_by: str
    program: str
    home: str
    ledger: KeptLedger
    files: tuple[KeptFile, ...]
    notes: tuple[str, ...] = ()
    holds: str = "leads and their scores: personal data, for the eyes of those who may see them in the home"

    @property
    def size(self) -> int:
        """The bytes of all its files, each counted as often as it stands in the home."""
        return sum(file.size for file in self.files)
