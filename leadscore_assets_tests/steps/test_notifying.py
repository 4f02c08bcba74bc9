"""What the steps put in the outbox: what they decided, once, and never in anybody's way."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow.compute as pc

from leadscore_assets.domain.calendar import WEEK
from leadscore_assets.domain.notices import Notice
from leadscore_assets.domain.release_events import Action
from leadscore_assets.steps.delivering import deliver, deliveries
from leadscore_assets.steps.drifting import report_drift
from leadscore_assets.steps.gates import pass_gate
from leadscore_assets.steps.ingest import ingest_week
from leadscore_assets.steps.notifying import announce
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.profiling import profile_week
from leadscore_assets.steps.release_records import tell
from leadscore_assets.steps.releasing import package_candidate, release
from leadscore_assets.steps.rolling_out import roll_back
from leadscore_assets_tests.home import NEW, WEEKS, Home, leads, policy_with, write_csv

ALARM = Action("alarm", "the endpoint did not follow")
THEN = datetime.combine(WEEKS[-1] + 2 * WEEK, datetime.min.time(), UTC)


def at_the_time(platform: Platform) -> Platform:
    return replace(platform, now=lambda: THEN)


def told(platform: Platform, kind: str = "") -> list[tuple[str, str]]:
    """Every letter's kinds and subject, or those of one kind."""
    found = deliveries(platform, limit=99)
    return sorted((",".join(item.kinds), " / ".join(item.subjects)) for item in found if not kind or kind in item.kinds)


def test_an_alarm_is_put_in_once_and_delivered_to_the_log(on_champion: Platform) -> None:
    release(on_champion)
    status = on_champion.endpoint.status()
    for _ in range(2):
        assert tell(on_champion, status, (ALARM,)) == []
    assert [item for item in told(on_champion) if item[0] == "alarm"] == [
        ("alarm", "The lead scorer's release needs a look (champion)")
    ]
    later = replace(on_champion, now=lambda: on_champion_later)
    on_champion_later = on_champion.now() + timedelta(days=1)
    assert deliver(later).problems == ()
    assert len(on_champion.ledger.records(action="alarmed")) == 1


def test_without_an_outbox_nobody_is_told(on_leads: Platform) -> None:
    notice = Notice("drift", "s", "t", on_leads.now(), "k")
    assert announce(replace(on_leads, outbox=None), notice) == []
    assert deliver(replace(on_leads, outbox=None)).sent == 0
    assert told(on_leads) == []


def test_a_retraining_its_promotion_and_the_way_back_are_told_once_each(on_judged: Platform) -> None:
    platform = at_the_time(on_judged)
    for _ in range(2):
        package_candidate(platform, NEW)
        release(platform)
    roll_back(platform, actor="ada", reason="complaints")
    found = told(platform)
    assert [kind for kind, _ in found].count("retrained") == 1
    assert ("retrained", f"Lead scoring: week {NEW} retrained, promote") in found
    assert ("promoted", "Lead scoring: version 2 answers all leads") in found
    assert ("rolled_back", "Lead scoring: version 2 was taken back") in found
    assert [kind for kind, _ in found].count("rolled_back") == 1


def test_a_gate_that_failed_is_told_also_where_it_only_warns(copy: Callable[[Home], Home], judged: Home) -> None:
    platform = at_the_time(copy(judged).platform())
    strict = replace(platform, policy=policy_with(platform.policy, "promotion", spearman_floor=0.999))
    for _ in range(2):
        assert not pass_gate(strict, "candidate_reaches_the_spearman_floor", NEW).passed
    [(kind, subject)] = told(strict, "gate_failed")
    assert (kind, subject) == (
        "gate_failed",
        f"Lead scoring: candidate reaches the spearman floor failed for week {NEW}",
    )
    assert not pass_gate(
        replace(strict, now=lambda: THEN + 52 * WEEK), "candidate_reaches_the_spearman_floor", NEW
    ).passed
    assert len(told(strict, "gate_failed")) == 1


def test_a_drift_alarm_is_told_with_its_page(copy: Callable[[Home], Home], champion: Home) -> None:
    home = copy(champion)
    moved = leads(WEEKS[-1])
    for name, factor in (("employees", 40), ("revenue", 90)):
        column = pc.cast(pc.multiply(moved[name], factor), moved.schema.field(name).type)
        moved = moved.set_column(moved.schema.get_field_index(name), moved.schema.field(name), column)
    write_csv(home.data / f"{WEEKS[-1]}.csv", moved)
    platform = at_the_time(home.platform())
    ingest_week(platform, WEEKS[-1])
    for week in WEEKS:
        profile_week(platform, week)
    for _ in range(2):
        assert report_drift(platform, WEEKS[-1]).verdict.decision == "alarm"
    assert told(platform, "drift") == [("drift", f"Lead scoring: leads of week {WEEKS[-1]} drifted")]
