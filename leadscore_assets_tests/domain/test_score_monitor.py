"""The score's days: quiet while scores spread as they did, an alarm within days of a shift, silent without a base."""

from datetime import date, timedelta

import numpy as np
import pytest

from leadscore_assets.domain.score_monitor import DayScores, count_scores, watch_scores

START = date(2026, 1, 5)


def days(number, *, leads=300, shift_from=None, shift=0.0, wobble=0.03, seed=1):
    draw = np.random.default_rng(seed)
    found = []
    for place in range(number):
        moved = shift if shift_from is not None and place >= shift_from else 0.0
        scores = 3 + 0.6 * (draw.normal(moved + wobble * draw.standard_normal(), 1, leads))
        day = [START + timedelta(days=place)] * leads
        found += count_scores(np.clip(scores, 1, 5), day, bundle="b", low=1, high=5)
    return found


def watched(history):
    return watch_scores(history, tolerance=0.02, bound=1000)


def test_a_quiet_half_year_never_alarms():
    found = watched(days(180))
    assert found.decision == "quiet"
    assert max(found.evidence) < found.bound


@pytest.mark.parametrize(("leads", "shift", "within"), [(1400, 0.3, 3), (1400, 0.5, 2), (150, 0.5, 8)])
def test_a_shift_is_found_within_days(leads, shift, within):
    found = watched(days(40, leads=leads, shift_from=30, shift=shift))
    assert found.decision == "alarm"
    assert found.alarmed is not None
    assert 0 <= (found.alarmed - START).days - 30 < within
    assert f"{found.alarmed}" in found.sentence


def test_there_is_no_judgement_before_a_week_and_a_thousand_scores():
    few = watched(days(20, leads=30))
    assert few.decision == "not_yet"
    assert "600" in few.sentence
    assert watched(days(6)).decision == "not_yet"
    assert watched([]).decision == "not_yet"


def test_a_day_comes_back_from_json_and_keeps_every_score():
    [day] = count_scores([0.5, 1.0, 3.0, 5.0, 7.0], [START] * 5, bundle="b", low=1, high=5)
    assert DayScores.from_json(day.to_json()) == day
    assert (day.n, day.counts[0], day.counts[-1]) == (5, 2, 2)


def test_the_same_days_say_the_same_bit_for_bit():
    assert watched(days(30)).to_json() == watched(days(30)).to_json()
