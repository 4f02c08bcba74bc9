"""The product in a real browser: what a person sees and clicks in the Dagster UI, on a home of generated leads."""

import json
import re

import pytest

from leadscore_assets.assets.release import BACKFILL_TAGS
from leadscore_assets_tests.browser.conftest import WEEKS
from leadscore_assets_tests.browser.ui import Ui, wait_for
from leadscore_assets_tests.home import Home
from leadscore_assets_tests.test_definitions import SNAPSHOT

GROUPS = ("leads", "slices", "model", "evaluation", "release", "scoring")
ASSETS = (
    "weekly_leads",
    "train_slice",
    "validation_slice",
    "test_slice",
    "trained_model",
    "evaluation_report",
    "model_package",
    "endpoint",
    "scored_leads",
)
HISTORY, WEEK = WEEKS[2:5], WEEKS[5]

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_the_graph_a_backfill_and_a_week_are_seen_and_run_from_the_browser(page, ui: Ui, generated: Home):
    the_graph_shows_every_group_and_asset(page, ui)
    backfill = a_backfill_of_three_weeks_trains_in_order_and_releases_nothing(page, ui, generated)
    a_week_runs_through_to_the_endpoint(page, ui, generated)
    the_week_shows_its_checks_and_metadata(page, ui)
    assert wait_for(lambda: ended(ui, backfill), seconds=60) == "COMPLETED_SUCCESS"
    automation_is_on_and_nothing_frightens(ui)


def the_graph_shows_every_group_and_asset(page, ui: Ui):
    page.goto(f"{ui.address}/asset-groups")
    for group in GROUPS:
        page.get_by_text(group, exact=True).last.wait_for()
    page.keyboard.press("Alt+e")
    for asset in ASSETS:
        page.get_by_text(asset, exact=True).last.wait_for()


def a_backfill_of_three_weeks_trains_in_order_and_releases_nothing(page, ui: Ui, home: Home) -> str:
    launch(page, ui, "weekly_job", f"[{HISTORY[0]}...{HISTORY[-1]}]", button="Launch backfill")
    (backfill,) = wait_for(ui.backfills, seconds=10)
    runs = wait_for(lambda: ui.ended_runs("weekly_job", len(HISTORY)), seconds=240)
    found = [(run["tags"]["dagster/partition"], run["status"]) for run in runs]
    assert found == [(f"{week}", "SUCCESS") for week in HISTORY]
    platform = home.platform()
    verdicts = [platform.lake.read_json(f"reports/week={week}/evaluation.json") for week in HISTORY]
    assert {item["evaluation"]["verdict"]["decision"] for item in verdicts if item} == {"promote"}
    assert [record.action for record in platform.ledger.records()].count("judged") == len(HISTORY)
    assert platform.registry.packages() == []
    assert not platform.endpoint.status().running
    return backfill


def a_week_runs_through_to_the_endpoint(page, ui: Ui, home: Home):
    launch(page, ui, "weekly_job", f"{WEEK}", button="Launch 1 run")
    runs = wait_for(lambda: ui.ended_runs("weekly_job", len(HISTORY) + 1), seconds=120)
    assert (runs[-1]["tags"]["dagster/partition"], runs[-1]["status"]) == (f"{WEEK}", "SUCCESS")
    assert BACKFILL_TAGS[0] not in runs[-1]["tags"]
    platform = home.platform()
    assert [package.week for package in platform.registry.packages()] == [WEEK]
    assert platform.endpoint.status().running


def the_week_shows_its_checks_and_metadata(page, ui: Ui):
    page.goto(f"{ui.address}/assets/weekly_leads?view=partitions&partition={WEEK}")
    row = page.get_by_role("row").filter(has_text="dagster/row_count")
    assert re.search(r"1,?250", row.first.inner_text())
    page.goto(f"{ui.address}/assets/weekly_leads?view=checks")
    page.get_by_text("Checks (7)").wait_for()
    wait_for(lambda: page.get_by_text("Succeeded", exact=True).count() == 7, seconds=30)
    page.goto(f"{ui.address}/assets/weekly_leads")
    page.get_by_text("quality", exact=True).wait_for()
    page.goto(f"{ui.address}/assets/evaluation_report")
    page.get_by_text("promote", exact=True).first.wait_for()


def automation_is_on_and_nothing_frightens(ui: Ui):
    found = ui.automation()
    states = [item["scheduleState"]["status"] for item in found["schedules"]]
    states += [item["sensorState"]["status"] for item in found["sensors"]]
    agreed = json.loads(SNAPSHOT.read_text())
    assert states == ["RUNNING"] * len([*agreed["schedules"], *agreed["sensors"]])
    ticks = [tick for item in found["sensors"] for tick in item["sensorState"]["ticks"]]
    assert [tick["error"] for tick in ticks] == [None] * len(ticks)
    assert ticks
    assert all(daemon["healthy"] and not daemon["lastHeartbeatErrors"] for daemon in ui.daemons().values())
    said = ui.log.read_text()
    assert not re.search(r"\b(warning|error|traceback)\b", said, re.IGNORECASE), said


def ended(ui: Ui, backfill: str) -> str | None:
    status = ui.backfills()[backfill]
    return status if status.startswith("COMPLETED") else None


def launch(page, ui: Ui, job: str, weeks: str, *, button: str):
    """Choose weeks in the dialog of a job and launch it."""
    page.goto(f"{ui.address}/locations/leadscore_assets/jobs/{job}")
    page.get_by_role("button", name="Materialize all").click()
    dialog = page.get_by_role("dialog")
    chosen = dialog.get_by_role("textbox").first
    chosen.fill(weeks)
    chosen.press("Enter")
    dialog.get_by_role("button", name=button).click()
    dialog.wait_for(state="hidden")
