"""A browser, a home that looks like the demo's, and the UI on it."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from leadscore_assets.backends.home_files import write_home
from leadscore_assets.domain.calendar import WEEK, week_of
from leadscore_assets.domain.generator import small_contract
from leadscore_assets.resources import system_clock
from leadscore_assets_tests.browser.ui import Ui, running_ui
from leadscore_assets_tests.home import Home, free_port

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SWITCHES = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
LAST = week_of(system_clock().date()) - WEEK
WEEKS = tuple(LAST - timedelta(weeks=back) for back in range(5, -1, -1))
POLICY = {
    "window": {"minimum_rows": 1000, "minimum_test_rows": 100, "minimum_validation_rows": 50},
    "training": {"rounds": 20, "threads": 1},
}


@pytest.fixture(scope="session")
def browser_program() -> str:
    """The browser's path; the test is skipped where there is none."""
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"no browser on this machine; install one of {', '.join(PROGRAMS)}")
    pytest.importorskip("playwright.sync_api", reason="Playwright for Python is not installed")
    return program


@pytest.fixture
def generated(browser_program: str, tmp_path: Path) -> Iterator[Home]:
    """Six weeks of generated leads in the lake; nothing is trained."""
    home = Home(tmp_path / "home", free_port())
    settings = {
        "start_week": WEEKS[0],
        "source": {"kind": "generator", "preset": "small"},
        "endpoint": {"port": home.port},
    }
    write_home(home.path, settings=settings, contract=small_contract(), policy=POLICY)
    home.cli("ingest")
    yield home
    if (home.path / "endpoint" / "server.json").exists():
        home.platform().endpoint.stop()


@pytest.fixture
def ui(generated: Home, tmp_path: Path) -> Iterator[Ui]:
    """The UI on the generated home."""
    with running_ui(generated.path, free_port(), tmp_path / "ui.log") as running:
        yield running


@pytest.fixture
def page(ui: Ui, browser_program: str) -> Iterator["Page"]:  # noqa: F821 - imported where a browser is
    """A page of a real browser, opened last: the command line cannot run beside Playwright's event loop."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_program, args=SWITCHES)
        page = browser.new_page(viewport={"width": 1700, "height": 1000})
        yield page
        browser.close()
