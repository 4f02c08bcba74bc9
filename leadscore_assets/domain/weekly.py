"""A week of the platform as one record: what was asked, trained, judged, released, what it took and what comes next."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from leadscore_assets.domain.facts import LedgerRecord, Record
from leadscore_assets.domain.live_facts import RunsOfAWeek
from leadscore_assets.domain.realised import Group, Interval

Tone = Literal["quiet", "watch", "alarm"]


@dataclass(frozen=True)
class Asked(Record):
    """The question whether to retrain, answered the same way so many times in a row; moments are the first and last."""

    first: datetime
    last: datetime
    times: int
    asker: str
    decision: str
    cause: str
    sentence: str


@dataclass(frozen=True)
class Told(Record):
    """One record of the ledger as a person reads it."""

    at: datetime
    actor: str
    action: str
    subject: str
    reason: str


@dataclass(frozen=True)
class Realisation(Record):
    """One week's outcomes in the row of weeks: Spearman with its interval, and what judging expected."""

    week: date
    spearman: Interval
    expected: float | None = None


@dataclass(frozen=True)
class Coming(Record):
    """Something that comes next, and when, where that is known."""

    what: str
    at: datetime | None = None


@dataclass(frozen=True)
class Leads(Record):
    """A week's leads: stored, set aside, corrected, and the age of the newest in whole hours at the time of writing."""

    rows: int = 0
    quarantined: int = 0
    late: int = 0
    stored: bool = False
    newest_hours: int | None = None
    missing: tuple[date, ...] = ()


@dataclass(frozen=True)
class Outcomes(Record):
    """The newest week whose outcomes were known: its sentence, the best tenth, bands and arms; weeks in a row."""

    week: date
    sentence: str
    lift: Interval | None = None
    top: Interval | None = None
    bands: tuple[Group, ...] = ()
    arms: tuple[Group, ...] = ()
    trend: tuple[Realisation, ...] = ()


@dataclass(frozen=True)
class WeeklyReport(Record):
    """One week. `concerns` are what a person should look at, most urgent first; `alarming` of them cannot wait."""

    week: date
    champion: int | None
    leads: Leads
    asked: tuple[Asked, ...]
    verdicts: tuple[Told, ...]
    releases: tuple[Told, ...]
    drift: str
    drift_sentence: str
    outcomes: Outcomes | None
    release: str
    runs: RunsOfAWeek
    coming: tuple[Coming, ...]
    concerns: tuple[str, ...] = ()
    alarming: int = 0
    pages: tuple[str, ...] = ()

    @property
    def tone(self) -> Tone:
        """How loud the week is."""
        return "alarm" if self.alarming else "watch" if self.concerns else "quiet"

    @property
    def headline(self) -> str:
        """The week in a few words."""
        if not self.concerns:
            return "A quiet week"
        return "One thing to look at" if len(self.concerns) == 1 else f"{len(self.concerns)} things to look at"

    @property
    def sentence(self) -> str:
        """What was done, in one sentence."""
        trained, promoted = len(self.runs.trainings), sum(item.action == "promoted" for item in self.releases)
        leads = f"{self.leads.rows:,} leads came in" if self.leads.stored else "No leads came in"
        models = f"{_counted(trained, 'model')} trained, {promoted} promoted"
        return f"{leads}; {models}; {_counted(len(self.runs.runs), 'run')}, {len(self.runs.failed)} failed."

    def with_texts(self, change: Callable[[str], str]) -> "WeeklyReport":
        """Return the report with every sentence that was said elsewhere changed: the page leaves the platform."""
        return replace(
            self,
            asked=tuple(replace(item, sentence=change(item.sentence)) for item in self.asked),
            verdicts=tuple(replace(item, reason=change(item.reason)) for item in self.verdicts),
            releases=tuple(replace(item, reason=change(item.reason)) for item in self.releases),
            drift_sentence=change(self.drift_sentence),
            release=change(self.release),
            concerns=tuple(change(item) for item in self.concerns),
        )


@dataclass(frozen=True)
class WeekLine(Record):
    """One week in the index of weeks."""

    week: date
    tone: Tone
    headline: str
    sentence: str
    champion: int | None
    drift: str
    lift: float | None
    cost: float | None


def line_of(report: WeeklyReport) -> WeekLine:
    """Return a report's line in the index."""
    lift = report.outcomes.lift.value if report.outcomes and report.outcomes.lift else None
    return WeekLine(
        week=report.week,
        tone=report.tone,
        headline=report.headline,
        sentence=report.sentence,
        champion=report.champion,
        drift=report.drift,
        lift=lift,
        cost=report.runs.cost,
    )


def with_line(lines: Iterable[WeekLine], new: WeekLine) -> tuple[WeekLine, ...]:
    """Return the lines with one of them new or replaced, newest week first."""
    kept = [item for item in lines if item.week != new.week]
    return tuple(sorted([*kept, new], key=lambda item: item.week, reverse=True))


def in_a_row(records: Sequence[LedgerRecord]) -> tuple[Asked, ...]:
    """Return the records of the question, oldest first, those that say the same in a row as one."""
    found: list[Asked] = []
    for item in records:
        said = item.evidence
        new = Asked(
            first=item.at,
            last=item.at,
            times=1,
            asker=str(said.get("asker", item.actor)),
            decision=str(said["decision"]),
            cause=str(said["cause"]),
            sentence=str(said["sentence"]),
        )
        if found and (found[-1].decision, found[-1].cause) == (new.decision, new.cause) and new.decision != "retrain":
            found[-1] = replace(found[-1], last=new.last, times=found[-1].times + 1, sentence=new.sentence)
        else:
            found.append(new)
    return tuple(found)


def told(records: Iterable[LedgerRecord]) -> tuple[Told, ...]:
    """Return records as a person reads them."""
    return tuple(Told(item.at, item.actor, item.action, item.subject, item.reason) for item in records)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
