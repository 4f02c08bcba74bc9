"""The endpoint's live page in a real browser, wide and on a phone: a canary that a person ends, and a shadow."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leadscore_assets.backends.home_files import policy_text
from leadscore_assets.backends.local.endpoint import LocalEndpoint
from leadscore_assets.domain.facts import Variant
from leadscore_assets.domain.release_story import Decision, GuardTold, Story
from leadscore_assets_tests.browser.conftest import SWITCHES
from leadscore_assets_tests.home import NEW, POLICY, Home, ask, free_port, leads
from leadscore_assets_tests.serving.bundles import records, trained

STEPS = [{"name": "quarter", "weight": 0.25, "minimum_hours": 24.0}]
CANARY = POLICY | {"release": {"strategy": "canary", "steps": STEPS}}
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
REFUSED_ON_PURPOSE = "status of 401"
HOSTILE = "<script>document.title = 'mine'</script><img src=x onerror=alert(1)>"
LABELS = ("lead_score", "converted")
SECOND = 1000

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@dataclass
class Seen:
    """A page of a browser with what its console said."""

    page: Any
    complaints: list[str] = field(default_factory=list)

    def text(self, selector: str) -> str:
        found: str = self.page.locator(selector).inner_text()
        return found.replace("\u00a0", " ")

    def fits(self) -> bool:
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))

    def keep(self, name: str) -> None:
        """Keep a picture where a person asked for pictures."""
        if folder := os.environ.get("LEADSCORE_TEST_PICTURES"):
            self.page.screenshot(path=str(Path(folder) / f"page_{name}.png"), full_page=True)


@contextmanager
def opened(program: str, address: str, viewport: dict[str, int], **options: Any) -> Iterator[Seen]:
    """Open an address in a browser and wait until it shows who answers."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=SWITCHES)
        seen = Seen(browser.new_page(viewport=viewport, **options))
        seen.page.on("console", lambda said: seen.complaints.append(said.text) if said.type == "error" else None)
        seen.page.on("pageerror", lambda error: seen.complaints.append(f"{error}"))
        seen.page.goto(address)
        seen.page.locator("#variants tr").first.wait_for()
        yield seen
        browser.close()


@pytest.fixture
def canary(browser_program: str, copy: Callable[[Home], Home], champion: Home) -> Home:
    """Version 1 answers, version 2 gets a quarter of the leads, and some leads were answered."""
    home = copy(champion)
    (home.path / "policy.toml").write_text(policy_text(CANARY))
    home.cli("endpoint", "start")
    home.cli("retrain", "--week", f"{NEW}")
    for row in leads(NEW, rows=60).to_pylist():
        values = {name: value for name, value in row.items() if value is not None and name not in LABELS}
        ask(home, {**values, "created_at": values["created_at"].isoformat()})
    return home


@pytest.fixture
def shadowed(browser_program: str, tmp_path: Path) -> Iterator[str]:
    """A server without a home whose version 2 is in shadow, with a story that would like to be a program."""
    kept, (first, second) = trained(tmp_path)
    endpoint = LocalEndpoint(
        folder=tmp_path / "endpoint", bundles=kept, host="127.0.0.1", port=free_port(), name="leadscore", workers=1
    )
    now = datetime.now(UTC)
    decision = Decision(now, 2, "approved", "shadow", 0.0, HOSTILE, HOSTILE)
    guards = (GuardTold("errors", "go_on", "no lead failed"), GuardTold("rank_correlation", "not_yet", HOSTILE))
    story = Story("shadow", 1, 2, reason=HOSTILE, next_step=HOSTILE, next_at=now + timedelta(hours=50), guards=guards)
    status = endpoint.deploy([Variant("primary", first, 1)], shadow=Variant("shadow", second, 2))
    endpoint.tell(Story(**{**vars(story), "decisions": (decision,), "alarm": HOSTILE, "rollback": True}))
    home = Home(tmp_path, int(status.address.rpartition(":")[2]))
    for lead in records(40):
        ask(home, lead)
    yield status.address
    endpoint.stop()


