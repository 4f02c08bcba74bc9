"""A person decides in the Dagster UI of a real browser: forcing a retraining, declining, approving and going back."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from leadscore_assets.steps.release_store import present_release
from leadscore_assets_tests.browser.conftest import SWITCHES
from leadscore_assets_tests.browser.ui import Ui, running_ui, wait_for
from leadscore_assets_tests.home import NEW, WEEKS, Home, free_port

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def home(browser_program: str, copy: Callable[[Home], Home], champion: Home) -> Home:
    """Version 1 of an old week answers; a newer version sets off when an ML lead approves it."""
    found = copy(champion)
    policy = found.path / "policy.toml"
    policy.write_text(policy.read_text().replace("[approval]", '[approval]\nroles = ["ml_lead"]', 1))
    found.cli("retrain", "--week", f"{NEW}")
    return found


@pytest.fixture
def ui(home: Home, tmp_path: Path) -> Iterator[Ui]:
    """The UI on this home."""
    with running_ui(home.path, free_port(), tmp_path / "ui.log") as running:
        yield running


@pytest.fixture
def page(ui: Ui, browser_program: str) -> Iterator["Page"]:  # noqa: F821 - imported where a browser is
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_program, args=SWITCHES)
        yield browser.new_page(viewport={"width": 1700, "height": 1000})
        browser.close()


def test_a_person_approves_goes_back_forces_and_declines_by_clicks(page, ui: Ui, home: Home):
    platform = home.platform()
    assert (champion(home), waiting(home)) == (1, 2)
    launch(page, ui, "approve_job", "ops: {approve_release: {config: {version: 2, role: ml_lead, comment: seen}}}")
    assert champion(home) == 2
    launch(page, ui, "rollback_job", "ops: {go_back: {config: {reason: complaints}}}")
    assert champion(home) == 1
    force(page, ui, f"{WEEKS[6]}")
    assert waiting(home) == 3
    launch(page, ui, "decline_job", "ops: {decline_release: {config: {version: 3, comment: launch week}}}")
    assert (champion(home), waiting(home)) == (1, None)
    words = [
        (item.evidence["decision"], item.evidence["comment"]) for item in platform.ledger.records(action="approval")
    ]
    assert words == [("approved", "seen"), ("declined", "launch week")]
    [asked] = platform.ledger.records(action="asked", subject=f"retraining of week {WEEKS[6]}")
    assert (asked.evidence["asker"], asked.evidence["because"]) == ("forced", "launched in the Dagster UI")
    assert asked.actor.endswith("(Dagster UI)")


def champion(home: Home) -> int:
    found = present_release(home.platform()).champion
    return found.version if found else 0


def waiting(home: Home) -> int | None:
    state = present_release(home.platform())
    model = state.candidate or (state.waiting.model if state.waiting else None)
    return model.version if model else None


def launch(page, ui: Ui, job: str, config: str):
    """Write a job's config in its launchpad, launch it, and wait for its end."""
    page.goto(f"{ui.address}/locations/leadscore_assets/jobs/{job}/playground")
    editor = page.locator(".CodeMirror").first
    editor.wait_for()
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(config)
    button = page.get_by_role("button", name="Launch Run")
    wait_for(button.is_enabled, seconds=30)
    button.click()
    ended(ui, job)


def force(page, ui: Ui, week: str):
    """Launch the retraining of a week by hand."""
    page.goto(f"{ui.address}/locations/leadscore_assets/jobs/retrain_job")
    page.get_by_role("button", name="Materialize all").click()
    dialog = page.get_by_role("dialog")
    # The dialog offers the last 90 days at first, and this home's weeks are older.
    dialog.get_by_text("Show all partitions").click()
    chosen = dialog.get_by_role("textbox").first
    chosen.fill(week)
    chosen.press("Enter")
    dialog.get_by_role("button", name="Launch 1 run").click()
    dialog.wait_for(state="hidden")
    ended(ui, "retrain_job")


def ended(ui: Ui, job: str):
    (run,) = wait_for(lambda: ui.ended_runs(job, 1), seconds=180)
    assert run["status"] == "SUCCESS", ui.log.read_text()[-4000:]
