"""The page of a week goes along with its notice, to whoever takes files, and holds no lead."""

from base64 import b64decode
from datetime import timedelta

import pytest

from leadscore_assets.domain import notice_words as words
from leadscore_assets.steps.delivering import deliver
from leadscore_assets.steps.notifying import announce
from leadscore_assets.steps.week_index import INDEX, page_path
from leadscore_assets.steps.weekly_reporting import report_week
from leadscore_assets_tests.notices.site import NOON, WEEK, Site

# apprise imports it.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


def test_the_weeks_page_goes_along_to_who_takes_files_under_a_name_of_its_own(site: Site) -> None:
    site.up()
    _, untold = report_week(site.platform, WEEK, [])
    assert untold == []
    assert deliver(site.platform).sent == 2
    page = site.platform.lake.local_path(page_path(WEEK)).read_bytes()
    [mail], [body] = site.box.messages, site.hook.bodies
    [attached] = mail.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == (f"weekly-{WEEK}.html", "text/html")
    assert attached.get_payload(decode=True) == page
    [posted] = body["attachments"]
    assert (posted["filename"], b64decode(posted["base64"])) == (f"weekly-{WEEK}.html", page)


def test_a_page_that_is_gone_keeps_nobody_from_being_told(site: Site) -> None:
    site.up()
    announce(site.platform, words.weekly_report(WEEK, headline="h", summary="s", at=NOON, page="reports/gone.html"))
    assert deliver(site.platform).sent == 2
    assert list(site.box.messages[0].iter_attachments()) == []
    assert not site.hook.bodies[0].get("attachments")


def test_no_lead_stands_on_the_page_that_goes_along(site: Site) -> None:
    platform = site.platform
    reason = "bad row: jane.doe@lead.example, lead_id=L77"
    platform.ledger.append("gate failed", f"week {WEEK}", reason=reason, evidence={}, key="g")
    site.clock.on(days=7)
    report, _ = report_week(site.platform, WEEK + timedelta(days=7), [])
    assert "e-mail address" in report.concerns[0]
    for path in (page_path(report.week), INDEX):
        page = platform.lake.local_path(path).read_text()
        assert "jane.doe" not in page
        assert "L77" not in page
