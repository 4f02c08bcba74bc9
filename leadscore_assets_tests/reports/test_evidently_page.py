"""Evidently's page beside ours: made where it is installed, a sentence where it is not; its default rule in ours."""

import re
import sys
import warnings
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.drift_world import first_bins, make_week
from leadscore_assets.domain.drift import DriftQuestion, judge_drift
from leadscore_assets.domain.drift_policy import DriftPolicy
from leadscore_assets.reports.evidently_page import INSTALL, evidently_page

FIRST = date(2024, 1, 1)


def side(seed: int, shift: float = 0.0) -> pa.Table:
    draw = np.random.default_rng(seed)
    return pa.table(
        {
            "size": draw.normal(shift, 1, 300),
            "colour": pa.array(draw.choice(["red", "blue", None], 300).tolist(), pa.string()),
            "nothing": pa.nulls(300, pa.float64()),
        }
    )


@pytest.mark.slow
def test_the_page_is_evidently_s_own_and_leaves_out_what_has_no_value():
    pytest.importorskip("evidently")
    page = evidently_page(side(1), side(2, shift=2.0))
    assert "size" in page
    assert len(page) > 100_000
    assert not re.search(r'column[^a-z]{1,12}"nothing"', page)


def test_without_evidently_the_page_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "evidently", None)
    assert evidently_page(side(1), side(2)) == INSTALL
    assert "leadscore-assets[evidently]" in INSTALL


@pytest.mark.slow
@pytest.mark.parametrize("rows", [900, 3000], ids=["small reference", "large reference"])
def test_the_preset_flags_the_columns_that_evidently_flags(rows):
    pytest.importorskip("evidently")
    from benchmarks.drift_speed import evidently

    draw = np.random.default_rng(3)
    bins = first_bins(10_000, draw)
    before, now = make_week(rows, draw, bins, wobble=0.03), make_week(rows, draw, bins, wobble=0.2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = dict(flags(evidently([before, now])().dict()))
    question = DriftQuestion(FIRST + timedelta(weeks=1), now.profile, before.profile, (FIRST,), [], bins)
    ours = {item.name: item.evidently for item in judge_drift(question, DriftPolicy()).features}
    assert len(theirs) == 50
    assert theirs == ours
    assert 0 < sum(ours.values()) < 50


def flags(found):
    """Each column and whether Evidently's own threshold flags it."""
    for metric in found["metrics"]:
        name = metric["metric_name"]
        if name.startswith("ValueDrift"):
            column, method, threshold = (
                re.search(rf"{key}=([^,)]+)", name)[1] for key in ("column", "method", "threshold")
            )
            small = "p_value" in method
            yield column, metric["value"] < float(threshold) if small else metric["value"] >= float(threshold)
