"""A person decides in the Dagster UI of a real browser: forcing a retraining, declining, approving and going back.

Where Caddy is, the browser comes in through the shipped proxy, with a password.
"""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from leadscore_assets.domain.triggers import Asker, should_retrain
from leadscore_assets.steps.release_store import present_release
from leadscore_assets.steps.retraining import retraining_state
from leadscore_assets.steps.week_index import INDEX, page_path
from leadscore_assets_tests.browser.conftest import SWITCHES
from leadscore_assets_tests.browser.ui import Ui, running_ui, wait_for
from leadscore_assets_tests.deploy.way_in import CADDY, PASSWORD, USER, WayIn, asked, containers
from leadscore_assets_tests.home import NEW, WEEKS, Home, free_port

WEEK = WEEKS[6]
PROXY = Path(__file__).parents[2] / "deploy" / "Caddyfile"

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@dataclass(frozen=True)
class Desk:
    """A person's browser, the address at which the UI is found from there, and the UI itself."""

    page: Any
    address: str
    ui: Ui

    def launch(self, job: str, config: str, *, user: str) -> None:
        """Write a job's config in its launchpad, name the person, launch it, and wait for its end."""
        self.page.goto(f"{self.address}/locations/leadscore_assets/jobs/{job}/playground")
        editor = self.page.locator(".CodeMirror").first
        editor.wait_for()
        editor.click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.press("Delete")
        self.page.keyboard.insert_text(config)
        self.page.get_by_role("button", name="Edit tags").click()
        self._tag(user=user)
        button = self.page.get_by_role("button", name="Launch Run")
        wait_for(button.is_enabled, seconds=30)
        button.click()
        self.ended(job)

    def materialize(self, job: str, week: str, **tags: str) -> None:
        """Launch a job for a week by hand, with tags, and wait for its end."""
        self.page.goto(f"{self.address}/locations/leadscore_assets/jobs/{job}")
        self.page.get_by_role("button", name="Materialize").first.click()
        dialog = self.page.get_by_role("dialog").first
        # The dialog offers the last 90 days at first, and this home's weeks are older.
        dialog.get_by_text("Show all partitions").click()
        chosen = dialog.get_by_role("textbox").first
        chosen.fill(week)
        chosen.press("Enter")
        if tags:
            dialog.get_by_text("Tags", exact=True).click()
            dialog.get_by_role("button", name="Add tags").click()
            self._tag(**tags)
        dialog.get_by_role("button", name="Launch 1 run").click()
        dialog.wait_for(state="hidden")
        self.ended(job)

    def _tag(self, **tags: str) -> None:
        """Fill in the dialog of a run's tags; two underscores stand for a slash."""
        dialog = self.page.get_by_role("dialog").filter(has_text="Add tags to run")
        for at, (name, value) in enumerate(tags.items()):
            if at:
                dialog.get_by_role("button", name="Add custom tag").click()
            dialog.get_by_placeholder("Tag Key").nth(at).fill(name.replace("__", "/"))
            dialog.get_by_placeholder("Tag Value").nth(at).fill(value)
        dialog.get_by_role("button", name="Apply").click()
        dialog.wait_for(state="hidden")

    def ended(self, job: str) -> None:
        """Wait until the job's only run by hand ended well; sensors may have asked for others."""
        (run,) = wait_for(lambda: [run for run in self.ui.ended_runs(job, 1) if _by_hand(run)], seconds=180)
        assert run["status"] == "SUCCESS", self.ui.log.read_text()[-4000:]


def _by_hand(run: dict[str, Any]) -> bool:
    return not {"dagster/sensor_name", "dagster/schedule_name"} & set(run["tags"])


@pytest.fixture
def home(browser_program: str, copy: Callable[[Home], Home], champion: Home) -> Home:
    """Version 1 of an old week answers; a newer version sets off when an ML lead approves it."""
    found = copy(champion)
    policy = found.path / "policy.toml"
    policy.write_text(policy.read_text().replace("[approval]", '[approval]\nroles = ["ml_lead"]', 1))
    found.cli("retrain", "--week", f"{NEW}")
    return found


