"""Replaying, the ledger: which champion the past began with, and what was decided then on the same candidate."""

from datetime import date

from leadscore_assets.domain.facts import LedgerRecord, Package
from leadscore_assets.domain.replay import LedgerDecision
from leadscore_assets.steps.platform import Platform


class PastDecisions:
    """The ledger's verdicts by week."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._weeks: dict[date, list[LedgerRecord]] = {}
        for record in platform.ledger.records(action="judged"):
            self._weeks.setdefault(date.fromisoformat(record.evidence["week"]), []).append(record)

    @property
    def weeks(self) -> list[date]:
        """The weeks that were ever judged, oldest first."""
        return sorted(self._weeks)

    def first_champion(self, first: date) -> Package | None:
        """Return the champion that the first verdict at or after a week was given against.

        None where there was none, or where it is of that week or later: a backfill judged the past by the future.
        """
        week = next((week for week in self.weeks if week >= first), None)
        if week is None:
            return None
        digest = self._weeks[week][0].evidence["champion"]
        found = self._platform.registry.find(digest) if digest else None
        return found if found is not None and found.week < first else None

    def find(
        self, week: date, candidate: str, *, champion: str | None, rows: str, policy_digest: str | None
    ) -> LedgerDecision | None:
        """Return what was decided on a week's candidate: the newest record, one of the same question before others.

        `rows` is the digest of the test rows; `policy_digest` is None for a policy that was never in force.
        """
        found = [
            LedgerDecision(
                decision=item.evidence["decision"],
                champion=item.evidence["champion"],
                same_champion=item.evidence["champion"] == champion,
                same_policy=item.evidence["policy_digest"] == policy_digest,
                same_rows=item.subject == f"test rows {rows}",
            )
            for item in self._weeks.get(week, [])
            if item.evidence["candidate"] == candidate
        ]
        best = max(enumerate(found), key=lambda pair: (pair[1].same_question, pair[0]), default=None)
        return best[1] if best else None
