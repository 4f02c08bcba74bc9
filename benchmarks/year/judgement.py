"""The year's judgement: each thing that was planted, and each promise that holds in any year, against what was done."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import mean, median

from benchmarks.year.facts import Judged, Year, number_at
from benchmarks.year.living import OFF_DAYS, off_from
from benchmarks.year.story import (
    BETTER,
    BROKEN,
    CONCEPT,
    EMPTY,
    LATE,
    LATE_WEEKS,
    OUTAGE,
    SHIFT,
    WEEKS,
    WORSE,
    WORSE_WEEKS,
    week_of,
)
from leadscore_assets.domain.facts import LedgerRecord

# Quality is told to about 0.01 on the leads that it is measured with.
_NOISE = 0.015
_FALSE_ALARMS = 2
_WEEKS_BEHIND = 6


@dataclass(frozen=True)
class Finding:
    """One thing that must hold: what was expected, whether it did, and the figures."""

    name: str
    holds: bool
    told: str


def judged(year: Year) -> list[Finding]:
    """Return every finding on a year; of one that was cut short, those that it came to."""
    known = [(name, check) for name, check in _CHECKS.items() if len(year.weeks) >= _NEEDS.get(name, 0)]
    return [Finding(name, *check(year)) for name, check in known]


def _better(year: Year) -> tuple[bool, str]:
    found = [item for item in _promoted(year) if BETTER <= number_at(item.at) <= BETTER + 2]
    return any((item.truth or 0) > _NOISE for item in found), _listed(found)


def _first_drift(year: Year) -> tuple[bool, str]:
    found = [item for item in _promoted(year) if CONCEPT < number_at(item.at) <= CONCEPT + 10]
    return any((item.truth or 0) > _NOISE for item in found), _listed(found)


def _second_drift(year: Year) -> tuple[bool, str]:
    alarms = [week.number for week in year.weeks if week.drift == "alarm" and SHIFT <= week.number <= SHIFT + 2]
    told = [item for item in year.of("notified") if "drift" in item.evidence["kinds"] and _in(item.at, SHIFT, 4)]
    asked = [item for item in year.of("asked") if item.evidence["cause"] == "drift" and _in(item.at, SHIFT, 4)]
    # A drift alarm is merged with the calendar's retraining where that is near: one retraining, not two.
    heard = [item for item in asked if item.evidence["decision"] in ("retrain", "wait")]
    soon = [item for item in year.of("trained") if heard and heard[0].at <= item.at <= heard[0].at + timedelta(days=8)]
    said = (
        f"alarm in weeks {_numbers(alarms)}; {len(told)} told, {len(heard)} answers, {len(soon)} trained within 8 days"
    )
    return bool(alarms and told and soon), said


def _no_other_alarm(year: Year) -> tuple[bool, str]:
    known = {BROKEN, EMPTY, *range(SHIFT, SHIFT + 9), *range(CONCEPT, CONCEPT + 6)}
    found = [week.number for week in year.weeks if week.drift == "alarm" and week.number not in known]
    return len(found) <= _FALSE_ALARMS, f"{len(found)} in {len(year.weeks)} weeks ({_numbers(found)})"


def _worse(year: Year) -> tuple[bool, str]:
    found = [item for item in year.judged if WORSE <= number_at(item.at) < WORSE + WORSE_WEEKS]
    return bool(found) and all(item.decision != "promote" for item in found), _listed(found)


def _never_worse(year: Year) -> tuple[bool, str]:
    gains = [item.truth for item in _promoted(year) if item.truth is not None]
    least = min(gains, default=-1.0)
    return least > -_NOISE, f"{len(gains)} replaced; the least true gain was {least:+.3f}"


def _near_the_best(year: Year) -> tuple[bool, str]:
    lost = [week.best - week.quality for week in year.weeks if week.best is not None and week.quality is not None]
    far = sum(item > 0.1 for item in lost)
    said = (
        f"{median(lost):.3f} below it in the median week; {far} weeks more than 0.1 below, while a release was proved"
    )
    return median(lost) < _NOISE and far <= _WEEKS_BEHIND, said


def _better_than_none(year: Year) -> tuple[bool, str]:
    late = [week for week in year.weeks if week.number > CONCEPT + 10 and week.quality is not None and week.first]
    live, first = mean(week.quality or 0 for week in late), mean(week.first or 0 for week in late)
    return live > first + 0.05, f"quality {live:.3f} of 1 from week {CONCEPT + 11} on; the first model's is {first:.3f}"


def _broken(year: Year) -> tuple[bool, str]:
    week, monday = year.weeks[BROKEN], week_of(BROKEN)
    stopped = [item for item in year.of("gate failed") if f"{monday}" in item.subject]
    told = [item for item in year.of("notified") if _in(item.at, BROKEN + 1, 1) and _kinds(item) & _TROUBLE]
    again = year.of("reopened")
    mended = [item for item in again if f"{monday}" in item.subject]
    said = f"{len(stopped)} gates failed, {len(told)} told, {len(mended)} mended; {week.rows:,} leads at the end"
    return bool(stopped and told and mended) and week.quarantined == 0 and week.rows > 0, said


def _outage(year: Year) -> tuple[bool, str]:
    off, on = off_from(), off_from() + timedelta(days=OFF_DAYS)
    during = [item for item in year.records if off <= item.at < on]
    told = [
        item for item in year.of("notified") if "sensor_silent" in item.evidence["kinds"] and _in(item.at, OUTAGE, 4)
    ]
    weeks = year.weeks[OUTAGE : OUTAGE + 3]
    rows = [week.rows for week in weeks]
    said = f"{len(during)} records meanwhile, silence told {len(told)} times, weeks of {_numbers(rows)} leads"
    return not during and len(told) == 1 and all(week.rows and week.version for week in weeks), said


def _nothing(year: Year) -> tuple[bool, str]:
    week = year.weeks[EMPTY]
    failed = [name for name in year.failed_runs if f"{week.monday}" in name]
    return week.rows == 0 and week.generations == 1 and not failed, f"{week.rows} leads, {len(failed)} failed runs"


def _late(year: Year) -> tuple[bool, str]:
    monday, came = week_of(LATE), datetime.combine(week_of(LATE + LATE_WEEKS), datetime.min.time(), UTC)
    told = [item for item in year.of("realised") if item.subject == f"week {monday}"]
    full = [item for item in told if item.at >= came and item.evidence["matured"] == 1.0]
    said = f"{len(told)} reports, {len(full)} of them whole, after the labels came on {came:%Y-%m-%d}"
    return bool(full) and year.weeks[LATE].generations == 2, said


def _one_answer_a_tick(year: Year) -> tuple[bool, str]:
    names = {"calendar": "retraining_when_it_is_due", "conditions": "conditions_of_a_retraining"}
    asked = {asker: sum(item.evidence["asker"] == asker for item in year.of("asked")) for asker in names}
    ticks = {asker: year.ticks[name] for asker, name in names.items()}
    return asked == ticks, f"answers: {_counts(asked)}; ticks: {_counts(ticks)}"


def _no_data_twice(year: Year) -> tuple[bool, str]:
    learnt = [(item.evidence["data_digest"], item.evidence["policy_digest"]) for item in year.of("trained")]
    return len(set(learnt)) == len(learnt), f"{len(learnt)} trainings"


def _told_once(year: Year) -> tuple[bool, str]:
    twice = len(year.deliveries) - len({(letter, channel) for letter, channel, _ in year.deliveries})
    said = f"{len(year.deliveries)} letters, {twice} twice, {year.problems_left} not delivered: {_counts(year.told)}"
    every = len(year.weeks) < WEEKS or set(year.told) >= _KINDS
    return twice == 0 and year.problems_left == 0 and every, said


def _whole(year: Year) -> tuple[bool, str]:
    faults, weeks = len(year.broken_chain), len(year.weeks)
    said = f"{len(year.records):,} records, {faults} faults; {year.pages} pages for {weeks} weeks"
    return not year.broken_chain and year.pages >= len(year.weeks), said


def _only_what_was_planted(year: Year) -> tuple[bool, str]:
    other = [name for name in year.failed_runs if f"{week_of(BROKEN)}" not in name]
    return not other, f"{_counts(year.runs)}; failed beside the broken week: {other or 'none'}"


def _clients(year: Year) -> tuple[bool, str]:
    return year.unanswered == 0 and year.requests > 0, f"{year.requests:,} requests, {year.unanswered} failed"


_TROUBLE = {"gate_failed", "run_failed"}
_KINDS = {"retrained", "drift", "promotion_coming", "promoted", "gate_failed", "sensor_silent", "weekly_report"}
_CHECKS: dict[str, Callable[[Year], tuple[bool, str]]] = {
    "a better model is promoted": _better,
    "after the first drift a better model takes over": _first_drift,
    "the second drift is seen, told and answered": _second_drift,
    "drift is seen where there is none at most twice": _no_other_alarm,
    "a worse model is refused": _worse,
    "no promotion makes it worse": _never_worse,
    "who answers is near the best model trained so far": _near_the_best,
    "and better than the first model left alone": _better_than_none,
    "broken data is set aside, told, and mended": _broken,
    "an outage is found, caught up and told once": _outage,
    "a week without data breaks nothing": _nothing,
    "late labels are waited for": _late,
    "each tick leaves one answer": _one_answer_a_tick,
    "nothing is trained twice on the same data": _no_data_twice,
    "every notice arrives once": _told_once,
    "the ledger is whole, and each week has its page": _whole,
    "no run fails but for what was planted": _only_what_was_planted,
    "every request is answered": _clients,
}
# Weeks after which a finding can be made.
_NEEDS = {
    "the second drift is seen, told and answered": SHIFT + 5,
    "a worse model is refused": WORSE + WORSE_WEEKS,
    "and better than the first model left alone": CONCEPT + 14,
    "an outage is found, caught up and told once": OUTAGE + 4,
    "a week without data breaks nothing": EMPTY + 2,
    "late labels are waited for": LATE + LATE_WEEKS + 1,
}


def _promoted(year: Year) -> list[Judged]:
    return [item for item in year.judged if item.decision == "promote" and item.champion]


def _in(moment: datetime, number: int, weeks: int) -> bool:
    return number <= number_at(moment) < number + weeks


def _kinds(item: LedgerRecord) -> set[str]:
    return set(item.evidence["kinds"])


def _listed(found: list[Judged]) -> str:
    return "; ".join(f"{item.at:%Y-%m-%d} {item.decision}, true gain {item.truth:+.3f}" for item in found) or "none"


def _numbers(found: list[int]) -> str:
    return ", ".join(f"{item:,}" for item in found) or "none"


def _counts(found: dict[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in sorted(found.items()))
