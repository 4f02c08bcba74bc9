"""A replay's numbers as texts, for the page and for the terminal alike."""

from dataclasses import dataclass

from leadscore_assets.domain.replay import NO_CANDIDATE, NOT_RETRAINED, Replay, ReplayReport, ReplayWeek
from leadscore_assets.domain.replay_standings import Standing, standings

DECISIONS = {
    "promote": "promote",
    "manual": "ask a person",
    "keep": "keep",
    "not_yet": "not yet",
    NOT_RETRAINED: "not retrained",
    NO_CANDIDATE: "no candidate",
}
HEAD = ("policy", "retrained", "promoted", "asked", "not yet", "no candidate", "time", "cost", "spearman", "regret")


@dataclass(frozen=True)
class Line:
    """One policy's numbers as texts; `behind` is how far it lies behind the best of them."""

    policy: str
    retrained: str
    promoted: str
    asked: str
    not_yet: str
    no_candidate: str
    time: str
    cost: str
    spearman: str
    regret: str
    behind: str
    best: bool


@dataclass(frozen=True)
class WeekLine:
    """One week of one policy as texts; `state` is the decision, `differs` where the ledger decided otherwise."""

    week: str
    state: str
    decision: str
    reason: str
    served: str
    oracle: str
    rows: str
    ledger: str
    differs: bool


def lines(report: ReplayReport) -> list[Line]:
    """Return a line a policy, in the report's order."""
    found = list(zip(report.replays, standings(report), strict=True))
    several = sum(standing.served is not None for _, standing in found) > 1
    return [_line(item, standing, several=several) for item, standing in found]


def week_lines(replay: Replay) -> list[WeekLine]:
    """Return a policy's weeks, newest first."""
    return [_week(week) for week in reversed(replay.weeks)]


def sentence(report: ReplayReport) -> str:
    """Say which policy served best, and which others cannot be told from it."""
    found = [item for item in standings(report) if item.served is not None]
    if not found:
        return "No policy served a model that could be measured in these weeks."
    best = max(found, key=lambda item: item.served or 0.0)
    over = f"over {best.weeks} weeks"
    served = f"{best.policy} serves a mean Spearman of {best.served:.4f} {over}, {best.regret:.4f} below the oracle."
    close = [item.policy for item in found if item is not best and (item.within_chance or item.behind == 0)]
    return f"{served} Within chance of it: {', '.join(close)}." if close else served


def duration(seconds: float) -> str:
    """Write seconds as hours, minutes or seconds."""
    if seconds >= 5400:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.1f} min" if seconds >= 90 else f"{seconds:.0f} s"


def _line(item: Replay, standing: Standing, *, several: bool) -> Line:
    best = several and standing.behind == 0
    return Line(
        policy=item.policy,
        retrained=f"{item.retrainings:,}",
        promoted=f"{item.promotions:,}",
        asked=f"{item.count('manual'):,}",
        not_yet=f"{item.count('not_yet'):,}",
        no_candidate=f"{item.count(NO_CANDIDATE):,}",
        time=duration(item.seconds),
        cost="unknown" if item.cost is None else f"{item.cost:.2f}",
        spearman=_shown(standing.served),
        regret=_shown(standing.regret),
        behind=_behind(standing) if several else "-",
        best=best,
    )


def _behind(standing: Standing) -> str:
    if standing.behind is None:
        return "-"
    return "best" if standing.error is None else f"{standing.behind:.4f} ± {standing.error:.4f}"


def _week(week: ReplayWeek) -> WeekLine:
    decision = DECISIONS[week.decision]
    if week.decision == "promote" and not week.promoted:
        decision = "promote, held back"
    return WeekLine(
        week=f"{week.week}",
        state=week.decision,
        decision=decision,
        reason=week.reason,
        served=_shown(week.served),
        oracle=_shown(week.oracle),
        rows=f"{week.rows:,} rows" if week.rows else "",
        ledger=_ledger(week),
        differs=bool(week.ledger and week.ledger.same_question and week.ledger.decision != week.decision),
    )


def _ledger(week: ReplayWeek) -> str:
    if week.ledger is None:
        return "-"
    said = DECISIONS[week.ledger.decision]
    if week.ledger.same_question:
        return said
    other = "champion" if not week.ledger.same_champion else "policy" if not week.ledger.same_policy else "rows"
    return f"{said} (other {other})"


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
