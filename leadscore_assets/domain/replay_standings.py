"""How replayed policies stand: the quality each served, and its regret, over the weeks that all of them share.

Every policy is measured on the same rows, and the oracle knows afterwards which of all models was the best on them.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from scipy.special import stdtrit

from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.metrics import Floats
from leadscore_assets.domain.replay import Replay, ReplayReport


@dataclass(frozen=True)
class Standing(Record):
    """One policy's quality over the common weeks: mean Spearman, regret, and how far behind the best of them it is.

    `error` is the standard error of `behind` over the weeks as if they were independent, None for the best itself.
    """

    policy: str
    weeks: int
    served: float | None
    regret: float | None
    behind: float | None
    error: float | None = None

    @property
    def within_chance(self) -> bool:
        """Whether it lies so close behind the best that chance alone explains it (two-sided t, 5 %)."""
        if self.behind is None or self.error is None or self.weeks < 2:
            return False
        return bool(self.behind <= stdtrit(self.weeks - 1, 0.975) * self.error)


def common_weeks(report: ReplayReport) -> tuple[date, ...]:
    """Return the weeks in which every policy served a measured model; one that never did is left out."""
    served = [{week.week for week in item.weeks if week.regret is not None} for item in report.replays]
    return tuple(sorted(set.intersection(*known))) if (known := [weeks for weeks in served if weeks]) else ()


def standings(report: ReplayReport) -> tuple[Standing, ...]:
    """Return each policy's quality over the common weeks, in the report's order."""
    weeks = common_weeks(report)
    series = [_series(item, weeks) for item in report.replays]
    known = [served for served, _ in series if len(served)]
    best = max(known, key=np.mean) if known else np.empty(0)
    return tuple(
        _standing(item.policy, served, regret, best)
        for item, (served, regret) in zip(report.replays, series, strict=True)
    )


def cumulative_regret(replay: Replay, weeks: tuple[date, ...]) -> list[float]:
    """Return the sum of the regret up to each of some weeks; a week that is not measured adds nothing."""
    known = {item.week: item.regret or 0.0 for item in replay.weeks}
    total, found = 0.0, []
    for week in weeks:
        total += known.get(week, 0.0)
        found.append(total)
    return found


def _series(replay: Replay, weeks: tuple[date, ...]) -> tuple[Floats, Floats]:
    """Spearman and regret of some weeks (n,), empty where the policy has not measured all of them."""
    known = {week.week: (week.served, week.regret) for week in replay.weeks if week.regret is not None}
    if not weeks or not set(weeks) <= set(known):
        return np.empty(0), np.empty(0)
    pairs = np.array([known[week] for week in weeks], dtype=np.float64)
    return pairs[:, 0], pairs[:, 1]


def _standing(policy: str, served: Floats, regret: Floats, best: Floats) -> Standing:
    if not len(served):
        return Standing(policy, 0, None, None, None)
    gap = best - served
    error = float(gap.std(ddof=1) / np.sqrt(len(gap))) if len(gap) > 1 and gap.any() else None
    return Standing(policy, len(served), float(served.mean()), float(regret.mean()), float(gap.mean()), error)
