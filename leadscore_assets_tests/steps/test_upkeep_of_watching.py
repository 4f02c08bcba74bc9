"""Cleaning what watching keeps: pages with their index, lists as first shown, tables of runs, and letters."""

from dataclasses import replace
from datetime import timedelta

import pyarrow.parquet as pq
import pytest

from leadscore_assets.domain.calendar import WEEK, at_midnight
from leadscore_assets.domain.lake_kinds import is_kept, kind_of
from leadscore_assets.domain.live_facts import RunFact, StepFact
from leadscore_assets.domain.notices import Notice
from leadscore_assets.domain.retention import Removal
from leadscore_assets.steps.delivering import deliver, deliveries
from leadscore_assets.steps.drifting import report_drift
from leadscore_assets.steps.listing import list_path, score_week
from leadscore_assets.steps.notifying import announce
from leadscore_assets.steps.outcome_reports import report_outcomes, weeks_to_report
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.profiling import profile_week
from leadscore_assets.steps.serving_records import record_served
from leadscore_assets.steps.shown_scores import keep_shown, shown_scores
from leadscore_assets.steps.upkeep import clean, plan_cleaning
from leadscore_assets.steps.week_index import INDEX, page_path, reported_weeks
from leadscore_assets.steps.weekly_reporting import report_week
from leadscore_assets_tests.home import WEEKS, Home
from leadscore_assets_tests.steps.aged import LATER, grow_old, kinds, tiny

PAST, KEPT = (WEEKS[3], WEEKS[6]), (LATER[5], LATER[7])


@pytest.fixture
def watched(aged: Home) -> Home:
    """The aged home after its old and its newest weeks were listed and reported, 40 days ago."""
    platform = aged.platform()
    for week in (*PAST, *KEPT):
        score_week(platform, week)
        report_outcomes(platform, week)
        record_served(platform, week)
        profile_week(platform, week)
        for ended in ("STARTED", "SUCCESS"):
            step = StepFact("trained_model", ended, 2.5)
            report_week(platform, week, [RunFact("r1", "retrain_job", ended, at_midnight(week), 3.0, week, (step,))])
    report_drift(platform, PAST[-1])
    grow_old(aged.path, days=40)
    return aged


def lake_files(platform: Platform) -> set[str]:
    return {item.path for item in platform.lake.files()}


def test_every_file_of_a_home_that_is_watched_is_known_to_retention(watched: Home) -> None:
    files = lake_files(watched.platform())
    assert {path.split("/")[0] for path in files} >= {"leads", "profiles", "release", "reports", "runs", "scored"}
    assert {path for path in files if kind_of(path) is None and not is_kept(path)} == {"somebody/elses.txt"}


def test_pages_lists_and_tables_of_old_weeks_go_and_those_of_the_newest_stay_whole(watched: Home) -> None:
    platform = tiny(watched)
    ranked = pq.read_table(platform.lake.local_path(list_path(KEPT[0])))
    platform.lake.remove(f"scored/week={KEPT[0]}/shown.json")
    for rows in (10, ranked.num_rows):
        keep_shown(platform, KEPT[0], ranked.slice(0, rows))
    grow_old(watched.path, days=40)

    clean(platform)

    left = lake_files(platform)
    for week in PAST:
        assert not [path for path in left if path.startswith((f"runs/week={week}", f"scored/week={week}"))]
        assert page_path(week) not in left
    for week in KEPT:
        assert len([path for path in left if path.startswith(f"runs/week={week}/part-")]) == 1
        assert len([path for path in left if path.startswith(f"scored/week={week}/part-")]) == 1
        assert shown_scores(platform, week).num_rows == ranked.num_rows
    assert [item.week for item in reported_weeks(platform)] == [*reversed(KEPT)]
    assert {"release/state.json", INDEX} <= left
    assert plan_cleaning(platform).removals == ()


def test_cut_short_anywhere_the_index_names_no_page_that_is_gone(watched: Home) -> None:
    platform = tiny(watched)

    def look(item: Removal) -> None:
        gone = [line.week for line in reported_weeks(platform) if not platform.lake.holds(page_path(line.week))]
        assert gone == [], item.path

    assert kinds(clean(platform, on_removal=look))["report"] > 5


def test_outcomes_whose_report_was_cleaned_are_not_reported_again(watched: Home) -> None:
    platform = tiny(watched, leads_days=365)
    then = replace(platform, now=lambda: at_midnight(LATER[-1] + 4 * WEEK))
    assert weeks_to_report(then) == {}

    gone = {item.path for item in clean(platform).removals}

    assert f"reports/week={PAST[0]}/outcomes.json" in gone
    assert shown_scores(platform, PAST[0]) is not None
    assert weeks_to_report(then) == {}
    assert PAST[0] in weeks_to_report(replace(then, policy=watched.platform().policy))


def test_letters_that_ended_long_ago_go_and_the_ledger_keeps_that_they_were_sent(watched: Home) -> None:
    platform = tiny(watched, notices_days=40)
    begun = platform.now()
    later = replace(platform, now=lambda: begun + timedelta(days=50))
    announce(platform, Notice("drift", "sent", "long ago", begun, "long-ago"))
    assert deliver(platform, early=True).problems == ()
    sent = platform.ledger.records(action="notified")
    announce(later, Notice("drift", "lately", "said", later.now(), "lately"))

    planned = plan_cleaning(later)
    assert "outbox/long-ago" in {item.name for item in planned.removals}
    assert "long-ago" in {item.letter for item in deliveries(later, limit=99)}
    done = clean(later)

    assert kinds(done)["letter"] == kinds(planned)["letter"]
    assert [item.letter for item in deliveries(later, limit=99)] == ["lately"]
    assert platform.ledger.records(action="notified") == sent
    assert sent
    (record,) = platform.ledger.records(action="cleaned")
    assert record.evidence["counts"]["letter"] == kinds(done)["letter"]
