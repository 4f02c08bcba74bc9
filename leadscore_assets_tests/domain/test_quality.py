import numpy as np
import pyarrow as pa
import pytest

from leadscore_assets.domain.contract import Contract, contract_from, default_contract
from leadscore_assets.domain.policy import QualityPolicy
from leadscore_assets.domain.quality import PARTS, missing_excess, quality
from leadscore_assets_tests.leads import made_leads

TWO = contract_from(
    {
        "features": [
            {"name": "visits", "kind": "integer", "missing": 0.1},
            {"name": "revenue", "kind": "numeric", "missing": 0.1},
        ]
    }
)


def week(rows: int, *, contract: Contract = TWO, **columns: list[float | None]) -> pa.Table:
    """Return normal leads over which some columns are laid."""
    generator = np.random.default_rng(5)
    made: dict[str, object] = {
        "lead_id": [str(at) for at in range(rows)],
        "created_at": pa.array(range(rows), contract.schema.field("created_at").type),
        "visits": generator.poisson(20, rows).tolist(),
        "revenue": generator.normal(100, 10, rows).tolist(),
        "lead_score": generator.integers(1, 6, rows).tolist(),
        "converted": [True] * rows,
    }
    return pa.table(made | columns, schema=contract.schema)


def judged(good: pa.Table, *, quarantined: int = 0, duplicates: int = 0, contract: Contract = TWO) -> dict[str, float]:
    return quality(good, quarantined=quarantined, duplicates=duplicates, contract=contract, policy=QualityPolicy())


def test_a_sound_week_is_worth_one() -> None:
    assert judged(week(1000)) == dict.fromkeys(("score", *PARTS), 1.0)


def test_an_empty_week_is_worth_one() -> None:
    assert judged(week(0)) == dict.fromkeys(("score", *PARTS), 1.0)


def test_a_week_of_which_every_row_was_quarantined_is_worth_nothing() -> None:
    found = judged(week(0), quarantined=10)
    assert (found["score"], found["accepted"]) == (0.0, 0.0)


def test_made_leads_with_five_percent_missing_pass() -> None:
    contract = default_contract()
    assert judged(made_leads(2000), contract=contract)["score"] >= 0.97


def test_two_percent_of_outliers_pass() -> None:
    good = week(1000, revenue=[1e9] * 20 + list(np.random.default_rng(1).normal(100, 10, 980)))
    assert judged(good)["score"] >= 0.97


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("accepted", judged(week(1000), quarantined=200)),
        ("completeness", judged(week(1000, visits=[None] * 300 + [1] * 350 + [2] * 350))),
        (
            "plausibility",
            judged(
                week(
                    1000,
                    visits=[10**6] * 200 + [20, 21, 22, 23] * 200,
                    revenue=[-1e9] * 200 + [1.0, 2.0, 3.0, 4.0] * 200,
                )
            ),
        ),
        ("uniqueness", judged(week(1000), duplicates=200)),
        ("labels", judged(week(1000, lead_score=[3] * 1000))),
    ],
)
def test_one_broken_part_alone_pulls_the_score_below_the_gate(part: str, found: dict[str, float]) -> None:
    assert found["score"] == found[part] < 0.9
    assert [found[other] for other in PARTS if other != part] == [1.0] * 4


def test_a_share_is_what_the_parts_say() -> None:
    found = judged(week(800), quarantined=100, duplicates=100)
    assert found["accepted"] == pytest.approx(0.9)
    assert found["uniqueness"] == pytest.approx(8 / 9)


def test_a_tiny_week_is_not_alarmed_by_one_missing_value() -> None:
    good = week(3, visits=[None, 4, 5])
    assert judged(good)["score"] == 1.0
    assert missing_excess(good, TWO) == {}


def test_the_excess_names_share_and_allowance() -> None:
    good = week(1000, visits=[None] * 250 + [1] * 750)
    assert missing_excess(good, TWO) == {"visits": (0.25, 0.1)}
    assert judged(good)["completeness"] == pytest.approx(1 - 0.15 / 0.9)


def test_a_column_of_mostly_one_value_has_no_outliers() -> None:
    assert judged(week(1000, visits=[0] * 800 + [50] * 200))["plausibility"] == 1.0


def test_labels_that_are_not_known_yet_cost_nothing() -> None:
    assert judged(week(1000, lead_score=[None] * 1000))["labels"] == 1.0
    assert judged(week(1000, lead_score=[3] * 10 + [None] * 990))["labels"] == 1.0


def test_labels_outside_the_contract_count() -> None:
    assert judged(week(100, lead_score=[9] * 30 + [1, 2] * 35))["labels"] == pytest.approx(0.7)
