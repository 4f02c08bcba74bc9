"""How often each drift rule alarms, on weeks whose drift is known: the table behind the default.

`python -m benchmarks.decisions` prints it. One long run of weeks a world; each week is asked as it is and with each
plant, against the week before and against the 26 weeks before that.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from benchmarks.drift_world import NAMES, PLANTS, WOBBLE, Week, first_bins, make_week, planted
from leadscore_assets.domain.bins import Bins
from leadscore_assets.domain.domain_classifier import SIZES, separability
from leadscore_assets.domain.drift import DriftQuestion, DriftReport, judge_drift
from leadscore_assets.domain.drift_policy import DriftPolicy
from leadscore_assets.domain.drift_rules import judge_features, rule_alarms
from leadscore_assets.domain.presets import presets
from leadscore_assets.domain.separation import Separation, separation

HISTORY = 26
FIRST = date(2024, 1, 1)
DEFAULT = DriftPolicy(minimum_rows=200, history_weeks=HISTORY)
RULES = {name: DriftPolicy.model_validate({"preset": name}) for name in presets("drift") if name != "default"}
Found = dict[str, bool]
Rates = Mapping[str, Mapping[str, float]]


class Run:
    """Weeks that follow each other in one world, with the classifier's past answers."""

    def __init__(self, *, sizes: Sequence[int], wobble: float, seed: int) -> None:
        self._draw = np.random.default_rng([seed, *sizes[:1], int(1000 * wobble)])
        self._sizes, self._wobble = list(sizes), wobble
        self.bins: Bins = first_bins(10_000, self._draw)
        # Every AUC of a run is measured at the one size that all of its weeks have.
        self._size = next(size for size in SIZES if size <= min(sizes))

    def answers(self, plants: Sequence[str]) -> Iterator[tuple[str, DriftReport]]:
        """Yield the plant's name and the report for each week after the first 27."""
        weeks: list[Week] = []
        past: list[float] = []
        for size in self._sizes:
            week = make_week(size, self._draw, self.bins, wobble=self._wobble)
            if len(weeks) > HISTORY:
                yield from self._asked(week, weeks, past, plants)
            if weeks:
                past.append(self._auc(week, weeks[-1])[0])
            weeks = [*weeks[-HISTORY:], replace(week, hidden=None)]

    def _asked(
        self, week: Week, weeks: list[Week], past: list[float], plants: Sequence[str]
    ) -> Iterator[tuple[str, DriftReport]]:
        for name, one in planted(week, self._draw, self.bins):
            if name in plants:
                auc, gains = self._auc(one, weeks[-1])
                best = [NAMES[place] for place in np.argsort(-gains, kind="stable")[:3]]
                found = separation(auc, past[-HISTORY:], size=self._size, features=best, policy=DEFAULT)
                yield name, judge_drift(self._question(one, weeks, found), DEFAULT)

    def _question(self, week: Week, weeks: list[Week], found: Separation) -> DriftQuestion:
        return DriftQuestion(
            week=FIRST + timedelta(weeks=1),
            now=week.profile,
            reference=weeks[-1].profile,
            reference_weeks=(FIRST,),
            past=[item.profile for item in weeks],
            bins=self.bins,
            separation=found,
        )

    def _auc(self, week: Week, other: Week) -> tuple[float, np.ndarray]:
        return separability(week.sample[: self._size], other.sample[: self._size])


def decisions(report: DriftReport) -> Found:
    """Return what each rule, and each part of the default, says to one report."""
    found = {"default": report.verdict.decision == "alarm"}
    for name, policy in RULES.items():
        found[name] = rule_alarms(judge_features(report.features, policy), policy)
    usual = [item for item in report.features if item.usual]
    level = DEFAULT.usual_alpha / max(len(report.features), 1)
    found["bounds alone"] = any(item.distance > item.bound for item in report.features)
    found["past alone"] = any(item.usual is not None and item.usual.p < level for item in usual)
    found["classifier alone"] = report.separation is not None and report.separation.alarm
    return found


def measured(*, n: int | Sequence[int], weeks: int, wobble: float, plants: Sequence[str], seed: int = 1) -> Rates:
    """Return plant -> rule -> share of weeks that alarm, over `weeks` weeks of n leads (or of these sizes in turn)."""
    cycle = [n] if isinstance(n, int) else list(n)
    sizes = [cycle[place % len(cycle)] for place in range(HISTORY + 1 + weeks)]
    counts: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for plant, report in Run(sizes=sizes, wobble=wobble, seed=seed).answers(plants):
        for rule, alarm in decisions(report).items():
            counts[plant][rule].append(alarm)
    return {plant: {rule: float(np.mean(seen)) for rule, seen in rules.items()} for plant, rules in counts.items()}


def lines(found: Mapping[str, Mapping[int, Mapping[str, float]]]) -> Iterator[str]:
    """Write the table as Markdown, each cell for every n."""
    heads = ["N0", "N1", *list(PLANTS)[1:]]
    sizes = "/".join(f"{n:,}" for n in next(iter(found.values())))
    yield f"| rule ({sizes}) | " + " | ".join(heads) + " |"
    yield "|---|" + "---|" * len(heads)
    for rule, by_size in found.items():
        cells = ["/".join(_short(rates[head]) for rates in by_size.values()) for head in heads]
        yield f"| {rule} | " + " | ".join(cells) + " |"


def _short(share: float) -> str:
    return f"{share:.3f}".rstrip("0").rstrip(".") if share < 0.1 else f"{share:.2f}"


def after_a_change(weeks: int) -> dict[str, float]:
    """Return how often the default alarms on quiet weeks of a new size, after 26 weeks of another."""
    found = {}
    for before, after in ((10_000, 1_000), (1_000, 10_000)):
        for name, wobble in (("N0", 0.0), ("N1", WOBBLE)):
            rates = [once_after_a_change(before, after, wobble, seed) for seed in range(weeks)]
            found[f"{name} {before:,} -> {after:,}"] = float(np.mean(rates))
    return found


def once_after_a_change(before: int, after: int, wobble: float, seed: int) -> float:
    """Return the share of six quiet weeks of a new size that the default alarms on."""
    run = Run(sizes=[before] * (HISTORY + 1) + [after] * 6, wobble=wobble, seed=100 + seed)
    return float(np.mean([report.verdict.decision == "alarm" for _, report in run.answers(["N"])]))
