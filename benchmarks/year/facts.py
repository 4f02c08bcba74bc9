"""What the platform did in its year, read from its own records, with the truth beside each decision."""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg

from benchmarks.year.site import Site
from benchmarks.year.story import WEEKS, week_of
from benchmarks.year.truth import Truth
from leadscore_assets.domain.calendar import WEEK
from leadscore_assets.domain.facts import LedgerRecord
from leadscore_assets.domain.live_history import stretches
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.week_index import reported_weeks

_ALL = 100_000


@dataclass(frozen=True)
class Judged:
    """One verdict: when, on which week's candidate, what started it, what was decided, and what is true of it.

    `gain` is what the platform reckons with (shrunken), `truth` the difference in quality on leads of the week in which
    it was decided; None for the first model.
    """

    at: datetime
    week: date
    candidate: str
    champion: str | None
    cause: str
    decision: str
    gain: float | None
    truth: float | None
    version: int | None


@dataclass(frozen=True)
class Week:
    """One week: what came, what was seen, who answered on its last day, and how well, of 1.

    `first` is the quality of the year's first model, had nobody ever retrained it, `best` that of the best one that was
    trained by then, whatever was decided of it.
    """

    number: int
    monday: date
    rows: int
    quarantined: int
    generations: int
    drift: str
    version: int | None
    quality: float | None
    first: float | None
    best: float | None


@dataclass(frozen=True)
class Year:
    """A year's facts; `runs` counts runs by job and outcome, `told` notices by kind, `answers` questions by answer."""

    weeks: tuple[Week, ...]
    judged: tuple[Judged, ...]
    records: tuple[LedgerRecord, ...]
    runs: dict[str, int]
    failed_runs: tuple[str, ...]
    told: dict[str, int]
    deliveries: tuple[tuple[str, str, str], ...]
    ticks: dict[str, int]
    pages: int
    broken_chain: tuple[str, ...]
    requests: int
    unanswered: int
    problems_left: int
    seconds: float

    def of(self, *actions: str) -> list[LedgerRecord]:
        """Return the ledger's records of some actions, oldest first."""
        return [item for item in self.records if item.action in actions]


def gathered(site: Site, instance: dg.DagsterInstance, *, weeks: int = WEEKS, seconds: float) -> Year:
    """Read a home's year."""
    platform = site.platform
    records = tuple(platform.ledger.records())
    truth = Truth(site.home / "bundles")
    runs = instance.get_runs()
    letters = platform.outbox.deliveries(limit=_ALL) if platform.outbox else []
    judged = tuple(_judged(item, records, truth) for item in records if item.action == "judged")
    return Year(
        weeks=tuple(_week(platform, number, records, truth) for number in range(weeks)),
        judged=judged,
        records=records,
        runs=dict(Counter(f"{run.job_name} {run.status.value.lower()}" for run in runs)),
        failed_runs=tuple(_name(run) for run in runs if run.status == dg.DagsterRunStatus.FAILURE),
        told=dict(Counter(kind for item in records if item.action == "notified" for kind in item.evidence["kinds"])),
        deliveries=tuple((letter.letter, letter.channel, letter.state) for letter in letters),
        ticks=_ticks(instance),
        pages=len(reported_weeks(platform)),
        broken_chain=tuple(platform.ledger.verify()),
        requests=site.asked,
        unanswered=site.failed,
        problems_left=sum(letter.state != "delivered" for letter in letters),
        seconds=seconds,
    )


def as_json(year: Year) -> dict[str, Any]:
    """Return a year's facts without the ledger's records."""
    content = asdict(year)
    content.pop("records")
    return content


def _judged(record: LedgerRecord, records: tuple[LedgerRecord, ...], truth: Truth) -> Judged:
    said = record.evidence
    candidate, champion, week = said["candidate"], said["champion"], date.fromisoformat(said["week"])
    asked = [item for item in records if item.action == "asked" and item.seq < record.seq and item.evidence["wanted"]]
    gain = None
    if champion:
        now = number_at(record.at)
        gain = truth.quality(candidate, now) - truth.quality(champion, now)
    return Judged(
        record.at,
        week,
        candidate,
        champion,
        asked[-1].evidence["cause"] if asked else "",
        said["decision"],
        said["shrunken"][0] if said["shrunken"] else None,
        gain,
        _version(records, candidate),
    )


def _version(records: tuple[LedgerRecord, ...], digest: str) -> int | None:
    found = [item for item in records if item.action == "registered" and item.evidence["bundle"] == digest]
    return int(found[0].subject.split()[-1]) if found else None


def _week(platform: Platform, number: int, records: tuple[LedgerRecord, ...], truth: Truth) -> Week:
    monday = week_of(number)
    manifest = platform.lake.manifest(monday)
    watched = [item for item in records if item.action == "watched" and item.subject == f"week {monday}"]
    then = datetime(monday.year, monday.month, monday.day, tzinfo=UTC) + WEEK
    live = _live(records, then)
    first = next((item.evidence["bundle"] for item in records if item.action == "promoted"), None)
    tried = {item.evidence["candidate"] for item in records if item.action == "judged" and item.at < then}
    return Week(
        number,
        monday,
        manifest.rows if manifest else 0,
        manifest.quarantined if manifest else 0,
        manifest.generation if manifest else 0,
        watched[-1].evidence["decision"] if watched else "",
        live[0] if live else None,
        truth.quality(live[1], number) if live else None,
        truth.quality(first, number) if first and live else None,
        max(truth.quality(digest, number) for digest in tried) if live else None,
    )


def _live(records: tuple[LedgerRecord, ...], then: datetime) -> tuple[int, str] | None:
    """Return the champion at the end of a week: its version and digest."""
    found = [item for item in stretches(records) if item.touches(then - timedelta(seconds=1), then)]
    return (found[-1].champion.version, found[-1].champion.digest) if found else None


def number_at(moment: datetime) -> int:
    """Return the number of the week that a moment lies in."""
    return (moment.date() - week_of(0)).days // 7


def _ticks(instance: dg.DagsterInstance) -> dict[str, int]:
    return {
        state.name: len(instance.get_ticks(state.instigator_origin_id, state.selector_id))
        for state in instance.all_instigator_state()
    }


def _name(run: dg.DagsterRun) -> str:
    return f"{run.job_name} {run.tags.get('dagster/partition', '')}".strip()
