"""Conversions by model: leads of the lake, joined by the hash that dealt them, or by the captures of who answered."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest

from leadscore_assets.backends.local.captures import LocalCaptures
from leadscore_assets.backends.local.endpoint import LocalEndpoint
from leadscore_assets.domain.calendar import at_midnight
from leadscore_assets.domain.release_counts import Outcomes
from leadscore_assets.domain.release_state import CANDIDATE, PRIMARY, Model, ReleaseState, Transition
from leadscore_assets.domain.routing import routed
from leadscore_assets.steps.outcomes import known_outcomes, shared_periods
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_facts import live_counts
from leadscore_assets_tests.backends.captured_traffic import Answer, Request, captured
from leadscore_assets_tests.home import WEEKS, leads

OLD, NEW = Model("a" * 64, 1), Model("b" * 64, 2)
START = at_midnight(WEEKS[1]) + timedelta(days=2)
LATER = START + timedelta(days=6)
NOW = LATER + timedelta(days=9)


def shared(*moves: tuple[float, object]) -> ReleaseState:
    history = [Transition(START - timedelta(days=9), NEW, "none", "registered", 0.0, "platform", "x")]
    history += [Transition(at, NEW, "canary", "canary", weight, "platform", "x") for weight, at in moves]  # type: ignore[arg-type]
    return ReleaseState(phase="canary", candidate=NEW, champion=OLD, salt="salt", history=tuple(history))


def test_each_share_has_its_time_and_an_earlier_release_of_the_same_model_none() -> None:
    state = shared((0.1, START), (0.5, LATER))
    assert shared_periods(state, NOW) == [(START, LATER, 0.1), (LATER, NOW, 0.5)]
    again = Transition(LATER, NEW, "rolled_back", "registered", 0.0, "ann", "x")
    assert shared_periods(replace(state, history=(*state.history, again)), NOW) == []


def test_conversions_are_counted_for_the_model_that_the_hash_names(on_leads: Platform) -> None:
    platform = replace(on_leads, now=lambda: NOW)
    found = known_outcomes(platform, shared((0.1, START), (0.5, LATER)))
    expected = {0.1: [0, 0, 0, 0], 0.5: [0, 0, 0, 0]}
    for week in WEEKS[1:4]:
        for row in leads(week).to_pylist():
            if not START <= row["created_at"] < NOW:
                continue
            weight = 0.1 if row["created_at"] < LATER else 0.5
            name = routed(row["lead_id"], [(PRIMARY, 1 - weight), (CANDIDATE, weight)], salt="salt")
            at = 0 if name == CANDIDATE else 2
            expected[weight][at] += 1
            expected[weight][at + 1] += row["converted"]
    assert {item.weight: list(item.to_json().values())[1:] for item in found} == expected
    assert sum(sum(numbers[::2]) for numbers in expected.values()) > 300


class ByRequest(LocalEndpoint):
    """An endpoint that deals by request, as SageMaker's does."""

    @property
    def deals_by(self) -> Literal["lead", "request"]:
        return "request"


def by_request(platform: Platform, folder: Path, captures: LocalCaptures | None) -> Platform:
    endpoint = ByRequest(folder=folder, bundles=platform.bundles, host="127.0.0.1", port=1, name="leadscore")
    return replace(platform, endpoint=endpoint, captures=captures)


def dealt() -> list[Request]:
    """Every lead asked about the moment it is created, and dealt as the hash deals it."""
    found = []
    for week in WEEKS[1:4]:
        for row in leads(week).to_pylist():
            weight = 0.1 if row["created_at"] < LATER else 0.5
            name = routed(row["lead_id"], [(PRIMARY, 1 - weight), (CANDIDATE, weight)], salt="salt")
            # The answer of the second afterwards changes nothing: the first one decides.
            again = PRIMARY if name == CANDIDATE else CANDIDATE
            found.append(Request(row["created_at"], [Answer(row["lead_id"])], variant=name))
            later = row["created_at"] + timedelta(seconds=40)
            found.append(Request(later, [Answer(row["lead_id"])], variant=again))
    return found


def test_captures_and_the_hash_give_the_same_conversions_on_the_same_traffic(
    on_leads: Platform, tmp_path: Path
) -> None:
    state = shared((0.1, START), (0.5, LATER))
    platform = replace(on_leads, now=lambda: NOW)
    by_hash = known_outcomes(platform, state)
    by_capture = known_outcomes(by_request(platform, tmp_path, captured(tmp_path, dealt())), state)
    assert by_capture == by_hash
    assert sum(item.candidate_leads + item.champion_leads for item in by_hash) > 300


def test_a_lead_that_was_first_answered_under_another_share_belongs_to_that_share(
    on_leads: Platform, tmp_path: Path
) -> None:
    state = shared((0.1, START), (0.5, LATER))
    rows = [row for week in WEEKS[1:4] for row in leads(week).to_pylist() if START <= row["created_at"] < LATER][:5]
    asked = [Request(LATER + timedelta(hours=1), [Answer(row["lead_id"])], variant=CANDIDATE) for row in rows]
    platform = by_request(replace(on_leads, now=lambda: NOW), tmp_path, captured(tmp_path, asked))
    early, late = known_outcomes(platform, state)
    assert (early.candidate_leads, early.champion_leads, late.champion_leads) == (0, 0, 0)
    assert (late.candidate_leads, late.candidate_converted) == (5, sum(row["converted"] for row in rows))


def test_without_captures_nobody_guesses_who_answered(on_leads: Platform, tmp_path: Path) -> None:
    platform = by_request(replace(on_leads, now=lambda: NOW), tmp_path, None)
    [found] = known_outcomes(platform, shared((0.5, START)))
    assert list(found.to_json().values())[1:] == [0, 0, 0, 0]


def test_weeks_are_not_read_again_until_they_change(on_leads: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    platform, state = replace(on_leads, now=lambda: NOW), shared((0.5, START))
    first = known_outcomes(platform, state)
    monkeypatch.setattr(type(platform.lake), "read_files", lambda *_: pytest.fail("the lake was read again"))
    assert known_outcomes(platform, state) == first


def test_before_any_share_and_before_any_lead_there_are_no_outcomes(on_leads: Platform) -> None:
    assert known_outcomes(replace(on_leads, now=lambda: NOW), shared()) == ()
    future = shared((0.5, NOW + timedelta(days=900)))
    assert known_outcomes(replace(on_leads, now=lambda: NOW + timedelta(days=901)), future) == ()


def test_outcomes_that_cannot_be_read_leave_the_other_guards_at_work(on_champion: Platform) -> None:
    on_champion.endpoint.start()
    champion = Model(on_champion.registry.production().digest, 1)
    known = (Outcomes(0.5, 10, 2, 10, 3),)
    state = replace(shared((0.5, START)), champion=champion, outcomes=known)
    for manifest in on_champion.lake.manifests(WEEKS[1], WEEKS[3]):
        for file in manifest.files:
            on_champion.lake.local_path(file.path).write_bytes(b"no parquet")
    found = live_counts(replace(on_champion, now=lambda: NOW), state)
    assert found
    assert found.outcomes == known
