"""The newest lead's age, and weeks that are not there."""

from dataclasses import replace
from datetime import timedelta

from leadscore_assets.domain.calendar import WEEK, at_midnight
from leadscore_assets.steps.freshness import freshness
from leadscore_assets_tests.home import WEEKS, made_home


def test_age_and_missing_weeks_are_told_near_and_long_after(on_leads):
    near = at_midnight(WEEKS[-1] + WEEK) + timedelta(hours=6)
    found = freshness(replace(on_leads, now=lambda: near))
    assert (found.hours, found.missing) == (6, ())
    late = freshness(replace(on_leads, now=lambda: near + WEEK * 60))
    assert late.hours == 6 + 60 * 7 * 24
    assert len(late.missing) == 60
    assert late.missing[0] == WEEKS[-1] + WEEK


def test_an_empty_home_has_no_age(tmp_path):
    found = freshness(made_home(tmp_path / "home").platform())
    assert (found.newest, found.hours, found.missing) == (None, None, ())
