"""Cutting a week's slices from what the lake holds."""

from itertools import pairwise

import pytest

from leadscore_assets.domain.errors import NotEnoughData
from leadscore_assets.domain.slices import NAMES, overlaps
from leadscore_assets.steps.ingest import ingest_week
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.slicing import cut_slices
from leadscore_assets_tests.home import NEW, OLD, WEEKS, Home


def test_slices_are_stored_by_address_and_do_not_overlap(on_leads: Platform) -> None:
    cut = cut_slices(on_leads, NEW)
    assert {name: on_leads.lake.slice(NEW, name) for name in NAMES} == cut.slices
    assert overlaps(cut.slices, end=cut.plan.end) == []
    assert [len(cut.slices[name].days) for name in NAMES] == [4, 1, 2]
    assert sum(item.rows for item in cut.slices.values()) == cut.plan.rows == 210


def test_cutting_twice_gives_the_same_slices(on_leads: Platform) -> None:
    assert cut_slices(on_leads, NEW) == cut_slices(on_leads, NEW)


def test_the_day_on_which_the_window_ends_moves_on_every_week(on_leads: Platform) -> None:
    ends = [cut_slices(on_leads, week).plan.end.weekday() for week in WEEKS[1:6]]
    assert [(second - first) % 7 for first, second in pairwise(ends)] == [1] * 4


def test_too_few_rows_name_the_weeks_that_are_not_ingested(home: Home) -> None:
    platform = home.platform()
    ingest_week(platform, OLD)
    with pytest.raises(
        NotEnoughData, match=rf"not ingested yet: 2 weeks, {WEEKS[0]}, {WEEKS[1]}; run 'leadscore ingest'"
    ):
        cut_slices(platform, OLD)
