"""One page a week, gathered from a home that lived, kept in an index, told once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest

from leadscore_assets.domain.calendar import WEEK, at_midnight
from leadscore_assets.domain.errors import Missing
from leadscore_assets.domain.lake_kinds import named_files
from leadscore_assets.domain.live_facts import RunFact, StepFact
from leadscore_assets.domain.notices import Claim
from leadscore_assets.steps.listing import score_week
from leadscore_assets.steps.outcome_reports import report_outcomes
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.retraining import should_retrain
from leadscore_assets.steps.run_facts import find_runs
from leadscore_assets.steps.week_index import INDEX, page_path, reported_weeks
from leadscore_assets.steps.weekly_reporting import report_week, stored_week
from leadscore_assets_tests.home import WEEKS

# What the fixtures wrote into the ledger was written on the day of the test.
TODAY = datetime.now(UTC)
LAST = at_midnight((TODAY - timedelta(days=TODAY.weekday())).date()).date()
MONDAY = at_midnight(LAST + WEEK) + timedelta(hours=6)


def letters(platform: Platform, kind: str) -> list[Claim]:
    """Every letter of a kind that waits, as its deliverer gets it."""
    found = iter(lambda: platform.outbox.claim(platform.now(), lease=timedelta(hours=1), early=True), None)
    return [claim for claim in found if kind in [item.kind for item in claim.notices]]


def runs() -> list[RunFact]:
    steps = (StepFact("trained_model", "SUCCESS", 2.5), StepFact("evaluation_report", "FAILURE", 0.5))
    return [RunFact("r1", "retrain_job", "FAILURE", MONDAY - timedelta(days=3), 3.0, WEEKS[2], steps)]


@pytest.fixture
def week(on_champion):
    """A home with a champion, a listed and matured week, and a question that was asked."""
    score_week(on_champion, WEEKS[3])
    report_outcomes(on_champion, WEEKS[3])
    for _ in range(3):
        should_retrain(on_champion, asker="conditions", week=WEEKS[2])
    return replace(on_champion, now=lambda: MONDAY)


def test_the_week_tells_what_was_asked_trained_and_released_and_what_it_took(week):
    report, untold = report_week(week, LAST, runs())
    assert untold == []
    assert report == stored_week(week, LAST)
    assert [(item.decision, item.times) for item in report.asked][-1] == ("skip", 3)
    assert any(item.action == "judged" for item in report.verdicts)
    assert "promoted" in [item.action for item in report.releases]
    [training] = report.runs.trainings
    assert training.week == WEEKS[2]
    assert training.peak_megabytes > 50
    assert training.cpu_seconds > 0
    assert "One run of retrain_job failed." in report.concerns
    assert report.release.startswith("Version 1 answers all leads")
    assert any("question whether to retrain" in item.what for item in report.coming)
    table = week.lake.local_path(f"runs/week={LAST}")
    assert len(list(table.glob("*.parquet"))) == 1
    page = week.lake.local_path(page_path(LAST)).read_text()
    assert "retrain_job" in page


def test_runs_that_dagster_forgot_stay_as_they_were_kept(week):
    report_week(week, LAST, runs())
    report, _ = report_week(week, LAST, [])
    assert [item.run_id for item in report.runs.runs] == ["r1"]
    assert find_runs(week, LAST) == report.runs


def test_the_table_of_a_weeks_runs_is_the_one_that_its_summary_names(week):
    for known in ([], runs()):
        report_week(week, LAST, known)
    [path] = named_files(week.lake.read_json(f"runs/week={LAST}/runs.json"))
    table = pq.read_table(week.lake.local_path(path))
    assert table["step"].to_pylist() == ["trained_model", "evaluation_report"]


def test_the_newest_week_is_told_once_with_its_page_and_an_old_one_in_silence(week):
    for _ in range(2):
        report_week(week, LAST, [])
    report_week(week, LAST - WEEK, [])
    [claim] = letters(week, "weekly_report")
    assert claim.letter == f"weekly:{LAST}"
    assert [item.page for item in claim.notices] == [page_path(LAST)]
    assert [item.week for item in reported_weeks(week)] == [LAST, LAST - WEEK]
    index = week.lake.local_path(INDEX).read_text()
    assert index.index(f"week={LAST}/weekly.html") < index.index(f"week={LAST - WEEK}/weekly.html")


def test_outcomes_that_were_known_by_then_stand_on_the_page(week):
    then = replace(week, now=lambda: at_midnight(WEEKS[5]) + timedelta(hours=6))
    report, _ = report_week(then, WEEKS[4], [])
    assert report.outcomes.week == WEEKS[3]
    assert report.outcomes.top is not None
    assert [item.week for item in report.outcomes.trend] == [WEEKS[3]]
    assert any("when it was judged" in item for item in report.concerns)
    earlier, _ = report_week(then, WEEKS[3], [])
    assert earlier.outcomes is None or earlier.outcomes.week < WEEKS[3]


def test_what_stopped_a_weeks_leads_on_the_monday_after_stands_on_its_page(week):
    assert not any("Gate failed" in item for item in report_week(week, WEEKS[4], [])[0].concerns)
    week.ledger.append("gate failed", f"week {WEEKS[4]}", reason="leads broke the contract", evidence={}, key="gate:1")
    report, _ = report_week(week, WEEKS[4], [])
    assert "Gate failed: leads broke the contract" in report.concerns
    assert report.alarming


def test_a_week_without_a_report_says_how_to_make_it(week):
    with pytest.raises(Missing, match=f"leadscore report --week {LAST}"):
        stored_week(week, LAST)
