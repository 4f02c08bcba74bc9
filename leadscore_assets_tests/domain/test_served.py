"""Counts of what an endpoint answered: additive, complete, and comparable with the list's."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore_assets.domain.captured import CAPTURED, first_answers
from leadscore_assets.domain.score_monitor import count_scores
from leadscore_assets.domain.served import SERVED, answered, count_answers, day_scores
from leadscore_assets.domain.served_drift import judge_served

AT = datetime(2026, 1, 5, 23, 59, tzinfo=UTC)
DIGEST = "d" * 64


def row(**change: Any) -> dict[str, Any]:
    found = {"at": AT, "event": "e", "role": "production", "variant": "primary", "version": 1, "digest": DIGEST}
    return {**found, "lead": "a", "score": 3.0, "conversion_probability": None, "band": "B", **change}


def table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=CAPTURED)


def counted(*tables: pa.Table) -> pa.Table:
    return count_answers(tables, low=1.0, high=5.0)


def test_nothing_is_nothing() -> None:
    assert counted() == SERVED.empty_table()
    assert answered(counted(table())) == ()


def test_answers_are_told_apart_by_day_role_variant_version_and_band() -> None:
    found = answered(
        counted(
            table(row(), row(score=5.0, band="A"), row(score=None, band=None)),
            table(row(at=AT + timedelta(minutes=1)), row(role="shadow", variant="shadow", version=2)),
        )
    )
    told = [(item.day, item.role, item.version, item.answers, item.unscored, item.mean, item.bands) for item in found]
    assert told == [
        (date(2026, 1, 5), "production", 1, 3, 1, 4.0, {"A": 1, "B": 1}),
        (date(2026, 1, 5), "shadow", 2, 1, 0, 3.0, {"B": 1}),
        (date(2026, 1, 6), "production", 1, 1, 0, 3.0, {"B": 1}),
    ]


_rows = st.lists(
    st.builds(
        row,
        score=st.none() | st.floats(-3, 9),
        band=st.sampled_from(["A", "B", None]),
        role=st.sampled_from(["production", "shadow"]),
        at=st.datetimes(datetime(2026, 1, 5), datetime(2026, 1, 8)).map(lambda at: at.replace(tzinfo=UTC)),
        version=st.sampled_from([1, 2, None]),
    ),
    max_size=30,
)


@given(rows=_rows, cut=st.integers(0, 30))
def test_counting_in_pieces_is_counting_at_once(rows: list[dict[str, Any]], cut: int) -> None:
    whole, pieces = counted(table(*rows)), counted(table(*rows[:cut]), table(*rows[cut:]))
    assert whole.drop_columns(["total"]) == pieces.drop_columns(["total"])
    np.testing.assert_allclose(whole["total"].to_numpy(), pieces["total"].to_numpy(), atol=1e-9)
    assert sum(item.answers for item in answered(whole)) == len(rows)


@given(rows=_rows)
def test_the_histograms_are_those_of_the_list(rows: list[dict[str, Any]]) -> None:
    found = day_scores(counted(table(*rows)), digest=DIGEST)
    mine = [item for item in rows if item["role"] == "production" and item["score"] is not None]
    days = [item["at"].replace(tzinfo=None) for item in mine]
    expected = count_scores([item["score"] for item in mine], days, bundle=DIGEST, low=1.0, high=5.0)
    assert [(item.day, item.counts) for item in found] == [(item.day, item.counts) for item in expected]
    assert [item.total for item in found] == pytest.approx([item.total for item in expected])
    assert day_scores(counted(table(*rows)), digest="other") == []


def test_the_first_scored_answer_in_production_decides() -> None:
    later = AT + timedelta(hours=1)
    tables = [
        table(row(at=later, variant="candidate"), row(lead="b", variant="candidate", at=later)),
        table(row(), row(lead="b", score=None), row(lead=None), row(lead="c", variant="shadow", role="shadow")),
        table(row(lead="d", variant="elsewhere")),
    ]
    found = list(first_answers(tables, variants=("primary", "candidate")))
    assert sorted(found) == [("a", "primary", AT), ("b", "candidate", later)]
    assert list(first_answers([], variants=("primary",))) == []


def scores(draw: np.random.Generator, n: int, *, shift: float = 0.0) -> Any:
    values = np.clip(draw.normal(3 + shift, 0.7, n), 1, 5)
    return count_scores(values, np.full(n, np.datetime64("2026-01-05")), bundle=DIGEST, low=1.0, high=5.0)


def test_scores_of_one_spread_are_alike_and_of_another_apart() -> None:
    draw = np.random.default_rng(5)
    alike = judge_served(scores(draw, 900), scores(draw, 1_500), least=200, tolerance=0.05)
    assert (alike.decision, alike.answers, alike.listed) == ("alike", 900, 1_500)
    assert alike.psi < 0.1
    apart = judge_served(scores(draw, 900, shift=0.5), scores(draw, 1_500), least=200, tolerance=0.05)
    assert apart.decision == "apart"
    assert apart.distance > apart.bound > apart.chance
    assert "spread otherwise than the list's: 900 answers against 1,500 leads" in apart.sentence


def test_two_samples_of_one_spread_are_seldom_apart_even_without_a_tolerance() -> None:
    draw = np.random.default_rng(6)
    found = [judge_served(scores(draw, 300), scores(draw, 300), least=200, tolerance=0.0) for _ in range(300)]
    assert sum(item.decision == "apart" for item in found) <= 9


def test_too_few_answers_are_not_judged() -> None:
    draw = np.random.default_rng(7)
    for served, listed in ((scores(draw, 10), scores(draw, 900)), ([], scores(draw, 900)), ([], [])):
        found = judge_served(served, listed, least=200, tolerance=0.05)
        assert found.decision == "not_yet"
        assert "200 each are needed" in found.sentence
