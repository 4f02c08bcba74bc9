"""The pages of a home's weeks in a real browser, on a desk and on a phone: found from the index, read, left again."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from leadscore_assets.domain.calendar import WEEK, at_midnight
from leadscore_assets.domain.live_facts import RunFact, StepFact
from leadscore_assets.steps.drifting import report_drift
from leadscore_assets.steps.fitting import fit_candidate
from leadscore_assets.steps.judging import judge_candidate
from leadscore_assets.steps.listing import score_week
from leadscore_assets.steps.outcome_reports import report_outcomes, weeks_to_report
from leadscore_assets.steps.profiling import profile_week
from leadscore_assets.steps.retraining import should_retrain
from leadscore_assets.steps.slicing import cut_slices
from leadscore_assets.steps.week_index import INDEX
from leadscore_assets.steps.weekly_reporting import report_week
from leadscore_assets_tests.browser.conftest import SWITCHES
from leadscore_assets_tests.home import WEEKS, Home
from leadscore_assets_tests.reports.screen import broken_words, collisions

DESK = {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"}
PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "is_mobile": True, "has_touch": True}
TOLD = WEEKS[3:6]
SECTIONS = ("retraining", "verdicts", "outcomes", "drift", "release", "cost", "next")

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@dataclass
class Watched:
    """A page of a browser: what it complained of, and where it asked."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def ground(self) -> int:
        """How light the page's ground is, 0 to 765."""
        found: int = self.page.evaluate(
            "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((a, b) => +a + +b, 0)"
        )
        return found

    def fits(self, width: int) -> None:
        """Assert that nothing sticks out, collides or is broken in the middle of a word."""
        assert self.page.evaluate("document.documentElement.scrollWidth") == width
        assert collisions(self.page) == []
        assert broken_words(self.page) == []

    def keep(self, name: str) -> None:
        """Keep a picture where a person asked for pictures."""
        if folder := os.environ.get("LEADSCORE_TEST_PICTURES"):
            self.page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


@contextmanager
def opened(program: str, file: Path, screen: dict[str, Any]) -> Iterator[Watched]:
    """Open a file in a browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=SWITCHES)
        seen = Watched(browser.new_page(**screen))
        seen.page.on("console", lambda said: seen.complaints.append(said.text))
        seen.page.on("pageerror", lambda error: seen.complaints.append(f"{error}"))
        seen.page.on("request", lambda request: seen.asked.append(request.url))
        seen.page.goto(file.as_uri())
        yield seen
        browser.close()


@pytest.fixture
def index(browser_program: str, copy: Callable[[Home], Home], champion: Home) -> Path:
    """Three weeks of a home as they were told on their Mondays; in the second one a model was trained and kept."""
    home = copy(champion)
    for week in TOLD:
        _told_on_its_monday(home, week)
    return home.platform().lake.local_path(INDEX)


def _told_on_its_monday(home: Home, week: date) -> None:
    monday = at_midnight(week + WEEK) + timedelta(hours=6)
    platform = home.platform(now=lambda: monday)
    for listed in weeks_to_report(platform):
        report_outcomes(platform, listed)
    profile_week(platform, week)
    report_drift(platform, week)
    _, untold = report_week(platform, week, _runs(week))
    assert untold == []
    score_week(platform, week)
    should_retrain(platform, asker="conditions", week=week)
    if week == TOLD[0]:
        cut_slices(platform, week)
        fit_candidate(platform, week, on_line=lambda _: None)
        judge_candidate(platform, week)


def _runs(week: date) -> list[RunFact]:
    begun, steps = at_midnight(week) + timedelta(hours=7), (StepFact("weekly_leads", "SUCCESS", 3.0),)
    ended = "FAILURE" if week == TOLD[1] else "SUCCESS"
    return [RunFact(f"run-{week}", "ingest_job", ended, begun, 3.0, week, steps)]


def test_each_week_is_reached_from_the_index_and_read_on_every_screen(index: Path, browser_program: str) -> None:
    grounds = []
    for name, screen in (("desk", DESK), ("phone", PHONE)):
        with opened(browser_program, index, screen) as seen:
            the_index_leads_to_each_week_and_back(seen, name, screen["viewport"]["width"])
            grounds.append(seen.ground())
        assert seen.complaints == []
        assert [url for url in seen.asked if not url.startswith((index.parent.as_uri(), "data:"))] == []
    light, dark = grounds
    assert light > 3 * 200 > 3 * 60 > dark


def the_index_leads_to_each_week_and_back(seen: Watched, name: str, width: int) -> None:
    seen.fits(width)
    seen.keep(f"weeks_{name}")
    links = seen.page.locator("tbody a").all_inner_texts()
    assert links == [f"{week}" for week in reversed(TOLD)]
    headlines = seen.page.locator("tbody b").all_inner_texts()
    assert headlines == ["One thing to look at", "2 things to look at", "A quiet week"]
    for week in TOLD:
        seen.page.get_by_role("link", name=f"{week}").click()
        assert seen.page.title().startswith(f"Week {week}: ")
        seen.fits(width)
        seen.keep(f"week_{week}_{name}")
        if week == TOLD[1]:
            the_week_tells_everything(seen)
        seen.page.get_by_role("link", name="All weeks").click()
        assert seen.page.title() == "Lead scoring, week by week"


def the_week_tells_everything(seen: Watched) -> None:
    assert [item.get_attribute("id") for item in seen.page.locator("h2").all()] == list(SECTIONS)
    drawn = [item.bounding_box() for item in seen.page.locator("figure svg").all()]
    assert len(drawn) == 2
    assert all(box["width"] > 250 and box["height"] > 100 for box in drawn)
    bands = seen.page.locator("table.rates tbody tr").all_inner_texts()
    assert [text.split()[0] for text in bands] == ["hot", "warm", "cool", "cold"]
    assert all("%" in text for text in bands)
    pages = {f"the evaluation of week {TOLD[0]}": TOLD[0], f"outcomes of week {TOLD[0]}": TOLD[0], "drift": TOLD[1]}
    for link, week in pages.items():
        seen.page.get_by_role("link", name=link, exact=True).click()
        assert f"{week}" in seen.page.title()
        seen.page.go_back()
