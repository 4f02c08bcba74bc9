"""A small contract, leads of it, and two trained bundles that score them differently."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from leadscore_assets.backends.local.bundles import LocalBundles
from leadscore_assets.domain import bundle
from leadscore_assets.domain.contract import Contract, Derived, Feature
from leadscore_assets.domain.policy import Policy
from leadscore_assets.domain.scoring import Scorer
from leadscore_assets.domain.training import train_bundle
from leadscore_assets.domain.training_policy import TrainingPolicy
from leadscore_assets.serving.desired import Placed

CONTRACT = Contract(
    name="small",
    features=(
        Feature(name="employees", kind="integer", minimum=1, maximum=1_000_000),
        Feature(name="revenue", kind="numeric", minimum=0, maximum=1e12, missing=0.2),
        Feature(name="opened_mail", kind="boolean"),
        Feature(name="industry", kind="categorical", levels=("software", "retail", "health")),
        Feature(name="country", kind="categorical", levels=("DE", "US"), open_levels=True),
    ),
    derived=(Derived(name="created_hour", kind="hour", of=("created_at",)),),
)
_POLICY = Policy(training=TrainingPolicy(rounds=30, threads=1, min_child_weight=1.0, learners=("xgboost",)))


def leads(rows: int, *, seed: int) -> pa.Table:
    """Leads whose score grows with their size, in the contract's schema."""
    draw = np.random.default_rng(seed)
    employees = draw.integers(1, 5_000, rows)
    start = datetime(2026, 1, 5, tzinfo=UTC)
    score = np.clip(np.rint(1 + 4 * employees / 5_000 + draw.normal(0, 0.4, rows)), 1, 5)
    return pa.table(
        {
            "lead_id": [f"lead-{seed}-{at}" for at in range(rows)],
            "created_at": [start + timedelta(minutes=int(m)) for m in draw.integers(0, 10_000, rows)],
            "employees": employees,
            "revenue": [None if draw.random() < 0.05 else float(v) for v in draw.gamma(2.0, 1e5, rows)],
            "opened_mail": draw.random(rows) < 0.5,
            "industry": draw.choice(["software", "retail", "health"], rows),
            "country": draw.choice(["DE", "US", "FR"], rows),
            "lead_score": score.astype(np.int64),
            "converted": draw.random(rows) < score / 6,
        },
        schema=CONTRACT.schema,
    )


def records(rows: int, *, seed: int = 7) -> list[dict[str, Any]]:
    """The same leads as a client sends them: without label and outcome, missing values left out."""
    return [
        {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in row.items()
            if value is not None and name not in ("lead_score", "converted")
        }
        for row in leads(rows, seed=seed).to_pylist()
    ]


def scorer(kept: LocalBundles, digest: str) -> Scorer:
    """Open a kept bundle as a batch job does."""
    return Scorer.open(kept.path(digest), digest=digest)


def placed(kept: LocalBundles, digest: str, version: int) -> Placed:
    """A kept bundle as the champion."""
    return Placed("champion", digest, version, 1.0, str(kept.path(digest)))


def trained(root: Path) -> tuple[LocalBundles, list[str]]:
    """Train two bundles into a folder and return them with their digests."""
    kept, digests = LocalBundles(root / "bundles"), []
    for seed in (1, 2):
        draft = root / f"draft-{seed}"
        draft.mkdir(parents=True)
        files = train_bundle(
            leads(600, seed=seed), leads(200, seed=seed + 10), contract=CONTRACT, policy=_POLICY, lineage={"seed": seed}
        )
        bundle.write(draft, files)
        digests.append(kept.add(draft))
    return kept, digests
