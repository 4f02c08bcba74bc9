"""What is decided and who is told: the ledger, notices on their way, the channels they go by, and numbers."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from leadscore_assets.backends.ports.storage import FileStore
from leadscore_assets.domain.exposition import Sample
from leadscore_assets.domain.facts import LedgerRecord
from leadscore_assets.domain.notices import Claim, Delivery, Notice, NoticeKind


class Notifier(Protocol):
    """Tells people what happened."""

    def send(self, notice: Notice, *, page: Path | None = None) -> None:
        """Deliver a notice; raise TransientError when a later try may succeed, PermanentError when it cannot.

        `notice.key` is the same at every try, and the receiver is given it; `page` is a file that goes with it.
        """
        ...


@dataclass(frozen=True)
class Channel:
    """One way to people: its adapter, and the kinds that it takes; every kind where none are named."""

    notifier: Notifier
    kinds: tuple[NoticeKind, ...] | None = None

    def takes(self, kind: NoticeKind) -> bool:
        """Tell whether notices of a kind go this way."""
        return self.kinds is None or kind in self.kinds


class Outbox(Protocol):
    """Notices on their way: put in once by key, delivered at least once a channel, by one deliverer at a time."""

    @property
    def ended(self) -> FileStore:
        """The letters that have come to their end on every channel; what is removed there can be put in again."""
        ...

    def put(self, notice: Notice, *, letter: str, due: datetime, channels: Sequence[str]) -> bool:
        """Keep a notice for channels; False where one of its key was put in before.

        Notices of one letter go together. One whose letter was tried already goes in a letter of its own.
        """
        ...

    def claim(
        self, now: datetime, *, lease: timedelta, skip: Set[str] = frozenset(), early: bool = False
    ) -> Claim | None:
        """Take the letter that waited longest and is due, for the length of a lease; None where nothing is.

        `skip` are channels that are left alone; `early` takes what is not due yet too.
        """
        ...

    def delivered(self, claim: Claim, now: datetime) -> bool:
        """Note that a claimed letter arrived; False where the lease had ended and another deliverer has it."""
        ...

    def failed(self, claim: Claim, now: datetime, *, problem: str, again: datetime | None) -> bool:
        """Note that it did not arrive, why, and when to try again; None gives it up."""
        ...

    def deliveries(self, *, limit: int, open_only: bool = False) -> list[Delivery]:
        """Return how far letters came on each channel, the newest last."""
        ...

    def overdue(self, now: datetime) -> int:
        """Return how many letters are due on a channel and neither arrived there nor were given up."""
        ...


class MetricPublisher(Protocol):
    """Keeps the platform's own numbers where alarms can look at them."""

    def publish(self, samples: Mapping[str, Sequence[Sample]], at: datetime) -> int:
        """Publish numbers of a moment by their metric and return how many; raise TransientError, PermanentError."""
        ...


class Ledger(Protocol):
    """The append-only, hash-chained record of every decision."""

    def signed(self, actor: str) -> "Ledger":
        """Return the same ledger, whose records will name another actor."""
        ...

    def append(
        self,
        action: str,
        subject: str,
        *,
        reason: str,
        evidence: Mapping[str, Any],
        key: str | None = None,
        expect: tuple[int, str] | None = None,
    ) -> LedgerRecord:
        """Add one record; the same key again returns the record that stands, so that a repeated step adds nothing.

        `expect` is the head that the decision stands on; raise Overtaken, naming who was first, when it has moved on.
        """
        ...

    def records(
        self,
        *,
        action: str | None = None,
        subject: str | None = None,
        actor: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
        oldest: bool = False,
    ) -> list[LedgerRecord]:
        """Return records, oldest first, from `since` to before `until`; with a limit the newest, or the `oldest`."""
        ...

    def head(self) -> tuple[int, str]:
        """Return the newest record's number and hash; (0, zeros) for an empty ledger."""
        ...

    def verify(self, *, head: tuple[int, str] | None = None) -> list[str]:
        """Return what is wrong with the chain, one sentence a finding; it must hold a head that was kept elsewhere."""
        ...
