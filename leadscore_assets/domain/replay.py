"""A replay: the past decided again under other policies, week by week, and what the ledger has to say to it."""

from dataclasses import dataclass
from datetime import date

from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.facts import Record

NOT_RETRAINED, NO_CANDIDATE = "not_retrained", "no_candidate"


@dataclass(frozen=True)
class LedgerDecision(Record):
    """What the ledger has for a week's candidate; `same_question` when champion, rows and policy were the same."""

    decision: str
    champion: str | None
    same_champion: bool
    same_policy: bool
    same_rows: bool

    @property
    def same_question(self) -> bool:
        """Whether it answers what the replay asked."""
        return self.same_champion and self.same_policy and self.same_rows


@dataclass(frozen=True)
class ReplayWeek(Record):
    """One week decided again.

    `decision` is the verdict's, `not_retrained` where the policy wanted no retraining, or `no_candidate` where none
    could be made; `reason` says why. `champion` served before the decision, and `served` is its Spearman on the week's
    `rows` test rows that no model had seen; `oracle` is the best of all earlier models on them. Both are None where
    there was no champion or too few rows.
    """

    week: date
    cause: str
    decision: str
    rule: str
    reason: str
    champion: str | None
    candidate: str | None = None
    promoted: bool = False
    gain: float | None = None
    seconds: float = 0.0
    cost: float | None = 0.0
    ledger: LedgerDecision | None = None
    rows: int = 0
    served: float | None = None
    oracle: float | None = None

    @property
    def regret(self) -> float | None:
        """The Spearman lost against the oracle."""
        return None if self.served is None or self.oracle is None else self.oracle - self.served


@dataclass(frozen=True)
class Replay(Record):
    """One policy's weeks, oldest first; `as_home` where it decides by the same values as the home's own."""

    policy: str
    policy_digest: str
    as_home: bool
    weeks: tuple[ReplayWeek, ...]

    @property
    def retrainings(self) -> int:
        """How many candidates were trained."""
        return sum(week.candidate is not None for week in self.weeks)

    @property
    def promotions(self) -> int:
        """How many of them took the champion's place."""
        return sum(week.promoted for week in self.weeks)

    def count(self, decision: str) -> int:
        """Count the weeks with a decision."""
        return sum(week.decision == decision for week in self.weeks)

    @property
    def seconds(self) -> float:
        """How long the trainings took."""
        return sum(week.seconds for week in self.weeks)

    @property
    def cost(self) -> float | None:
        """What the trainings were charged, None where the charge of any is not known."""
        known = [week.cost for week in self.weeks if week.cost is not None]
        return sum(known) if len(known) == len(self.weeks) else None

    @property
    def compared(self) -> tuple[ReplayWeek, ...]:
        """The weeks for which the ledger answers the same question."""
        return tuple(week for week in self.weeks if week.ledger is not None and week.ledger.same_question)

    @property
    def differing(self) -> tuple[ReplayWeek, ...]:
        """Those of them that the replay decides otherwise."""
        return tuple(week for week in self.compared if week.ledger and week.ledger.decision != week.decision)


@dataclass(frozen=True)
class ReplayReport(Record):
    """Policies side by side over the same weeks; `models` is how many the oracle could choose from in the end.

    `champion` is the bundle that every policy starts with, None where it starts with none.
    """

    first: date
    last: date
    home_policy_digest: str
    champion: str | None
    models: int
    replays: tuple[Replay, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the report's content."""
        return digest_of(self.to_json())


def repeated(replay: Replay) -> str:
    """Say how the replay's decisions compare with the ledger's."""
    held = [week for week in replay.weeks if week.ledger is not None]
    if not held:
        return "the ledger has no decision on these weeks' candidates."
    same = len(replay.compared) - len(replay.differing)
    found = [f"{same} of {len(replay.compared)} weeks decided as the ledger has them"]
    others = [week.ledger for week in held if week.ledger and not week.ledger.same_question]
    champions = sum(not item.same_champion for item in others)
    rest = len(others) - champions
    found += [f"{_weeks(champions)} judged against a champion that this policy did not promote"] if champions else []
    found += [f"{_weeks(rest)} judged under another policy or on other rows"] if rest else []
    return "; ".join(found) + "."


def _weeks(number: int) -> str:
    return "1 week was" if number == 1 else f"{number} weeks were"
