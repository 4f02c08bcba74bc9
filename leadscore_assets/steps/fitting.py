"""Fitting: one training job for a week's slices, named by its content so that the same job is done once."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import metadata, resources
from typing import Any

from leadscore_assets import __version__
from leadscore_assets.backends.ports import TrainingJob, TrainingResult
from leadscore_assets.domain import bundle
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import CorruptArtefact, Missing
from leadscore_assets.domain.facts import Slice
from leadscore_assets.domain.slices import TRAIN, VALIDATION
from leadscore_assets.steps.platform import Platform

_CODE = ("domain", "jobs")
_DEPENDENCIES = ("xgboost", "numpy", "pyarrow", "scipy")


@dataclass(frozen=True)
class Fitted:
    """A week's trained bundle and what the training said of itself."""

    digest: str
    seconds: float
    reused: bool
    job: str
    summary: dict[str, Any]
    lineage: dict[str, Any]


def fit_candidate(platform: Platform, week: date, *, on_line: Callable[[str], None]) -> Fitted:
    """Train a week's candidate, or find the bundle that the same data, policy and code made before."""
    job = training_job(platform, week)
    result = platform.trainer.train(job, on_line=on_line)
    _, files = bundle.read(platform.bundles.path(result.digest), digest=result.digest)
    summary, lineage = bundle.document(files, bundle.METRICS), bundle.document(files, bundle.LINEAGE)
    platform.lake.write_json(f"models/week={week}/model.json", {"digest": result.digest, "job": job.name})
    _record(platform, week, result, summary, lineage)
    return Fitted(result.digest, result.seconds, result.reused, job.name, summary, lineage)


def candidate_digest(platform: Platform, week: date) -> str:
    """Return the digest of a week's trained bundle; raise Missing with the remedy."""
    content = platform.lake.read_json(f"models/week={week}/model.json")
    if content is None:
        raise Missing(f"week {week} has no trained model; materialize trained_model for it")
    if not isinstance(content.get("digest"), str):
        raise CorruptArtefact(
            f"models/week={week}/model.json names no digest; materialize trained_model for the week again"
        )
    return str(content["digest"])


def training_job(platform: Platform, week: date) -> TrainingJob:
    """Describe a week's training job; its name is a digest of data, contract, policy and code."""
    train, validation = (platform.lake.slice(week, name) for name in (TRAIN, VALIDATION))
    contract, policy = platform.contract, platform.policy
    lineage = _lineage(platform, week, train, validation)
    hyperparameters = {
        name: str(value)
        for name, value in policy.training.model_dump().items()
        if name not in ("instance_type", "maximum_minutes")
    }
    identity = digest_of([lineage, hyperparameters])
    return TrainingJob(
        name=f"leadscore-{week}-{identity[:12]}",
        week=week,
        train=train,
        validation=validation,
        documents={
            "contract": contract.model_dump(mode="json"),
            "policy": policy.model_dump(mode="json"),
            "lineage": lineage,
        },
        hyperparameters=hyperparameters,
        maximum_minutes=policy.training.maximum_minutes,
    )


@cache
def code_digest() -> str:
    """Return the SHA-256 of the source that decides what a model becomes."""
    found = hashlib.sha256()
    root = resources.files("leadscore_assets")
    for package in _CODE:
        for path in sorted(root.joinpath(package).iterdir(), key=lambda item: item.name):
            if path.name.endswith(".py"):
                found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def _lineage(platform: Platform, week: date, train: Slice, validation: Slice) -> dict[str, Any]:
    return {
        "week": week.isoformat(),
        "data_digest": digest_of([train.digest, validation.digest]),
        "trained_from": train.days[0].isoformat(),
        "trained_until": train.days[-1].isoformat(),
        "validated_until": validation.days[-1].isoformat(),
        "contract": platform.contract.name,
        "contract_digest": platform.contract.digest,
        "policy_digest": platform.policy.digest,
        "code_digest": code_digest(),
        "leadscore_version": __version__,
        "dependencies": {name: metadata.version(name) for name in _DEPENDENCIES},
    }


def _days(lineage: dict[str, Any]) -> str:
    return f"{lineage['trained_from']} to {lineage['trained_until']}"


def _record(
    platform: Platform, week: date, result: TrainingResult, summary: dict[str, Any], lineage: dict[str, Any]
) -> None:
    platform.ledger.append(
        "trained",
        f"bundle {result.digest}",
        reason=f"week {week}: {summary['train_rows']:,} rows of {_days(lineage)}",
        evidence={
            "week": week.isoformat(),
            "data_digest": lineage["data_digest"],
            "policy_digest": lineage["policy_digest"],
            "rows": summary["train_rows"],
            "rounds": summary["rounds"],
            "validation_rmse": summary["validation_rmse"],
            "seconds": result.seconds,
        },
        key=f"trained:{week}:{result.digest}",
    )
