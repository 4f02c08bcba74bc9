"""What makes a feature alarm: the default rule and the field's rules of thumb, each on the same measured numbers.

The default asks for more than a harmless distance and its margin, or for more than this feature's own past has shown.
A feature that no week leaves alone (the day of the month) is judged by its past only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from leadscore_assets.domain.chance import false_discoveries
from leadscore_assets.domain.drift_policy import DriftPolicy, DriftRule
from leadscore_assets.domain.feature_drift import FeatureDrift, Severity

Finding = tuple[Severity, str]
Judge = Callable[[Sequence[FeatureDrift], DriftPolicy], list[list[Finding]]]
_WATCH = 4.0


def judge_features(measured: Sequence[FeatureDrift], policy: DriftPolicy) -> list[FeatureDrift]:
    """Give each feature its severity and its findings as sentences, the most severe and largest first."""
    judged = [_with(item, found) for item, found in zip(measured, RULES[policy.rule](measured, policy), strict=True)]
    rank = {"alarm": 0, "watch": 1, "quiet": 2}
    return sorted(judged, key=lambda item: (rank[item.severity], -item.pressure, item.name))


def rule_alarms(features: Sequence[FeatureDrift], policy: DriftPolicy) -> bool:
    """Tell whether judged features make their rule alarm on the week: one is enough, but for Evidently's share."""
    if policy.rule == "evidently":
        flagged = sum(item.evidently for item in features)
        return bool(features) and flagged > 0 and flagged >= policy.drifted_share * len(features)
    return any(item.severity == "alarm" for item in features)


def _with(item: FeatureDrift, found: list[Finding]) -> FeatureDrift:
    severities = [severity for severity, _ in found]
    worst: Severity = next((severity for severity in ("alarm", "watch") if severity in severities), "quiet")
    return replace(item, severity=worst, findings=tuple(text for _, text in found))


def _usual(measured: Sequence[FeatureDrift], policy: DriftPolicy) -> list[list[Finding]]:
    return [
        [found for ask in _QUESTIONS if (found := ask(item, policy, len(measured))) is not None] for item in measured
    ]


def _unit(item: FeatureDrift, _policy: DriftPolicy, _features: int) -> Finding | None:
    if item.unit is None or item.distance <= item.bound:
        return None
    return "alarm", item.unit.sentence


def _bounded(item: FeatureDrift, policy: DriftPolicy, _features: int) -> Finding | None:
    if item.distance > item.bound and item.restless > policy.restless_share:
        return "quiet", f"{_distance(item)}, but {item.restless:.0%} of past weeks were beyond their bound too"
    if item.distance > item.bound:
        return "alarm", f"{_distance(item)}, bound {item.bound:.3f}"
    if item.distance > policy.tolerance + item.chance:
        reached = policy.tolerance + item.chance
        return "watch", f"{_distance(item)}, above tolerance and chance ({reached:.3f})"
    return None


def _past(item: FeatureDrift, policy: DriftPolicy, features: int) -> Finding | None:
    if item.usual is None or item.p > policy.alpha / features:
        return None
    if item.usual.p < policy.usual_alpha / features:
        return "alarm", f"unusual beside {item.usual.weeks} past weeks ({_p(item.usual.p)})"
    if item.usual.p < _WATCH * policy.usual_alpha / features:
        return "watch", f"large beside {item.usual.weeks} past weeks ({_p(item.usual.p)})"
    return None


def _missing(item: FeatureDrift, policy: DriftPolicy, _features: int) -> Finding | None:
    moved = abs(item.missing - item.missing_before)
    margin = item.missing_bound - policy.missing_tolerance
    text = f"{item.missing:.1%} missing, {item.missing_before:.1%} before"
    if item.missing_moved:
        return "alarm", text
    return ("watch", text) if moved > max(policy.missing_tolerance, margin) else None


def _levels(item: FeatureDrift, _policy: DriftPolicy, _features: int) -> Finding | None:
    if not item.strange:
        return None
    named = ", ".join(f"{level} ({share:.1%})" for level, share in item.strange.items())
    return "watch", f"new levels: {named}"


_QUESTIONS = (_unit, _bounded, _past, _missing, _levels)


def _psi(measured: Sequence[FeatureDrift], policy: DriftPolicy) -> list[list[Finding]]:
    found: list[list[Finding]] = []
    for item in measured:
        text = f"PSI {item.psi:.3f} (chance alone reaches {item.psi_chance:.3f})"
        if item.psi >= policy.psi_retrain:
            found.append([("alarm", f"{text}, at or above {policy.psi_retrain:g}")])
        else:
            found.append([("watch", f"{text}, at or above {policy.psi_warn:g}")] if item.psi >= policy.psi_warn else [])
    return found


def _ks_fdr(measured: Sequence[FeatureDrift], policy: DriftPolicy) -> list[list[Finding]]:
    flags = false_discoveries([item.p for item in measured], rate=policy.false_discovery_rate)
    text = f"a discovery with false ones held at {policy.false_discovery_rate:.0%}"
    return [
        [("alarm", f"{_distance(item)}, p {item.p:.2g}: {text}")] if flag else []
        for item, flag in zip(measured, flags, strict=True)
    ]


def _evidently(measured: Sequence[FeatureDrift], policy: DriftPolicy) -> list[list[Finding]]:
    share = sum(item.evidently for item in measured) / max(len(measured), 1)
    severity: Severity = "alarm" if share >= policy.drifted_share else "watch"
    text = "drifted by Evidently's default test"
    return [[(severity, text)] if item.evidently else [] for item in measured]


RULES: Mapping[DriftRule, Judge] = {
    "larger_than_usual": _usual,
    "psi": _psi,
    "ks_fdr": _ks_fdr,
    "evidently": _evidently,
}


def _distance(item: FeatureDrift) -> str:
    name = "KS distance" if item.kind == "number" else "total variation"
    return f"{name} {item.distance:.3f}"


def _p(value: float) -> str:
    return f"p {value:.4f}" if value >= 0.0001 else "p < 0.0001"
