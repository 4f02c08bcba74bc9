"""A package as the tags of an MLflow model version, and back.

A tag holds a limited number of characters: a longer document goes on in tags numbered from 1.
"""

import json
from datetime import date, datetime
from typing import Any

from leadscore_assets.backends.packages import written
from leadscore_assets.domain.digests import canonical_json
from leadscore_assets.domain.errors import CorruptArtefact
from leadscore_assets.domain.facts import Decision, Package

DECISION = "decision"

# MLflow allows 100,000; databases count bytes, and a character has up to four.
_LIMIT = 24_000


def to_tags(package: Package) -> dict[str, str]:
    """Return a package's tags; raise InvalidInput for metrics or lineage that are not JSON."""
    tags = {
        "digest": package.digest,
        "week": package.week.isoformat(),
        "semver": package.semver,
        "stage": package.stage,
        "created_at": package.created_at.isoformat(),
    }
    for name, content in (("metrics", package.metrics), ("lineage", package.lineage)):
        tags |= _split(name, written(name, content))
    return tags


def decision_text(decision: Decision) -> str:
    """Return a decision as its tag holds it."""
    return canonical_json(decision.to_json())


def from_tags(version: Any, *, in_production: int | None) -> Package:
    """Return the package of an MLflow model version; `in_production` is the version that the alias names."""
    tags = version.tags
    number = int(version.version)
    try:
        return Package(
            version=number,
            digest=tags["digest"],
            week=date.fromisoformat(tags["week"]),
            semver=tags["semver"],
            stage=_stage(number, tags["stage"], in_production),
            created_at=datetime.fromisoformat(tags["created_at"]),
            metrics=json.loads(_joined("metrics", tags)),
            lineage=json.loads(_joined("lineage", tags)),
            run_id=version.run_id or "",
            kept=tags.get("kept") != "no",
            decision=Decision.from_json(json.loads(tags[DECISION])) if DECISION in tags else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        remedy = "restore mlflow.db from a backup"
        raise CorruptArtefact(f"package {number} has no usable tags ({error}); {remedy}") from None


def _stage(number: int, written: str, in_production: int | None) -> str:
    if number == in_production:
        return "production"
    # Written before the alias moved on: a promotion was cut short, and this one is the version it left.
    return "archive" if written == "production" else written


def _split(name: str, text: str) -> dict[str, str]:
    parts = [text[start : start + _LIMIT] for start in range(0, len(text), _LIMIT)]
    return {name if number == 0 else f"{name}.{number}": part for number, part in enumerate(parts)}


def _joined(name: str, tags: dict[str, str]) -> str:
    text, number = tags[name], 1
    while f"{name}.{number}" in tags:
        text += tags[f"{name}.{number}"]
        number += 1
    return text
