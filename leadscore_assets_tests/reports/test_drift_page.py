"""The drift page: the verdict first, every number beside its chance, whole in itself, right in a real browser."""

import re
from datetime import timedelta

import numpy as np
import pytest
from markupsafe import escape

from leadscore_assets.domain.column import Column
from leadscore_assets.domain.drift import DriftReport
from leadscore_assets.domain.score_monitor import count_scores, watch_scores
from leadscore_assets.reports.drift_page import drift_page
from leadscore_assets_tests.domain.drift_questions import WEEK, changed, judged, lost
from leadscore_assets_tests.domain.profile_data import LEVELS, made
from leadscore_assets_tests.reports.screen import assert_fits, on_every_screen


def scores():
    draw = np.random.default_rng(1)
    days = [WEEK - timedelta(days=40 - place) for place in range(40)]
    history = [
        item
        for place, day in enumerate(days)
        for item in count_scores(
            np.clip(draw.normal(3 + 0.5 * (place > 34), 0.6, 400), 1, 5), [day] * 400, bundle="b", low=1, high=5
        )
    ]
    return watch_scores(history, tolerance=0.02, bound=1000)


@pytest.fixture(scope="module")
def alarm() -> DriftReport:
    columns = changed("skewed", lambda values: values * 1000)
    columns["bell"] = Column(columns["bell"].values + 0.6)
    columns["zeros"] = Column(lost(columns["zeros"].values))
    codes = np.where(np.random.default_rng(1).random(3000) < 0.2, 3.0, columns["colour"].values)
    columns["colour"] = Column(codes, (*LEVELS, "a level with <b>quite</b> a long name"))
    weights = {"bell": 0.5, "skewed": 0.3, "flag": 0.2}
    return judged(columns, history=30, importance=weights, scores=scores())


def test_the_verdict_stands_first_with_its_reasons_and_its_number(alarm):
    page = drift_page(alarm)
    top = page[: page.index("<section")]
    assert "<h1>Drift</h1>" in top
    assert '<p class="glance">4</p>' in top
    assert "1,000 times as large" in top
    assert all(str(escape(reason)) in top for reason in alarm.verdict.reasons)


def test_each_feature_is_shown_once_by_severity_beside_bound_and_chance(alarm):
    page = drift_page(alarm)
    names = re.findall(r'<tr class="(\w+)">\s*<th scope="row">(\w+)', page)
    assert sorted(name for _, name in names) == sorted(item.name for item in alarm.features)
    assert [severity for severity, _ in names] == sorted(severity for severity, _ in names)
    assert page.count("bound 0.") >= 5
    assert len(re.findall(r"chance 0\.\d{3}</small>", page)) >= 10


def test_named_features_have_a_picture_before_and_now(alarm):
    page = drift_page(alarm)
    assert re.findall(r"<h3>(.*?)</h3>", page) == [
        *(item.name for item in alarm.features if item.picture),
        "The champion&#39;s scores by day",
    ]
    pictures = re.findall(r'<svg role="img" viewBox="[^"]+" aria-label="[^"]{20,}"><title>[^<]{20,}</title>', page)
    assert len(pictures) == len(alarm.named("alarm")) + 2


def test_the_page_asks_for_nothing_outside_itself_and_names_are_text(alarm):
    page = drift_page(alarm)
    assert "<script" not in page
    assert "<b>" not in page
    assert re.findall(r'(?:src|href|xlink:href)="(?!#|data:,)([^"]*)"', page) == ["evidently.html"]
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_the_same_report_gives_the_same_page_also_after_json(alarm):
    assert drift_page(DriftReport.from_json(alarm.to_json())) == drift_page(alarm)


def test_quiet_and_undecided_weeks_make_a_page_too():
    quiet = drift_page(judged(made(3000, seed=70)))
    assert "<h1>No drift</h1>" in quiet
    assert "<details>" in quiet
    tiny = drift_page(judged(made(40, seed=70)))
    assert "<h1>No verdict yet</h1>" in tiny
    assert "Features by severity" not in tiny


@on_every_screen
def test_the_page_fits_the_screen_and_its_words_do_not_collide(alarm, tmp_path, width, scheme):
    assert_fits(drift_page(alarm), tmp_path, width=width, scheme=scheme)
