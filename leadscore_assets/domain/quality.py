"""What a week of leads is worth, as named parts from 0 to 1 and one score.

The score is the least of the parts: four sound parts must not outvote a broken one, as they would in a mean.
Small weeks are given the slack of chance, so that one missing value among three rows alarms nobody.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from leadscore_assets.domain.contract import Contract, Feature
from leadscore_assets.domain.policy import QualityPolicy

PARTS = ("accepted", "completeness", "plausibility", "uniqueness", "labels")
_DEVIATIONS = 3.0
_ROWS_FOR_FENCES = 20
_ROWS_FOR_LABELS = 50
_MEASURED = ("numeric", "integer")

Floats = np.ndarray[Any, np.dtype[np.float64]]


def quality(
    good: pa.Table, *, quarantined: int, duplicates: int, contract: Contract, policy: QualityPolicy
) -> dict[str, float]:
    """Return `score` and its parts, 0 (worthless) to 1, for a validated week; an empty week is worth 1.

    accepted: share of all rows that were not quarantined.
    completeness: of the worst feature, 1 while its missing share is within the contract's allowance, falling to 0 where
    every value is missing.
    plausibility: of all numbers together, 1 less the share outside their feature's fences (quartiles widened by
    `policy.outlier_iqr` interquartile ranges, Tukey 1977) beyond `policy.tolerated_outliers`.
    uniqueness: share of accepted rows that no later row with the same key replaced.
    labels: share of labels in the contract's range or not known yet; 0 where 50 or more labels are all the same.
    """
    accepted = good.num_rows + duplicates
    parts = {
        "accepted": _share(accepted, accepted + quarantined),
        "completeness": _completeness(good, contract),
        "plausibility": _plausibility(good, contract, policy),
        "uniqueness": _share(good.num_rows, accepted),
        "labels": _labels(good, contract),
    }
    return {"score": min(parts.values())} | parts


def findings(good: pa.Table, contract: Contract, policy: QualityPolicy) -> dict[str, dict[str, float]]:
    """Return the features that stand out, by what they stand out in, with the share of rows: missing and outliers."""
    measured = [feature.name for feature in contract.features if feature.kind in _MEASURED]
    outside = {name: _outside_share(_known(good, name), policy.outlier_iqr) for name in measured}
    limit = policy.tolerated_outliers + _slack(policy.tolerated_outliers, good.num_rows)
    return {
        "missing": {name: share for name, (share, _) in missing_excess(good, contract).items()},
        "outliers": {name: share for name, share in outside.items() if share > limit},
    }


def label_counts(good: pa.Table, contract: Contract) -> dict[str, int]:
    """Count rows by label, the lowest first; rows whose label is not known are left out."""
    values, counts = np.unique(_known(good, contract.label), return_counts=True)
    return {f"{value:g}": int(count) for value, count in zip(values, counts, strict=True)}


def missing_excess(good: pa.Table, contract: Contract) -> dict[str, tuple[float, float]]:
    """Return the features that lack more values than the contract and chance allow, as (share, allowance)."""
    shares = {feature.name: _missing_share(good, feature) for feature in contract.features}
    return {
        feature.name: (shares[feature.name], feature.missing)
        for feature in contract.features
        if shares[feature.name] > feature.missing + _slack(feature.missing, good.num_rows)
    }


def _completeness(good: pa.Table, contract: Contract) -> float:
    excess = missing_excess(good, contract).values()
    return min((1.0 - (share - allowed) / (1.0 - allowed) for share, allowed in excess), default=1.0)


def _plausibility(good: pa.Table, contract: Contract, policy: QualityPolicy) -> float:
    """Judge all numbers together: alone, an honest feature with a narrow middle has a quarter of its values outside."""
    measured = [_known(good, feature.name) for feature in contract.features if feature.kind in _MEASURED]
    values = sum(len(known) for known in measured)
    outside = _share(sum(_outside_fences(known, policy.outlier_iqr) for known in measured), values) if values else 0.0
    excess = outside - policy.tolerated_outliers
    return 1.0 - max(0.0, excess) if excess > _slack(policy.tolerated_outliers, good.num_rows) else 1.0


def _outside_share(values: Floats, reach: float) -> float:
    return _outside_fences(values, reach) / len(values) if len(values) else 0.0


def _outside_fences(values: Floats, reach: float) -> int:
    if len(values) < _ROWS_FOR_FENCES:
        return 0
    lower, upper = np.quantile(values, [0.25, 0.75])
    spread = upper - lower
    if spread == 0:  # more than half of the values are equal: any other value would count as an outlier
        return 0
    return int(((values < lower - reach * spread) | (values > upper + reach * spread)).sum())


def _labels(good: pa.Table, contract: Contract) -> float:
    values = _known(good, contract.label)
    if len(values) >= _ROWS_FOR_LABELS and (values == values[0]).all():
        return 0.0
    inside = (values >= contract.label_minimum) & (values <= contract.label_maximum)
    return _share(good.num_rows - int((~inside).sum()), good.num_rows)


def _missing_share(good: pa.Table, feature: Feature) -> float:
    return good[feature.name].null_count / good.num_rows if good.num_rows else 0.0


def _slack(share: float, rows: int) -> float:
    """Return how far a share of `rows` may lie above its expectation by chance: three deviations and two rows."""
    return float(_DEVIATIONS * np.sqrt(share * (1 - share) / rows) + 2 / rows) if rows else 0.0


def _known(good: pa.Table, name: str) -> Floats:
    values: Floats = good[name].drop_null().cast(pa.float64()).to_numpy()
    return values


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
