"""What asks for reports, tick by tick with a clock that the test holds."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import dagster as dg

from leadscore_assets.automation.watching import (
    looks_at_the_live_champion,
    page_every_monday,
    pages_behind_their_week,
    weeks_whose_outcomes_are_known,
)
from leadscore_assets.definitions import build_definitions
from leadscore_assets.domain.calendar import DAY, WEEK, at_midnight
from leadscore_assets.settings import HomeSettings, Settings
from leadscore_assets.steps.accompanying import look_at_champion
from leadscore_assets.steps.ingest import ingest_week
from leadscore_assets.steps.listing import score_week
from leadscore_assets.steps.outcome_reports import report_outcomes, weeks_to_report
from leadscore_assets.steps.release_store import keep_release, present_release
from leadscore_assets.steps.weekly_reporting import report_week
from leadscore_assets_tests.home import START, WEEKS, Home, leads, write_csv


def tick(sensor, platform) -> tuple[list[dg.RunRequest], str]:
    settings = Settings(home=Path("none"), values=HomeSettings(start_week=START))
    repository = build_definitions(settings).get_repository_def()
    with dg.DagsterInstance.ephemeral() as instance:
        resources = {"platform": platform}
        context = dg.build_sensor_context(instance=instance, resources=resources, repository_def=repository)
        found = sensor.evaluate_tick(context)
    return list(found.run_requests or []), found.skip_message or ""


def test_a_week_is_asked_for_once_its_outcomes_are_known_until_it_is_reported(copy, champion: Home) -> None:
    home = copy(champion)
    score_week(home.platform(), WEEKS[3])
    known = at_midnight(WEEKS[3] + WEEK * 2)
    early, platform = (home.platform(now=lambda at=at: at) for at in (known - timedelta(seconds=1), known))
    for week in weeks_to_report(early):
        report_outcomes(early, week)
    assert "is reported as it is now" in tick(weeks_whose_outcomes_are_known, early)[1]
    [request], _ = tick(weeks_whose_outcomes_are_known, platform)
    assert request.partition_key == f"{WEEKS[3]}"
    [later], _ = tick(weeks_whose_outcomes_are_known, replace(platform, now=lambda: known + DAY))
    assert later.run_key != request.run_key == tick(weeks_whose_outcomes_are_known, platform)[0][0].run_key
    report_outcomes(platform, WEEKS[3])
    assert tick(weeks_whose_outcomes_are_known, platform)[0] == []


def test_a_look_is_asked_for_when_it_is_due_until_it_is_made(copy, champion: Home) -> None:
    home = copy(champion)
    state = present_release(home.platform())
    keep_release(home.platform(), replace(state, settled=True), ())
    calm = state.history[-1].at
    assert tick(looks_at_the_live_champion, home.platform(now=lambda: calm))[0] == []
    platform = home.platform(now=lambda: calm + DAY)
    assert len(tick(looks_at_the_live_champion, platform)[0]) == 1
    look_at_champion(platform)
    assert tick(looks_at_the_live_champion, platform) == ([], "no look is due")


def test_the_page_of_the_week_that_ended_is_made_on_monday_if_its_leads_are_there(ingested: Home) -> None:
    def asked(week):
        moment = at_midnight(week + WEEK) + timedelta(hours=6)
        context = dg.build_schedule_context(
            scheduled_execution_time=moment, resources={"platform": ingested.platform()}
        )
        return page_every_monday(context)

    request = asked(WEEKS[3])
    assert (request.partition_key, request.run_key) == (f"{WEEKS[3]}", f"page:{WEEKS[3]}")
    assert "are not stored yet; its page is made when they are" in asked(WEEKS[-1] + WEEK).skip_message


def test_a_page_is_asked_for_when_its_leads_came_late_and_again_when_they_changed(copy, ingested: Home) -> None:
    home, last = copy(ingested), WEEKS[-1]
    monday = at_midnight(last + WEEK)
    platform = home.platform(now=lambda: monday + timedelta(hours=7))
    assert tick(pages_behind_their_week, replace(platform, now=lambda: monday + timedelta(hours=5)))[0] == []
    [request], _ = tick(pages_behind_their_week, platform)
    assert request.partition_key == f"{last}"
    report_week(platform, last, [])
    assert tick(pages_behind_their_week, platform)[0] == []
    write_csv(home.data / f"{last}.csv", leads(last, rows=150))
    ingest_week(platform, last)
    [again], _ = tick(pages_behind_their_week, platform)
    assert again.partition_key == request.partition_key
    assert again.run_key != request.run_key
    report_week(platform, last, [])
    assert tick(pages_behind_their_week, platform)[0] == []


def test_a_week_whose_leads_do_not_come_has_its_page_a_day_later(ingested: Home) -> None:
    missing = WEEKS[-1] + WEEK
    monday = at_midnight(missing + WEEK)
    early, late = (ingested.platform(now=lambda hours=hours: monday + timedelta(hours=hours)) for hours in (29, 30))
    assert tick(pages_behind_their_week, early)[0] == []
    assert [item.partition_key for item in tick(pages_behind_their_week, late)[0]] == [f"{missing}"]
