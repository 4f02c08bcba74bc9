import math
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadscore_assets.domain.column import Column
from leadscore_assets.domain.columns import columns_from_records, columns_from_table, epoch_seconds
from leadscore_assets.domain.contract import Contract, Derived, Feature, default_contract
from leadscore_assets.domain.derived import apply_derived, fit_derived
from leadscore_assets.domain.features import FeatureTransform, fit_transform
from leadscore_assets.domain.policy import FeaturePolicy
from leadscore_assets_tests.leads import as_requests, made_leads

CONTRACT = default_contract()
TRAIN = made_leads(400)
LABELS = TRAIN[CONTRACT.label].to_numpy().astype(float)
POLICIES = {
    "ordinal": FeaturePolicy(),
    "one-hot, imputed, capped, scaled": FeaturePolicy(encoding="onehot", impute=True, cap_iqr=1.5, scale=True),
    "native": FeaturePolicy(encoding="native", maximum_levels=4),
}


def fitted(policy: FeaturePolicy) -> FeatureTransform:
    return fit_transform(columns_from_table(TRAIN, CONTRACT), LABELS, CONTRACT, policy)


TRANSFORMS = {name: fitted(policy) for name, policy in POLICIES.items()}


def _column(feature: Feature) -> st.SearchStrategy:
    if feature.kind == "categorical":
        known = st.sampled_from(feature.levels)
        value = st.one_of(known, st.text(min_size=1, max_size=5)) if feature.open_levels else known
    elif feature.kind == "boolean":
        value = st.booleans()
    elif feature.kind == "timestamp":
        value = st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
    elif feature.kind == "integer":
        value = st.integers(int(feature.minimum or 0), int(feature.maximum or 1000))
    else:
        value = st.floats(feature.minimum or 0.0, feature.maximum or 1e6, allow_nan=False)
    return st.one_of(st.none(), value) if feature.missing else value


leads = st.fixed_dictionaries(
    {
        "lead_id": st.text(min_size=1, max_size=8),
        "created_at": st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),
        **{feature.name: _column(feature) for feature in CONTRACT.features},
    }
)


@settings(deadline=None, max_examples=60)
@given(st.lists(leads, min_size=1, max_size=4))
def test_a_lead_has_the_same_inputs_in_a_file_and_in_a_request(rows):
    whole = [{**row, CONTRACT.label: None, CONTRACT.outcome: None} for row in rows]
    table = pa.Table.from_pylist(whole, schema=CONTRACT.schema)
    from_file = columns_from_table(table, CONTRACT)
    from_request = columns_from_records(as_requests(table, CONTRACT), CONTRACT)
    for transform in TRANSFORMS.values():
        batch, online = transform.transform(from_file), transform.transform(from_request)
        assert batch.tobytes() == online.tobytes()
        one = np.concatenate([transform.transform(_row(from_request, position)) for position in range(len(rows))])
        assert one.tobytes() == batch.tobytes()


def _row(columns: dict[str, Column], position: int) -> dict[str, Column]:
    return {name: Column(column.values[position : position + 1], column.levels) for name, column in columns.items()}


@pytest.mark.parametrize("name", POLICIES)
def test_the_matrix_has_one_column_an_input_and_comes_back_from_json(name):
    import json

    transform = TRANSFORMS[name]
    columns = columns_from_table(TRAIN, CONTRACT)
    matrix = transform.transform(columns)
    assert matrix.shape == (400, len(transform.inputs))
    assert len(set(transform.inputs)) == len(transform.inputs) == len(transform.types)
    again = FeatureTransform(CONTRACT, json.loads(json.dumps(transform.state)))
    assert again.transform(columns).tobytes() == matrix.tobytes()


def test_imputation_leaves_nothing_missing_and_scaling_centres():
    matrix = TRANSFORMS["one-hot, imputed, capped, scaled"].transform(columns_from_table(TRAIN, CONTRACT))
    position = TRANSFORMS["one-hot, imputed, capped, scaled"].inputs.index("visits")
    assert not np.isnan(matrix).any()
    assert abs(float(matrix[:, position].mean())) < 0.3


