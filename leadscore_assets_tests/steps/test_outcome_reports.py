"""How a week's list came out: told when outcomes are known, by the scores that were shown, and again when late."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from leadscore_assets.domain.calendar import WEEK, at_midnight
from leadscore_assets.domain.errors import Missing, NotEnoughData
from leadscore_assets.domain.metrics import spearman
from leadscore_assets.steps.ingest import ingest_week
from leadscore_assets.steps.listing import score_week
from leadscore_assets.steps.outcome_reports import (
    latest_realised,
    newest_matured,
    outcome_problems,
    page_path,
    report_outcomes,
    reports_until,
    stored_outcomes,
    weeks_to_report,
)
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.retraining import retraining_state
from leadscore_assets.steps.shown_scores import shown_scores
from leadscore_assets_tests.backends.captured_traffic import Answer, Request, captured
from leadscore_assets_tests.home import OLD, WEEKS, Home, leads, write_csv

WEEK_SHOWN = WEEKS[3]
KNOWN = at_midnight(WEEK_SHOWN + WEEK * 2)


def on(platform: Platform, moment: datetime) -> Platform:
    return replace(platform, now=lambda: moment)


def due(platform: Platform) -> list[date]:
    """The weeks to report, without those that the model learnt from."""
    return [week for week in weeks_to_report(platform) if week >= WEEK_SHOWN]


@pytest.fixture
def listed(on_champion: Platform) -> Platform:
    """Version 1 ranked a week that its training never saw, on the day after it."""
    score_week(on_champion, WEEK_SHOWN)
    return on(on_champion, KNOWN)


def test_the_report_comes_on_the_day_the_horizon_ends_and_not_before(listed: Platform) -> None:
    early = on(listed, KNOWN - timedelta(seconds=1))
    with pytest.raises(NotEnoughData, match=f"known on {KNOWN:%Y-%m-%d}"):
        report_outcomes(early, WEEK_SHOWN)
    assert due(early) == []
    assert due(listed) == [WEEK_SHOWN]
    assert newest_matured(listed) == WEEK_SHOWN


def test_its_figures_are_those_of_the_shown_scores_and_the_leads(listed: Platform) -> None:
    report = report_outcomes(listed, WEEK_SHOWN)
    shown = shown_scores(listed, WEEK_SHOWN)
    assert shown is not None
    truth = {row["lead_id"]: row for row in leads(WEEK_SHOWN).to_pylist()}
    rows = [(row["score"], truth[row["lead_id"]]) for row in shown.to_pylist()]
    assert (report.listed, report.known, report.learnt, report.rows) == (210, 210, 0, 210)
    [model] = report.models
    expected = spearman([score for score, _ in rows], [lead["lead_score"] for _, lead in rows])
    assert model.metrics["spearman"] == pytest.approx(expected)
    assert model.spearman.low < model.spearman.value < model.spearman.high
    assert report.top.top.rows == 21
    assert report.top.top.conversions + report.top.rest.conversions == sum(lead["converted"] for _, lead in rows)
    assert report.top.lift.low < report.top.lift.value < report.top.lift.high
    assert report.bands[0].name == "hot"
    assert sum(item.rows for item in report.bands) == 210
    assert all(item.rate.low <= item.rate.value <= item.rate.high for item in report.bands)
    assert stored_outcomes(listed, WEEK_SHOWN) == report
    assert "converted" in listed.lake.local_path(page_path(WEEK_SHOWN)).read_text()


def test_it_is_recorded_once_and_asked_for_no_more(listed: Platform) -> None:
    for _ in range(2):
        report_outcomes(listed, WEEK_SHOWN)
    [record] = listed.ledger.records(action="realised")
    assert record.subject == f"week {WEEK_SHOWN}"
    assert due(listed) == []
    assert reports_until(listed, WEEK_SHOWN, weeks=2) == [stored_outcomes(listed, WEEK_SHOWN)]


def changed(home: Home, week: date, **columns: object) -> None:
    table = leads(week)
    for name, values in columns.items():
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, pa.array(values, table.schema.field(name).type))
    write_csv(home.data / f"{week}.csv", table)


def test_late_outcomes_change_the_report_and_never_the_scores_that_were_shown(
    copy: Callable[[Home], Home], champion: Home
) -> None:
    home = copy(champion)
    half = [None] * 100 + leads(WEEK_SHOWN)["lead_score"].to_pylist()[100:]
    changed(home, WEEK_SHOWN, lead_score=half)
    platform = on(home.platform(), KNOWN)
    ingest_week(platform, WEEK_SHOWN)
    score_week(platform, WEEK_SHOWN)
    before = report_outcomes(platform, WEEK_SHOWN)
    assert (before.known, before.matured) == (110, 110 / 210)
    shown = shown_scores(platform, WEEK_SHOWN)
    changed(home, WEEK_SHOWN, opened_mail=pc.invert(leads(WEEK_SHOWN)["opened_mail"]))
    ingest_week(platform, WEEK_SHOWN)
    score_week(platform, WEEK_SHOWN)
    assert due(platform) == [WEEK_SHOWN]
    after = report_outcomes(platform, WEEK_SHOWN)
    assert (after.known, shown_scores(platform, WEEK_SHOWN)) == (210, shown)
    assert len(platform.ledger.records(action="realised")) == 2


def test_leads_that_the_model_had_learnt_from_say_nothing_of_it(on_champion: Platform) -> None:
    score_week(on_champion, WEEKS[0])
    report = report_outcomes(on(on_champion, KNOWN), WEEKS[0])
    assert (report.known, report.learnt, report.rows, report.models) == (210, 210, 0, ())
    assert "no outcome is known" in report.sentence
    assert "No outcomes to tell yet" in on_champion.lake.local_path(page_path(WEEKS[0])).read_text()


def test_the_champions_last_matured_week_feeds_the_question_of_a_retraining(listed: Platform) -> None:
    assert latest_realised(listed) is None
    report = report_outcomes(listed, WEEK_SHOWN)
    found = latest_realised(listed)
    champion = listed.registry.production()
    assert found is not None
    assert (found.week, found.metric, found.rows) == (WEEK_SHOWN, "spearman", 210)
    assert found.value == report.models[0].metrics["spearman"]
    assert found.expected == champion.metrics["spearman"]
    assert champion.week == OLD
    assert retraining_state(listed, WEEK_SHOWN).realised == found
    # The rule was turned round in this week, and the model of the old rule fell far below what it showed when judged.
    assert found.value < found.expected - 0.5
    assert "when it was judged" in outcome_problems(listed, WEEK_SHOWN)[0]


def test_conversions_by_variant_come_from_the_captures_that_answered_first(listed: Platform, tmp_path: Path) -> None:
    table = leads(WEEK_SHOWN).to_pylist()
    asked = [
        Request(
            row["created_at"] + timedelta(minutes=1),
            [Answer(row["lead_id"])],
            variant="candidate" if at % 2 else "primary",
            version=2 if at % 2 else 1,
            event=f"e{at}",
        )
        for at, row in enumerate(table[:80])
    ]
    platform = replace(listed, captures=captured(tmp_path, asked))
    arms = report_outcomes(platform, WEEK_SHOWN).arms
    assert [(item.name, item.rows) for item in arms] == [("candidate, version 2", 40), ("primary, version 1", 40)]
    assert [item.conversions for item in arms] == [
        sum(row["converted"] for row in table[1:80:2]),
        sum(row["converted"] for row in table[0:80:2]),
    ]
    # The captures of that week were deleted since.
    assert report_outcomes(replace(platform, captures=captured(tmp_path / "none", [])), WEEK_SHOWN).arms == arms


def test_revenue_and_feedback_are_told_where_the_contract_names_their_columns(listed: Platform) -> None:
    contract = listed.contract.model_copy(update={"revenue": "deal", "feedback": "liked"})
    platform = replace(listed, contract=contract)
    manifest = listed.lake.manifest(WEEK_SHOWN)
    deals = np.arange(210, dtype=float)
    table = listed.lake.read_files(manifest.files)
    table = table.append_column("deal", pa.array(deals)).append_column("liked", pa.array([True, None] * 105))
    path, sha256 = listed.lake.write_table(table, under="leads")
    file = replace(manifest.files[0], path=path, sha256=sha256, rows=210)
    listed.lake.publish(replace(manifest, files=(file,), contract=contract.digest, generation=manifest.generation + 1))
    report = report_outcomes(platform, WEEK_SHOWN)
    assert report.whole.revenue.value == pytest.approx(deals.mean())
    assert report.whole.revenue.low < deals.mean() < report.whole.revenue.high
    assert report.whole.feedback.value == 1
    assert "Revenue a lead" in platform.lake.local_path(page_path(WEEK_SHOWN)).read_text()


def test_what_was_never_listed_or_ingested_cannot_be_told(on_champion: Platform) -> None:
    platform = on(on_champion, KNOWN)
    with pytest.raises(Missing, match="has no list"):
        report_outcomes(platform, WEEK_SHOWN)
    with pytest.raises(Missing, match="no report of its outcomes"):
        stored_outcomes(platform, WEEK_SHOWN)
    with pytest.raises(Missing, match="is not ingested"):
        report_outcomes(platform, WEEKS[0] - WEEK)
