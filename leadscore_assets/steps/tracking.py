"""Tracking: one experiment run a candidate, promoted or not, with what it was given and what came of it."""

from datetime import date

from leadscore_assets.domain import bundle
from leadscore_assets.domain.evaluation import Evaluation
from leadscore_assets.steps.platform import Platform

_FILES = (bundle.METRICS, bundle.LINEAGE, bundle.FEATURES)


def track_training(platform: Platform, week: date, evaluation: Evaluation) -> str:
    """Record a week's training and its verdict in the experiment, once, and return the run's id."""
    digest = evaluation.subject.candidate_digest
    folder = platform.bundles.path(digest)
    _, files = bundle.read(folder, digest=digest)
    lineage, summary = bundle.document(files, bundle.LINEAGE), bundle.document(files, bundle.METRICS)
    facts = {name: value for name, value in lineage.items() if isinstance(value, str | int)}
    verdict = {"verdict": evaluation.verdict.decision, "rule": evaluation.verdict.rule, "bundle": digest}
    trained = {name: summary[name] for name in ("train_rows", "validation_rows", "rounds", "validation_rmse")}
    return platform.registry.track(
        name=f"week {week} bundle {digest[:12]}",
        week=week,
        params={**summary["hyperparameters"], **facts, **verdict},
        metrics={**evaluation.candidate_metrics, **{name: float(value) for name, value in trained.items()}},
        files=[folder / name for name in _FILES],
    )