def test_a_canary_is_seen_and_ended_from_the_page(canary: Home, browser_program: str) -> None:
    address, token = f"http://127.0.0.1:{canary.port}/", canary.platform().endpoint.token()
    with opened(browser_program, address, WIDE) as wide:
        the_canary_is_shown(wide)
        wide.keep("canary_1280")
    with opened(browser_program, address, PHONE, color_scheme="dark", is_mobile=True, has_touch=True) as phone:
        the_canary_is_shown(phone)
        assert phone.fits()
        phone.keep("canary_390")
        a_wrong_token_is_refused(phone)
        the_right_one_rolls_back(phone, token)
        assert phone.fits()
        assert [text for text in phone.complaints if REFUSED_ON_PURPOSE not in text] == []
    assert wide.complaints == []
    platform = canary.platform()
    [record] = platform.ledger.records(action="rolled back")
    assert (record.subject, record.evidence["by"]) == ("package 2", "endpoint page")
    assert record.reason == "--complaints about <b>the ranking</b>"
    assert [(item.version, item.weight) for item in platform.endpoint.status().variants] == [(1, 1.0)]


def the_canary_is_shown(seen: Seen) -> None:
    assert seen.text("#title") == "Version 1 answers 75 %, version 2 25 %"
    assert "Canary of version 2 at 25 %" in seen.text("#phase")
    assert seen.text("#countdown").startswith("23 h")
    rows = seen.page.locator("#variants tr").all_inner_texts()
    assert ["Version 1" in row for row in rows] == [True, False]
    assert "25\u00a0%" in rows[1]
    assert "approved → canary" in seen.page.locator("#decisions tr").first.inner_text()
    for chart in ("rate", "p99", "errors"):
        seen.page.locator(f"#{chart} svg").wait_for(timeout=30 * SECOND)
        seen.page.locator(f"#{chart} svg .tone").first.wait_for(state="attached", timeout=30 * SECOND)
    assert seen.page.locator("#shadow").is_hidden()


def a_wrong_token_is_refused(seen: Seen) -> None:
    seen.page.get_by_role("button", name="Roll back to version 1").click()
    assert "Version 1 will answer all leads" in seen.text("#consequence")
    seen.page.get_by_label("Reason").fill("--complaints about <b>the ranking</b>")
    seen.page.get_by_label("Token").fill("0" * 64)
    seen.page.get_by_role("button", name="Roll back now").click()
    seen.page.get_by_role("alert").filter(has_text="token is missing or wrong").wait_for()
    seen.keep("wrong_token_390")


def the_right_one_rolls_back(seen: Seen, token: str) -> None:
    seen.page.get_by_label("Token").fill(token)
    seen.page.get_by_role("button", name="Roll back now").click()
    seen.page.locator("#outcome").filter(has_text="Version 1 answers").wait_for(timeout=30 * SECOND)
    answering = seen.page.locator("#title").filter(has_text="Version 1 answers all leads")
    answering.wait_for(timeout=3 * SECOND)
    assert seen.text("#variants").count("Version") == 1
    assert "canary → rolled back" in seen.page.locator("#decisions tr").first.inner_text()
    seen.keep("rolled_back_390")


def test_a_shadow_is_seen_and_a_hostile_story_stays_text(shadowed: str, browser_program: str) -> None:
    for name, viewport in (("shadow_1280", WIDE), ("shadow_390", PHONE)):
        with opened(browser_program, shadowed, viewport) as seen:
            compared = seen.page.locator("#agreement div").filter(has_text=re.compile("^40leads scored by both"))
            compared.wait_for(timeout=15 * SECOND)
            assert "rank correlation" in seen.text("#agreement")
            assert "not yet" in seen.text("#guards")
            for place in ("#reason", "#guards", "#decisions", "#alarm"):
                assert "<script>" in seen.text(place)
            assert seen.page.title() == "leadscore: Version 1 answers all leads"
            assert seen.page.locator("main script, main img").count() == 0
            assert seen.text("#countdown").startswith("2 d 1 h")
            assert seen.page.get_by_role("button", name="Roll back").is_disabled()
            assert "run “leadscore rollback” there" in seen.text("#target")
            assert seen.fits()
            seen.keep(name)
        assert seen.complaints == []