@pytest.fixture
def desk(home: Home, browser_program: str, tmp_path: Path) -> Iterator[Desk]:
    """A browser before the UI on this home."""
    from playwright.sync_api import sync_playwright

    port = free_port()
    direct = nullcontext(WayIn(f"http://127.0.0.1:{port}", ""))
    proxy = containers(PROXY, tmp_path, ui=port, scoring=home.port) if CADDY else direct
    with running_ui(home.path, port, tmp_path / "ui.log") as ui, proxy as found, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_program, args=SWITCHES)
        credentials = {"username": USER, "password": PASSWORD}
        page = browser.new_page(viewport={"width": 1700, "height": 1000}, http_credentials=credentials)
        yield Desk(page, found.ui, ui)
        browser.close()


def test_a_person_approves_goes_back_forces_and_declines_by_clicks(desk: Desk, home: Home) -> None:
    if CADDY:
        assert asked(f"{desk.address}/graphql")[0] == 401
    begun = datetime.now(UTC)
    assert (champion(home), waiting(home)) == (1, 2)
    approve = "ops: {approve_release: {config: {version: 2, role: ml_lead, comment: seen}}}"
    desk.launch("approve_job", approve, user="ada")
    assert champion(home) == 2
    desk.launch("rollback_job", "ops: {go_back: {config: {reason: complaints}}}", user="ben")
    assert champion(home) == 1
    no_trigger_would_retrain(home)
    desk.materialize("retrain_job", f"{WEEK}", user="ada", leadscore__reason="sales asked")
    assert waiting(home) == 3
    decline = "ops: {decline_release: {config: {version: 3, role: business, comment: launch week}}}"
    desk.launch("decline_job", decline, user="ben")
    assert (champion(home), waiting(home)) == (1, None)
    the_ledger_says_who_when_and_why(home, begun)
    the_weeks_page_is_made_and_linked_from_its_asset(desk, home)


def champion(home: Home) -> int:
    found = present_release(home.platform()).champion
    return found.version if found else 0


def waiting(home: Home) -> int | None:
    state = present_release(home.platform())
    model = state.candidate or (state.waiting.model if state.waiting else None)
    return model.version if model else None


def no_trigger_would_retrain(home: Home) -> None:
    """Nothing but a person's word starts this week's retraining: the calendar and the conditions would wait."""
    platform = home.platform()
    state = retraining_state(platform, WEEK)
    askers: tuple[Asker, ...] = ("calendar", "conditions")
    found = [should_retrain(state, platform.policy, platform.now(), asker=asker) for asker in askers]
    assert [item.wanted for item in found] == [False, False]


def the_ledger_says_who_when_and_why(home: Home, begun: datetime) -> None:
    told = home.cli("ledger", "show", "--limit", "99", "--json").json
    said = [item for item in told if begun <= datetime.fromisoformat(item["at"]) <= datetime.now(UTC)]
    found = {(item["actor"], item["action"], item["subject"]): item["reason"] for item in said}
    who_and_why = {
        ("ada", "approval", "package 2"): "approved by ada as ml_lead: seen",
        ("ada", "approved", "package 2"): "approved by ada as ml_lead",
        ("ben", "rolled back", "package 2"): "complaints",
        ("ada", "asked", f"retraining of week {WEEK}"): "retrain: A person insists on it. (sales asked)",
        ("ada", "registered", "package 3"): f"week {WEEK}: better, v1.2.0",
        ("ben", "approval", "package 3"): "declined by ben as business: launch week",
        ("ben", "rejected", "package 3"): "launch week",
    }
    assert {key: found.get(key) for key in who_and_why} == who_and_why
    [forced] = [item["evidence"] for item in said if item["action"] == "asked" and item["actor"] == "ada"]
    assert (forced["asker"], forced["because"]) == ("forced", "sales asked")
    assert home.cli("ledger", "verify", "--json").json["sound"]


def the_weeks_page_is_made_and_linked_from_its_asset(desk: Desk, home: Home) -> None:
    desk.materialize("report_job", f"{WEEK}")
    lake = home.platform().lake
    desk.page.goto(f"{desk.address}/assets/weekly_report?view=partitions&partition={WEEK}")
    for path in (page_path(WEEK), INDEX):
        file = lake.local_path(path)
        desk.page.get_by_text(f"{file}", exact=True).first.wait_for()
        assert f"{WEEK}" in file.read_text()
