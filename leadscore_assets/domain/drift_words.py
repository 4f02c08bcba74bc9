"""A drift report in words: what was found on how many leads, what it rests on, and what would change it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from leadscore_assets.domain.drift_policy import DriftPolicy
from leadscore_assets.domain.feature_drift import FeatureDrift

if TYPE_CHECKING:
    from leadscore_assets.domain.drift import DriftReport

_NAMED = 3
_SLOPE = 0.4


def not_yet(report: "DriftReport", least: int) -> tuple[str, ...]:
    """Say what is missing for a verdict."""
    if not report.reference_weeks:
        return (
            f"There is no reference to compare week {report.week} with: no earlier week has a profile.",
            "A profile of an earlier week would change this; materialize lead_profile for it.",
        )
    sides = f"{report.rows:,} leads against {report.reference_rows:,} of {report.about}"
    short = max(least - min(report.rows, report.reference_rows), 0)
    return (
        f"Too few leads for a verdict: {sides}.",
        f"It needs {least:,} on either side, so {short:,} more; fewer could not tell a change from chance.",
    )


def reasons(report: "DriftReport", decision: str, policy: DriftPolicy) -> tuple[str, ...]:
    """Say the verdict, what else speaks, and what would change it."""
    found = [_headline(report, decision)]
    if policy.rule == "larger_than_usual":
        if report.separation:
            found.append(report.separation.sentence)
        if report.scores:
            found.append(report.scores.sentence)
    if report.served and report.served.decision != "not_yet":
        found.append(report.served.sentence)
    return (*found, _change(report, decision, policy))


def _headline(report: "DriftReport", decision: str) -> str:
    on = f"on {report.rows:,} leads against {report.reference_rows:,} of {report.about}"
    alarmed, watched = report.named("alarm"), report.named("watch")
    if alarmed:
        weight = f" (with {report.weight:.0%} of the model's gain)" if report.weight else ""
        count = f"{len(alarmed)} of {len(report.features)} features{weight}"
        return f"{count} drifted: {_list(alarmed)}, {on}."
    if decision == "alarm":
        spoke = [name for name, there in _others(report).items() if there]
        return f"No single feature shows it, but {' and '.join(spoke)}, {on}."
    if watched:
        return f"No alarm; {len(watched)} of {len(report.features)} features to watch: {_list(watched)}, {on}."
    return f"None of {len(report.features)} features drifted, {on}."


def _others(report: "DriftReport") -> dict[str, bool]:
    return {
        "the features hang together differently": bool(report.separation and report.separation.alarm),
        "the scores are spread differently": bool(report.scores and report.scores.decision == "alarm"),
    }


def _list(features: Sequence[FeatureDrift]) -> str:
    named = ", ".join(f"{item.name} ({item.findings[0]})" for item in features[:_NAMED])
    more = len(features) - _NAMED
    return f"{named} and {more} more" if more > 0 else named


def _change(report: "DriftReport", decision: str, policy: DriftPolicy) -> str:
    if policy.rule != "larger_than_usual":
        return f"Judged by the rule {policy.rule}; the numbers beside it show what chance alone reaches."
    calm = [item for item in report.features if item.distance <= item.bound]
    largest = max(calm, key=lambda item: item.distance / item.bound, default=None)
    if largest is None:
        return "Leads like the reference would change this."
    past = _history(report, policy)
    if decision == "alarm":
        return (
            f"A champion that learnt from leads like these would change this, or a next week like the reference.{past}"
        )
    nearest = f"{largest.name} comes nearest to its bound ({largest.distance:.3f} of {largest.bound:.3f})"
    return f"{nearest}; on as many leads {_size_found(largest)} would have alarmed.{past}"


def _size_found(item: FeatureDrift) -> str:
    """The change that reaches a feature's bound: for a number, the shift of a bell curve."""
    if item.kind == "number":
        return f"a shift of {item.bound / _SLOPE:.2g} standard deviations"
    return f"other levels on {item.bound:.0%} of the leads"


def _history(report: "DriftReport", policy: DriftPolicy) -> str:
    short = policy.minimum_history + 1 - report.history
    if short <= 0:
        return ""
    weeks = "week" if short == 1 else "weeks"
    return f" Smaller changes are judged once {short} more {weeks} of profiles tell what is usual."
