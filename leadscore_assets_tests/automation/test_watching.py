"""What asks for reports, tick by tick with a clock that the test holds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from leadscore_assets.automation.watching import (
    looks_at_the_live_champion,
    page_every_monday,
    weeks_whose_outcomes_are_known,
)
from leadscore_assets.definitions import build_definitions
from leadscore_assets.domain.calendar import DAY, WEEK, at_midnight
from leadscore_assets.settings import HomeSettings, Settings
from leadscore_assets.steps.accompanying import look_at_champion
from leadscore_assets.steps.listing import score_week
from leadscore_assets.steps.outcome_reports import report_outcomes, weeks_to_report
from leadscore_assets.steps.release_store import keep_release, present_release
from leadscore_assets_tests.home import START, WEEKS, Home


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


def test_the_page_of_the_week_that_ended_is_made_on_monday() -> None:
    moment = datetime(2025, 3, 3, 6, tzinfo=UTC)
    context = dg.build_schedule_context(scheduled_execution_time=moment)
    request = page_every_monday(context)
    assert (request.partition_key, request.run_key) == ("2025-02-24", "page:2025-02-24")
