"""The version a person reads: vMAJOR.MINOR.PATCH, derived from what changed since the package before.

MAJOR: the features; MINOR: retrained on other data; PATCH: settings or fixes only.
"""

from collections.abc import Mapping
from typing import Any

from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.facts import Package

FIRST = "v1.0.0"
_DECIDING = ("features_digest", "data_digest")


def next_semver(previous: Package | None, lineage: Mapping[str, Any]) -> str:
    """Return the semantic version of a package that follows `previous`.

    `lineage` must hold `features_digest` and `data_digest`; raise InvalidInput naming the one it lacks.
    """
    absent = [name for name in _DECIDING if not lineage.get(name)]
    if absent:
        raise InvalidInput(f"the package's lineage lacks {' and '.join(absent)}; train the week again")
    if previous is None:
        return FIRST
    major, minor, patch = (int(part) for part in previous.semver.removeprefix("v").split("."))
    if lineage["features_digest"] != previous.lineage.get("features_digest"):
        return f"v{major + 1}.0.0"
    if lineage["data_digest"] != previous.lineage.get("data_digest"):
        return f"v{major}.{minor + 1}.0"
    return f"v{major}.{minor}.{patch + 1}"
