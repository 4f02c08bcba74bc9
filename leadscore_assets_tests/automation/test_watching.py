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
from leadscore_assets_tests.automation.test_schedules import evaluated
from leadscore_assets_tests.home import START, WEEKS, Home, leads, write_csv

WHEN_THEY_ARE = "its page is made when they are"


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


def test_the_page_of_the_week_that_ended_is_made_on_monday_once_its_leads_are_stored(ingested: Home) -> None:
    monday = at_midnight(WEEKS[-1] + WEEK) + timedelta(hours=6)
    request, _ = evaluated(page_every_monday, monday, ingested.platform())
    assert request
    assert (request.partition_key, request.run_key) == (f"{WEEKS[-1]}", f"page:{WEEKS[-1]}")
    request, said = evaluated(page_every_monday, monday + WEEK, ingested.platform())
    assert (request, said) == (None, f"the leads of week {WEEKS[-1] + WEEK} are not stored yet; {WHEN_THEY_ARE}")


def test_a_page_that_does_not_tell_of_the_leads_that_are_stored_is_asked_for(copy, ingested: Home) -> None:
    home = copy(ingested)
    monday = at_midnight(WEEKS[-1] + WEEK)

    def weeks(**passed: float) -> list[str]:
        moment = monday + timedelta(**passed)
        asked, _ = tick(pages_behind_their_week, home.platform(now=lambda: moment))
        return [str(request.partition_key) for request in asked]

    assert weeks(hours=5) == []
    assert weeks(hours=6) == [f"{WEEKS[-1]}"]
    report_week(home.platform(now=lambda: monday + timedelta(hours=6)), WEEKS[-1], [])
    assert weeks(hours=7) == []
    write_csv(home.data / f"{WEEKS[-1]}.csv", leads(WEEKS[-1], rows=150))
    ingest_week(home.platform(), WEEKS[-1])
    assert weeks(hours=8) == [f"{WEEKS[-1]}"]
    report_week(home.platform(now=lambda: monday + timedelta(hours=8)), WEEKS[-1], [])
    assert weeks(days=7, hours=29) == []
    assert weeks(days=7, hours=30) == [f"{WEEKS[-1] + WEEK}"]
