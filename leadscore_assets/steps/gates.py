"""Gates: what must hold before the next step, and the record of it that a release reads again.

A gate's record names the content it judged. Evidence about other content is no evidence.
"""

from dataclasses import replace
from datetime import date, timedelta

from leadscore_assets.domain.calendar import window_end
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import CorruptArtefact, oneline
from leadscore_assets.domain.leakage import leaks
from leadscore_assets.domain.notice_words import gate_failed
from leadscore_assets.domain.promotion import reaches_floor
from leadscore_assets.domain.scoring import Scorer
from leadscore_assets.domain.slices import NAMES, TRAIN, overlaps
from leadscore_assets.steps.fitting import candidate_digest
from leadscore_assets.steps.gate import Gate, leads_subject
from leadscore_assets.steps.judging import stored_evaluation
from leadscore_assets.steps.leads_gates import LEADS_GATES
from leadscore_assets.steps.notifying import announce_news
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.stored_week import manifest_of


def slices_do_not_overlap(platform: Platform, week: date) -> Gate:
    """Pass when no day stands in two slices and their order is train, validation, test."""
    slices = {name: platform.lake.slice(week, name) for name in NAMES}
    latest = window_end(week, horizon_days=platform.contract.horizon_days, today=date.max - timedelta(days=1))
    found = overlaps(slices, end=latest)
    days = ", ".join(f"{name} {item.days[0]} to {item.days[-1]}" for name, item in slices.items() if item.days)
    return _gate("slices_do_not_overlap", week, slices_subject(platform, week), found or [f"{days}."], passed=not found)


def train_slice_has_no_leakage(platform: Platform, week: date) -> Gate:
    """Pass when no single feature nearly decides the outcome or is stamped after it."""
    table = platform.lake.read_files(platform.lake.slice(week, TRAIN).files)
    found = [f"{leak}" for leak in leaks(table, platform.contract, platform.policy.leakage)]
    reasons = found or [f"None of {len(platform.contract.features)} features decides the outcome alone."]
    gate = _gate("train_slice_has_no_leakage", week, slices_subject(platform, week), reasons, passed=not found)
    return replace(gate, severity=platform.policy.checks.severity(gate.name))


def bundle_passes_its_golden_rows(platform: Platform, week: date) -> Gate:
    """Pass when the week's bundle opens, matches its digest and scores its golden rows as in training."""
    digest = candidate_digest(platform, week)
    try:
        Scorer.open(platform.bundles.path(digest), digest=digest)
    except CorruptArtefact as error:
        return _gate("bundle_passes_its_golden_rows", week, digest, [f"{error}"], passed=False)
    return _gate(
        "bundle_passes_its_golden_rows", week, digest, ["Every golden row scores as in training."], passed=True
    )


def candidate_reaches_the_spearman_floor(platform: Platform, week: date) -> Gate:
    """Pass when the candidate's Spearman on the test rows is at least the policy's floor."""
    evaluation = stored_evaluation(platform, week)
    floor, found = platform.policy.promotion.spearman_floor, evaluation.candidate_metrics.get("spearman")
    shown = "could not be measured" if found is None else f"is {found:.4f}"
    reason = f"Spearman on {evaluation.rows:,} test rows {shown}; the floor is {floor:g}."
    passed = reaches_floor(evaluation.candidate_metrics, platform.policy.promotion)
    subject = evaluation.subject.candidate_digest
    return _gate("candidate_reaches_the_spearman_floor", week, subject, [reason], passed=passed)


SLICE_GATES = {
    "slices_do_not_overlap": slices_do_not_overlap,
    "train_slice_has_no_leakage": train_slice_has_no_leakage,
}
MODEL_GATES = {
    "bundle_passes_its_golden_rows": bundle_passes_its_golden_rows,
    "candidate_reaches_the_spearman_floor": candidate_reaches_the_spearman_floor,
}
GATES = LEADS_GATES | SLICE_GATES | MODEL_GATES


def pass_gate(platform: Platform, name: str, week: date) -> Gate:
    """Ask a gate about a week, store its answer as evidence and, when it fails, record that in the ledger."""
    gate = GATES[name](platform, week)
    platform.lake.write_json(_path(name, week), gate.to_json())
    if not gate.passed:
        platform.ledger.append(
            "gate failed",
            f"week {week}",
            reason=f"{name}: {oneline(list(gate.reasons), limit=3)}",
            evidence={"gate": name, "subject": gate.subject},
            key=f"gate:{name}:{week}:{gate.subject}:{platform.policy.digest}",
        )
        _announce(platform, gate)
    return gate


def _announce(platform: Platform, gate: Gate) -> None:
    key = f"gate:{gate.name}:{gate.week}:{gate.subject}:{platform.policy.digest}"
    reasons = oneline(list(gate.reasons), limit=3)
    notice = gate_failed(gate.name, gate.week, reasons=reasons, stops=gate.stops, at=platform.now(), key=key)
    announce_news(platform, gate.week, notice)


def stored_gate(platform: Platform, name: str, week: date) -> Gate | None:
    """Return a gate's stored answer for a week."""
    content = platform.lake.read_json(_path(name, week))
    return None if content is None else Gate.from_json(content)


def missing_evidence(platform: Platform, week: date) -> list[str]:
    """Return what keeps a week's model from traffic: gates that failed, never ran, or judged other content."""
    expected = {
        **dict.fromkeys(LEADS_GATES, leads_subject(manifest_of(platform, week))),
        **dict.fromkeys(SLICE_GATES, slices_subject(platform, week)),
        **dict.fromkeys(MODEL_GATES, candidate_digest(platform, week)),
    }
    return [
        f"{name} {problem}"
        for name, subject in expected.items()
        if (problem := _problem(platform, name, week, subject))
    ]


def slices_subject(platform: Platform, week: date) -> str:
    """Return the digest of a week's three slices."""
    return digest_of([platform.lake.slice(week, name).to_json() for name in NAMES])


def _problem(platform: Platform, name: str, week: date, subject: str) -> str:
    gate = stored_gate(platform, name, week)
    if gate is None:
        return "has not run"
    if gate.subject != subject:
        return "judged other content than is there now"
    return "" if not gate.stops else f"failed: {oneline(list(gate.reasons), limit=2)}"


def _path(name: str, week: date) -> str:
    return f"gates/week={week}/{name}.json"


def _gate(name: str, week: date, subject: str, reasons: list[str], *, passed: bool) -> Gate:
    return Gate(name, week, subject, passed, tuple(reasons))
