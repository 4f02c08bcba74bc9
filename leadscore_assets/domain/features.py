"""From columns to the model's inputs: encodings, imputation, caps, scales and derived features.

What is learnt is learnt from the train slice alone and saved as JSON in the bundle; `transform` is the only code that
turns a lead into numbers, in training, batch and online scoring.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from leadscore_assets.domain.column import Column, Columns, Floats
from leadscore_assets.domain.contract import Contract, Feature
from leadscore_assets.domain.derived import apply_derived, fit_derived
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.finishing import Finishing, Matrix
from leadscore_assets.domain.policy import FeaturePolicy

__all__ = ["FeatureTransform", "Matrix", "feature_values", "fit_transform", "plain"]
_DAY = 86_400.0


@dataclass(frozen=True)
class FeatureTransform:
    """The fitted transform. `state` is JSON: the encoding, what was learnt per column, the derived features' states."""

    contract: Contract
    state: dict[str, Any]

    @property
    def inputs(self) -> list[str]:
        """Names of the matrix's columns, in order."""
        names = [
            feature.name for feature in self.contract.features if feature.kind != "categorical" or not self._onehot
        ]
        if self._onehot:
            names = []
            for feature in self.contract.features:
                levels = self.state["levels"].get(feature.name)
                names += [feature.name] if levels is None else [f"{feature.name}={level}" for level in levels]
        return names + [extra.name for extra in self.contract.derived]

    @property
    def types(self) -> list[str]:
        """XGBoost's type of each input: `c` for a native category, `q` otherwise."""
        native = self.state["encoding"] == "native"
        return ["c" if native and name in self.state["levels"] else "q" for name in self.inputs]

    @property
    def digest(self) -> str:
        """SHA-256 of which inputs there are; it changes when features change, not when they are fitted again."""
        return digest_of(
            [self.contract.name, [f.model_dump(mode="json") for f in self.contract.derived], list(self.contract.names)]
        )

    @property
    def _onehot(self) -> bool:
        return bool(self.state["encoding"] == "onehot")

    def transform(self, columns: Columns) -> Matrix:
        """Return the inputs of n leads, float32 of shape (n, inputs), NaN where missing or unseen."""
        parts: list[Floats] = []
        for feature in self.contract.features:
            if feature.kind == "categorical":
                parts.append(self._codes(columns[feature.name], feature.name))
            else:
                parts.append(plain(columns, feature, self.contract))
        for extra in self.contract.derived:
            parts.append(apply_derived(extra.kind, columns, extra, self.state["derived"][extra.name]))
        return self.finish(np.stack(parts, axis=1))

    def finish(self, raw: Floats) -> Matrix:
        """Cap, fill, scale and encode raw numbers, (n, features and derived) or one lead's (features and derived,).

        Categories are positions in their learnt levels. The array is taken over: it may be changed.
        """
        return self._finishing.apply(raw)

    def level_codes(self, name: str) -> dict[str, float]:
        """Return a categorical feature's levels with their codes."""
        return {level: float(position) for position, level in enumerate(self.state["levels"][name])}

    @cached_property
    def _finishing(self) -> Finishing:
        learnt = []
        for feature in self.contract.features:
            if feature.kind == "categorical":
                codes = self.level_codes(feature.name)
                known = self.state["impute"] and codes
                learnt.append({"fill": codes[self.state["modes"][feature.name]]} if known else {})
            else:
                learnt.append(self.state["numbers"][feature.name])
        learnt += [self.state["numbers"][extra.name] for extra in self.contract.derived]
        levels = [self.state["levels"].get(feature.name) for feature in self.contract.features]
        hot = [len(found) if found is not None and self._onehot else None for found in levels]
        return Finishing.of(learnt, hot + [None] * len(self.contract.derived))

    def _codes(self, column: Column, name: str) -> Floats:
        order = self.level_codes(name)
        table = np.array([order.get(level, np.nan) for level in column.levels or ()] + [np.nan])
        return table[np.where(np.isnan(column.values), len(table) - 1, column.values).astype(np.int64)]


def fit_transform(columns: Columns, labels: Floats, contract: Contract, policy: FeaturePolicy) -> FeatureTransform:
    """Learn the transform from the train slice; `labels` (n,) order the levels of categories."""
    state: dict[str, Any] = {"encoding": policy.encoding, "impute": policy.impute, "levels": {}, "modes": {}}
    state["numbers"], state["derived"] = {}, {}
    for feature in contract.features:
        if feature.kind == "categorical":
            levels, mode = _levels(columns[feature.name], labels, policy)
            state["levels"][feature.name], state["modes"][feature.name] = levels, mode
        else:
            state["numbers"][feature.name] = _learn(plain(columns, feature, contract), policy)
    for extra in contract.derived:
        fitted = fit_derived(extra.kind, columns, extra)
        state["derived"][extra.name] = fitted
        state["numbers"][extra.name] = _learn(apply_derived(extra.kind, columns, extra, fitted), policy)
    return FeatureTransform(contract, state)


def plain(columns: Columns, feature: Feature, contract: Contract) -> Floats:
    """Return a non-categorical feature as a number: a timestamp as its age in days when the lead was created."""
    values = columns[feature.name].values
    return (columns[contract.created_at].values - values) / _DAY if feature.kind == "timestamp" else values


def feature_values(columns: Columns, contract: Contract) -> Mapping[str, Column]:
    """Return every feature as a number or a category, before encoding; what profiles and checks look at."""
    return {
        feature.name: columns[feature.name]
        if feature.kind == "categorical"
        else Column(plain(columns, feature, contract))
        for feature in contract.features
    }


def _learn(values: Floats, policy: FeaturePolicy) -> dict[str, float]:
    learnt: dict[str, float] = {}
    known = values[np.isfinite(values)]
    if policy.cap_iqr is not None and known.size:
        first, third = (float(q) for q in np.quantile(known, [0.25, 0.75]))
        margin = policy.cap_iqr * (third - first)
        learnt |= {"low": first - margin, "high": third + margin}
    if policy.impute:
        learnt["fill"] = float(np.median(known)) if known.size else 0.0
    if policy.scale:
        spread = float(known.std()) if known.size else 0.0
        learnt |= {"centre": float(known.mean()) if known.size else 0.0, "scale": spread or 1.0}
    return learnt


def _levels(column: Column, labels: Floats, policy: FeaturePolicy) -> tuple[list[str], str]:
    """Order a category's levels: by smoothed mean label for ordinal codes, by frequency otherwise; ties by name."""
    names = column.levels or ()
    known = ~np.isnan(column.values)
    codes = column.values[known].astype(np.int64)
    counts = np.bincount(codes, minlength=len(names))
    sums = np.bincount(codes, weights=labels[known], minlength=len(names))
    common = sorted((i for i in range(len(names)) if counts[i]), key=lambda i: (-counts[i], names[i]))
    kept = common[: policy.maximum_levels]
    if policy.encoding == "ordinal":
        overall = float(labels.mean()) if labels.size else 0.0
        means = (sums + policy.smoothing * overall) / np.maximum(counts + policy.smoothing, 1e-12)
        kept = sorted(kept, key=lambda i: (means[i], names[i]))
    return [names[i] for i in kept], names[common[0]] if common else ""
