"""Fitting: one training job for a week's slices, named by its content so that the same job is done once."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import metadata, resources
from typing import Any

from leadscore_assets import __version__
from leadscore_assets.backends.ports import TrainingJob
from leadscore_assets.domain import bundle
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import CorruptArtefact, Missing
from leadscore_assets.domain.facts import Package, Slice
from leadscore_assets.domain.other_policy import learning_digest
from leadscore_assets.domain.slices import TRAIN, VALIDATION
from leadscore_assets.domain.training import hyperparameters
from leadscore_assets.steps.platform import Platform

_CODE = ("domain", "jobs")
_DEPENDENCIES = ("xgboost", "numpy", "optuna", "pyarrow", "scipy")
_EXTRA = "lightgbm"


@dataclass(frozen=True)
class Fitted:
    """A week's trained bundle and what the training said of itself.

    `cost` is the platform's charge in US dollars as estimated, 0 on this machine and None where no price is known;
    `limit_minutes` is the bound that the job was held to, and `facts` are what the platform tells of the job.
    """

    digest: str
    seconds: float
    cost: float | None
    limit_minutes: int
    reused: bool
    job: str
    summary: dict[str, Any]
    lineage: dict[str, Any]
    facts: Mapping[str, str | float]


def fit_candidate(platform: Platform, week: date, *, on_line: Callable[[str], None]) -> Fitted:
    """Train a week's candidate, or find the bundle that the same data, policy and code made before."""
    fitted = _fit(platform, training_job(platform, week), on_line)
    platform.lake.write_json(f"models/week={week}/model.json", {"digest": fitted.digest, "job": fitted.job})
    _record(platform, week, fitted)
    return fitted


def fit_aside(
    platform: Platform,
    week: date,
    slices: Mapping[str, Slice],
    *,
    champion: Package | None,
    on_line: Callable[[str], None],
) -> Fitted:
    """Train on given slices; the week's candidate and slices stay what they are. A search starts from the champion."""
    return _fit(platform, training_job(platform, week, slices, lambda: champion), on_line)


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


def training_job(
    platform: Platform,
    week: date,
    slices: Mapping[str, Slice] | None = None,
    champion: Callable[[], Package | None] | None = None,
) -> TrainingJob:
    """Describe a week's training job; its name is a digest of data, contract, policy and code.

    The slices are the stored ones where none are given. `champion` is asked only where there is a search.
    """
    train, validation = (slices[name] if slices else platform.lake.slice(week, name) for name in (TRAIN, VALIDATION))
    contract, policy = platform.contract, platform.policy
    lineage = _lineage(platform, week, train, validation)
    given = _as_strings(hyperparameters(policy.training))
    documents = {
        "contract": contract.model_dump(mode="json"),
        "policy": policy.model_dump(mode="json"),
        "lineage": lineage,
        **_search_start(platform, week, champion or platform.registry.production),
    }
    identity = digest_of([lineage, given, documents.get("champion")])
    return TrainingJob(
        name=f"leadscore-{week}-{identity[:12]}",
        week=week,
        train=train,
        validation=validation,
        documents=documents,
        hyperparameters=given,
        maximum_minutes=policy.training.maximum_minutes,
        hosts=policy.resources.training_hosts,
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
        "learning_digest": learning_digest(platform.policy),
        "hosts": platform.policy.resources.training_hosts,
        "code_digest": code_digest(),
        "leadscore_version": __version__,
        "dependencies": _dependencies(platform.policy.training.learners),
    }


def _dependencies(learners: tuple[str, ...]) -> dict[str, str]:
    wanted = (*_DEPENDENCIES, _EXTRA) if _EXTRA in learners else _DEPENDENCIES
    try:
        return {name: metadata.version(name) for name in wanted}
    except metadata.PackageNotFoundError as error:
        raise Missing(
            f"{error.name} is not installed here, and the policy trains with it; install leadscore-assets[{_EXTRA}] or "
            "leave it out of [training] learners"
        ) from None


def _as_strings(values: dict[str, Any]) -> dict[str, str]:
    """Write hyperparameters as SageMaker passes them on; a list is joined by commas."""
    return {name: ",".join(value) if isinstance(value, list) else str(value) for name, value in values.items()}


def _search_start(
    platform: Platform, week: date, find_champion: Callable[[], Package | None]
) -> dict[str, dict[str, Any]]:
    """Return the document a search starts from: the parameters of a champion that is older than the week.

    A newer one would tell an old week's search what only the future knew.
    """
    tuning = platform.policy.tuning
    champion = find_champion() if tuning.trials and tuning.warm_start else None
    if champion is None or champion.week >= week:
        return {}
    _, files = bundle.read(platform.bundles.path(champion.digest), digest=champion.digest)
    known = bundle.document(files, bundle.METRICS).get("hyperparameters")
    return {"champion": {"digest": champion.digest, "hyperparameters": known}} if known else {}


def _fit(platform: Platform, job: TrainingJob, on_line: Callable[[str], None]) -> Fitted:
    result = platform.trainer.train(job, on_line=on_line)
    _, files = bundle.read(platform.bundles.path(result.digest), digest=result.digest)
    summary, lineage = bundle.document(files, bundle.METRICS), bundle.document(files, bundle.LINEAGE)
    return Fitted(
        digest=result.digest,
        seconds=result.seconds,
        cost=result.cost,
        limit_minutes=job.maximum_minutes,
        reused=result.reused,
        job=job.name,
        summary=summary,
        lineage=lineage,
        facts=result.facts,
    )


def _days(lineage: dict[str, Any]) -> str:
    return f"{lineage['trained_from']} to {lineage['trained_until']}"


def _record(platform: Platform, week: date, fitted: Fitted) -> None:
    summary, lineage = fitted.summary, fitted.lineage
    platform.ledger.append(
        "trained",
        f"bundle {fitted.digest}",
        reason=f"week {week}: {summary['train_rows']:,} rows of {_days(lineage)}",
        evidence={
            "week": week.isoformat(),
            "data_digest": lineage["data_digest"],
            "policy_digest": lineage["policy_digest"],
            "rows": summary["train_rows"],
            "learner": summary["learner"],
            "rounds": summary["rounds"],
            "validation_rmse": summary["validation_rmse"],
            "seconds": fitted.seconds,
            "cost": fitted.cost,
        },
        key=f"trained:{week}:{fitted.digest}",
    )
