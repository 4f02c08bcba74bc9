from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from leadscore_assets.domain.contract import contract_from, default_contract
from leadscore_assets.domain.leakage import Leak, leaks
from leadscore_assets.domain.policy import LeakagePolicy
from leadscore_assets_tests.leads import made_leads

ROWS = 1000
NOW = datetime(2026, 1, 5, tzinfo=UTC)
CONTRACT = contract_from(
    {
        "features": [
            {"name": "number", "kind": "numeric", "missing": 1.0},
            {"name": "flag", "kind": "boolean", "missing": 1.0},
            {"name": "level", "kind": "categorical", "open_levels": True, "missing": 1.0},
            {"name": "seen_at", "kind": "timestamp", "missing": 1.0},
        ]
    }
)
RANDOM = np.random.default_rng(11)
LABEL = RANDOM.integers(1, 6, ROWS)
OUTCOME = RANDOM.random(ROWS) < LABEL / 8
POLICY = LeakagePolicy()


def leads(rows: int = ROWS, **columns: Any) -> pa.Table:
    """Return leads that tell nothing, over which some columns are laid."""
    made = {
        "lead_id": [str(at) for at in range(ROWS)],
        "created_at": [NOW + timedelta(minutes=at) for at in range(ROWS)],
        "number": RANDOM.normal(size=ROWS),
        "flag": RANDOM.random(ROWS) < 0.5,
        "level": [f"l{at % 7}" for at in range(ROWS)],
        "seen_at": [NOW - timedelta(hours=float(hours)) for hours in RANDOM.uniform(1, 900, ROWS)],
        "lead_score": LABEL,
        "converted": OUTCOME,
    }
    return pa.table(made | columns, schema=CONTRACT.schema).slice(0, rows)


def measures(table: pa.Table) -> list[tuple[str, str, str]]:
    return [(leak.feature, leak.measure, leak.target) for leak in leaks(table, CONTRACT, POLICY)]


def test_honest_features_do_not_leak() -> None:
    assert leaks(leads(), CONTRACT, POLICY) == []


def test_made_leads_do_not_leak() -> None:
    assert leaks(made_leads(1000), default_contract(), POLICY) == []


@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_that_ranks_as_the_label_leaks(sign: int) -> None:
    [leak] = leaks(leads(number=sign * np.exp(LABEL + RANDOM.normal(0, 0.05, ROWS))), CONTRACT, POLICY)
    assert (leak.feature, leak.measure, leak.limit) == ("number", "spearman", 0.95)
    assert leak.value > 0.95
    assert "number alone ranks leads as lead_score does: Spearman 0.9" in str(leak)
    assert "remove it from the contract" in str(leak)


def test_a_number_that_equals_the_label_is_said_to() -> None:
    assert measures(leads(number=LABEL.astype(float))) == [("number", "equal", "lead_score")]


def test_a_number_that_equals_the_label_where_it_is_known_is_said_to() -> None:
    values = [float(label) if at % 3 else None for at, label in enumerate(LABEL)]
    assert measures(leads(number=values)) == [("number", "equal", "lead_score")]


def test_a_flag_that_is_the_outcome_turned_around_leaks() -> None:
    assert measures(leads(flag=~OUTCOME)) == [("flag", "auc", "converted")]


def test_a_level_that_names_the_outcome_leaks() -> None:
    assert measures(leads(level=["won" if won else "open" for won in OUTCOME])) == [("level", "auc", "converted")]


def test_a_level_that_names_the_label_leaks() -> None:
    assert ("level", "spearman", "lead_score") in measures(leads(level=[f"band {label}" for label in LABEL]))


def test_an_id_with_a_level_a_row_is_not_mistaken_for_a_leak() -> None:
    assert leaks(leads(level=[f"id {at}" for at in range(ROWS)]), CONTRACT, POLICY) == []


def test_a_value_that_is_known_only_after_a_sale_leaks() -> None:
    values = [1.0 * at if won else None for at, won in enumerate(OUTCOME)]
    assert measures(leads(number=values)) == [("number", "missing", "converted")]


def test_a_time_after_the_leads_creation_leaks() -> None:
    seen = [NOW + timedelta(minutes=at, days=1 if at % 50 == 0 else -1) for at in range(ROWS)]
    [leak] = leaks(leads(seen_at=seen), CONTRACT, POLICY)
    assert leak == Leak("seen_at", "later", 0.02, 0.01, "created_at")
    assert str(leak).startswith("seen_at is later than created_at in 2.0% of rows, at most 1%")


def test_one_time_in_a_hundred_may_be_late() -> None:
    seen = [NOW + timedelta(minutes=at, days=1 if at % 100 == 0 else -1) for at in range(ROWS)]
    assert leaks(leads(seen_at=seen), CONTRACT, POLICY) == []


def test_unlabelled_rows_are_left_out() -> None:
    labels = [int(label) if at % 2 else None for at, label in enumerate(LABEL)]
    assert measures(leads(number=LABEL.astype(float), lead_score=labels)) == [("number", "equal", "lead_score")]


def test_too_few_rows_are_not_judged() -> None:
    assert leaks(leads(rows=99, number=LABEL.astype(float)), CONTRACT, POLICY) == []
    assert leaks(leads(number=LABEL.astype(float), lead_score=[None] * ROWS), CONTRACT, POLICY) == []


def test_one_label_for_all_rows_decides_nothing() -> None:
    assert leaks(leads(number=[3.0] * ROWS, lead_score=[3] * ROWS, converted=[True] * ROWS), CONTRACT, POLICY) == []


def test_a_long_table_is_thinned_and_still_judged() -> None:
    long = pa.concat_tables([leads(number=LABEL.astype(float))] * 201)
    assert measures(long) == [("number", "equal", "lead_score")]


@pytest.mark.parametrize("name", ["bank", "hotel"])
def test_real_leads_do_not_leak(name: str) -> None:
    path = Path(__file__).parents[3] / "shared" / "data" / f"{name}_leads.parquet"
    if not path.is_file():
        pytest.skip(f"the {name} data set is not beside the checkout")
    raw = pq.read_table(path)
    known = {"lead_id", "created_at", "converted", "lead_score"}
    kinds = {"large_string": "categorical", "bool": "boolean", "double": "numeric", "float": "numeric"}
    features = [
        {"name": field.name, "kind": kinds.get(str(field.type), "integer"), "missing": 1.0}
        | ({"open_levels": True} if str(field.type) == "large_string" else {})
        for field in raw.schema
        if field.name not in known
    ]
    contract = contract_from({"features": features})
    table = raw.select(contract.schema.names).cast(pa.schema([field.with_nullable(True) for field in contract.schema]))
    assert leaks(table, contract, POLICY) == []
