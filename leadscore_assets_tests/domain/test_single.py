import dataclasses
import math
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadscore_assets.domain import bundle
from leadscore_assets.domain.column import Column
from leadscore_assets.domain.columns import columns_from_records
from leadscore_assets.domain.contract import Derived
from leadscore_assets.domain.derived import KINDS, apply_derived, made_ready
from leadscore_assets.domain.policy import FeaturePolicy, Policy
from leadscore_assets.domain.scoring import Scorer
from leadscore_assets.domain.single import SingleLead, SingleRow, ready
from leadscore_assets.domain.training import train_bundle
from leadscore_assets.domain.training_policy import TrainingPolicy
from leadscore_assets_tests.domain.test_features import CONTRACT, TRANSFORMS, leads
from leadscore_assets_tests.leads import as_requests, made_leads

number = st.one_of(
    st.just(math.nan), st.floats(-1e12, 1e12), st.sampled_from([0.0, -0.0, 1.0, 0.5]), st.integers(0, 10**9).map(float)
)
STATES: dict[str, dict[str, Any]] = {
    "above": {"bound": 0.5},
    "below": {"bound": 0.5},
    "segment_ratio": {"medians": {"x": 3.0, "y": 0.0}, "overall": 7.0},
}


@pytest.mark.parametrize("kind", KINDS)
@given(a=number, b=number, c=number, level=st.sampled_from(["x", "y", "unseen", None]))
def test_every_derived_feature_of_one_lead_has_the_bits_of_its_column(
    kind: str, a: float, b: float, c: float, level: str | None
) -> None:
    names = ("a", "b", "c")[: KINDS[kind].columns or 3]
    spec = Derived(name="new", kind=kind, of=names, by="segment", quantile=0.5)
    state = STATES.get(kind, {})
    columns = {name: Column(np.array([value])) for name, value in zip("abc", (a, b, c), strict=True)}
    columns["segment"] = Column(np.array([math.nan if level is None else 0.0]), (level or "x",))
    cells = {"a": a, "b": b, "c": c, "segment": level}
    one = np.float64(made_ready(kind, spec, state)(cells))
    column = np.float64(apply_derived(kind, columns, spec, state)[0])
    assert (np.isnan(one) and np.isnan(column)) or one == column


def test_a_kind_of_derived_feature_without_a_quick_way_is_computed_from_its_column(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(KINDS, "ratio", dataclasses.replace(KINDS["ratio"], one=None))
    monkeypatch.setitem(KINDS, "segment_ratio", dataclasses.replace(KINDS["segment_ratio"], one=None))
    ratio = made_ready("ratio", Derived(name="r", kind="ratio", of=("a", "b")), {})
    assert ratio({"a": 3.0, "b": 2.0}) == 1.5
    spec = Derived(name="s", kind="segment_ratio", of=("a",), by="segment")
    segment = made_ready("segment_ratio", spec, STATES["segment_ratio"])
    assert [segment({"a": 6.0, "segment": level}) for level in ("x", None)] == [2.0, 6.0 / 7.0]


@settings(max_examples=60)
@given(leads)
def test_one_lead_has_the_inputs_that_training_gives_it(row: dict[str, Any]) -> None:
    record = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
    columns = columns_from_records([record], CONTRACT)
    for transform in TRANSFORMS.values():
        single = SingleRow(transform)
        values = [record.get(name) for name in single.names]
        assert single.inputs([values]).tobytes() == transform.transform(columns).tobytes()


@cache
def scorer(objective: str, encoding: str, learner: str) -> Scorer:
    policy = Policy(
        training=TrainingPolicy(rounds=15, threads=1, objective=objective, learners=(learner,)),  # type: ignore[arg-type]
        features=FeaturePolicy(encoding=encoding),  # type: ignore[arg-type]
    )
    files = train_bundle(made_leads(600, seed=1), made_leads(250, seed=2), contract=CONTRACT, policy=policy, lineage={})
    found = Scorer.from_files("d", files)
    return dataclasses.replace(found, single=ready(found, bundle.document(files, bundle.GOLDEN)["records"])[0])


@pytest.mark.parametrize(
    ("objective", "encoding", "learner"),
    [
        ("regression", "ordinal", "xgboost"),
        ("pseudo_huber", "onehot", "xgboost"),
        ("rank", "ordinal", "xgboost"),
        ("binary", "native", "xgboost"),
        ("regression", "ordinal", "forest"),
        ("regression", "ordinal", "linear"),
        ("regression", "native", "lightgbm"),
    ],
)
def test_a_lead_alone_scores_as_in_a_batch_to_the_bit(objective: str, encoding: str, learner: str) -> None:
    found = scorer(objective, encoding, learner)
    assert found.single
    records = as_requests(made_leads(120, seed=3), CONTRACT)
    batch = found.score_records(records)
    alone = [found.single.score_record(record) for record in records]
    assert [one.score for one in alone] == batch.score.tolist()
    assert [one.rounded for one in alone] == batch.rounded.tolist()
    assert [one.band for one in alone] == batch.band
    assert batch.probability is not None
    assert [one.probability for one in alone] == batch.probability.tolist()


def test_scores_at_the_bounds_of_bands_and_range_fall_as_in_a_batch() -> None:
    found = scorer("regression", "ordinal", "linear")
    bounds = [bound for _, bound in found.bands]
    for raw in (*bounds, *np.nextafter(bounds, -np.inf), -100.0, 100.0, 2.5, 3.5):
        fixed = _Fixed(float(raw))
        same = dataclasses.replace(found, model=fixed, link=None)
        record = as_requests(made_leads(1, seed=4), CONTRACT)[0]
        one, batch = SingleLead(same).score_record(record), same.score_records([record])
        assert (one.score, one.rounded, one.band) == (batch.score[0], batch.rounded[0], batch.band[0])


def test_a_single_lead_that_scores_otherwise_than_the_batch_is_not_offered() -> None:
    found = scorer("regression", "ordinal", "xgboost")
    records = as_requests(made_leads(12, seed=5), CONTRACT)
    uneven = dataclasses.replace(found, model=_Uneven())
    single, why = ready(uneven, records)
    assert single is None
    assert "golden row 0 scores" in why


class _Fixed:
    """A model with one answer."""

    def __init__(self, margin: float) -> None:
        self.margin = margin

    def predict(self, matrix: Any) -> Any:
        return np.full(len(matrix), self.margin)


class _Uneven(_Fixed):
    """A model that answers one row otherwise than several."""

    def __init__(self) -> None:
        super().__init__(3.0)

    def predict(self, matrix: Any) -> Any:
        return super().predict(matrix) + (len(matrix) == 1) * 1e-9


def test_a_moment_that_is_none_is_a_value_error() -> None:
    single = SingleRow(TRANSFORMS["ordinal"])
    values = [datetime(2026, 1, 5, tzinfo=UTC).isoformat(), *[None] * len(CONTRACT.names)]
    assert single.inputs([values, values]).shape[0] == 2
    with pytest.raises(ValueError, match="not an ISO-8601"):
        single.inputs([["yesterday", *values[1:]]])
