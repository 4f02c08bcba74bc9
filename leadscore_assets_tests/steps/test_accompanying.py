"""Looks at the live champion: one record each, and what a person should look at."""

from dataclasses import replace
from datetime import timedelta

from leadscore_assets.domain.calendar import DAY
from leadscore_assets.steps.accompanying import last_look, look_at_champion, look_waits
from leadscore_assets.steps.release_store import keep_release, present_release


def test_each_look_is_made_once_and_recorded_once(on_champion):
    state = present_release(on_champion)
    # Version 1 is the first model: its watch is ended here by hand.
    keep_release(on_champion, replace(state, settled=True), ())
    calm = [item.at for item in state.history if item.after == "champion"][-1]
    made = []
    for hours in (1, 25, 26, 49, 24 * 7 + 1, 24 * 14 + 1, 24 * 15):
        platform = replace(on_champion, now=lambda hours=hours: calm + timedelta(hours=hours))
        waits, before = look_waits(platform), last_look(platform)
        seen = look_at_champion(platform)
        assert (seen == before) == (waits is None)
        made += [(waits.stage, waits.number)] if waits else []
    assert made == [("daily", 1), ("daily", 2), ("daily", 7), ("weekly", 1)]
    records = on_champion.ledger.records(action="accompanied")
    assert [item.evidence["look"]["number"] for item in records] == [1, 2, 7, 1]
    assert records[0].subject == "package 1"


def test_a_look_names_what_a_person_should_see(on_champion):
    state = present_release(on_champion)
    keep_release(on_champion, replace(state, settled=True), ())
    platform = replace(on_champion, now=lambda: state.history[-1].at + DAY)
    seen = look_at_champion(platform)
    assert not seen.running
    assert any("the endpoint does not run" in item for item in seen.problems)
    assert any("the newest lead is" in item for item in seen.problems)
    assert "daily look 1 at version 1" in seen.sentence