def test_levels_stand_in_the_order_of_their_mean_label():
    columns = {"colour": Column(np.array([0.0, 0.0, 1.0, 1.0, 2.0, np.nan]), ("red", "blue", "green"))}
    contract = Contract(features=(Feature(name="colour", kind="categorical", open_levels=True, missing=1.0),))
    labels = np.array([5.0, 5.0, 1.0, 1.0, 3.0, 2.0])
    policy = FeaturePolicy(smoothing=0.0)
    transform = fit_transform({"created_at": Column(np.zeros(6)), **columns}, labels, contract, policy)
    assert transform.state["levels"]["colour"] == ["blue", "green", "red"]
    unseen = {"created_at": Column(np.zeros(2)), "colour": Column(np.array([0.0, 1.0]), ("red", "violet"))}
    assert transform.transform(unseen)[:, 0].tolist()[0] == 2.0
    assert math.isnan(transform.transform(unseen)[1, 0])


def test_a_timestamp_enters_as_its_age_in_days():
    contract = Contract(features=(Feature(name="seen", kind="timestamp", missing=1.0),))
    columns = {"created_at": Column(np.array([10 * 86_400.0])), "seen": Column(np.array([7 * 86_400.0]))}
    transform = fit_transform(columns, np.array([1.0]), contract, FeaturePolicy())
    assert transform.transform(columns).tolist() == [[3.0]]


def derived(kind: str, columns: dict[str, Column], **declared: object) -> list[float]:
    spec = Derived.model_validate({"name": "new", "kind": kind, **declared})
    return apply_derived(kind, columns, spec, fit_derived(kind, columns, spec)).tolist()


SATURDAY = epoch_seconds("2026-01-10T13:30:00+00:00")


@pytest.mark.parametrize(("kind", "expected"), [("hour", 13.0), ("weekday", 5.0), ("weekend", 1.0)])
def test_time_features_are_those_of_utc(kind, expected):
    assert derived(kind, {"t": Column(np.array([SATURDAY]))}, of=("t",)) == [expected]


def test_a_ratio_is_missing_where_it_is_not_defined():
    columns = {"spend": Column(np.array([10.0, 10.0, np.nan])), "orders": Column(np.array([4.0, 0.0, 2.0]))}
    found = derived("ratio", columns, of=("spend", "orders"))
    assert found[0] == 2.5
    assert math.isnan(found[1])
    assert math.isnan(found[2])


def test_a_sum_counts_what_is_known():
    columns = {"a": Column(np.array([1.0, np.nan])), "b": Column(np.array([np.nan, np.nan]))}
    found = derived("sum", columns, of=("a", "b"))
    assert found[0] == 1.0
    assert math.isnan(found[1])


def test_flags_compare_with_the_training_quantile():
    columns = {"tickets": Column(np.arange(10.0))}
    assert sum(derived("above", columns, of=("tickets",), quantile=0.9)) == 1
    assert sum(derived("below", columns, of=("tickets",), quantile=0.25)) == 3


def test_a_segment_ratio_compares_with_the_segments_median():
    columns = {
        "visits": Column(np.array([2.0, 4.0, 30.0])),
        "size": Column(np.array([0.0, 0.0, np.nan]), ("small",)),
    }
    assert derived("segment_ratio", columns, of=("visits",), by="size") == [2 / 3, 4 / 3, 30 / 4]


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ({"kind": "cube", "of": ("a",)}, "no kind cube"),
        ({"kind": "ratio", "of": ("a",)}, "made of 2 columns, not 1"),
        ({"kind": "above", "of": ("a",)}, "needs quantile"),
    ],
)
def test_a_wrong_derived_feature_is_refused(declared, told):
    with pytest.raises(ValueError, match=told):
        Derived.model_validate({"name": "new", **declared})
