"""Three answers with known truth: every guard once each way, and nothing passes without data."""

from datetime import UTC, datetime

import numpy as np
import pytest

from leadscore_assets.domain.analysis import shadow_analysis, step_analysis
from leadscore_assets.domain.conversion_guards import conversion_guard, conversion_ratio, winner_guard
from leadscore_assets.domain.error_guards import errors_guard, invalid_guard, split_guard
from leadscore_assets.domain.latency_guards import latency_guard, shadow_latency_guard
from leadscore_assets.domain.release_counts import LATENCY_EDGES_MS, Outcomes, Stretch, VariantCounts
from leadscore_assets.domain.release_policy import ReleasePolicy, ReleaseStep

POLICY = ReleasePolicy(preset="canary")
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def latencies(n: int, *, median: float = 2.0) -> tuple[int, ...]:
    values = median * np.random.default_rng(n).lognormal(0, 0.5, n)
    bins = np.searchsorted(LATENCY_EDGES_MS, values)
    return tuple(np.bincount(bins, minlength=len(LATENCY_EDGES_MS) + 1).tolist())


def stretch(
    mine, theirs, *, weight: float = 0.1, slower: float = 1.0, invalid=(0, 0), seconds: float = 600.0
) -> Stretch:
    """(leads, errors) of the candidate and of the champion."""
    return Stretch(
        weight,
        VariantCounts("old", *theirs, invalid[1], latencies(theirs[0])),
        VariantCounts("new", *mine, invalid[0], latencies(mine[0], median=2.0 * slower)),
        seconds,
    )


def test_one_error_in_25_is_not_yet_with_the_sample_and_its_date():
    found = step_analysis([stretch((25, 1), (225, 1))], (), step=POLICY.steps[0], policy=POLICY, now=NOW)
    assert found.answer == "not_yet"
    assert found.guard("errors").needed == 298
    assert "at least 298 more leads of the candidate are needed, at this pace by 2026-01-05 13:59 UTC" in found.sentence
    assert found.ready_at > NOW


def test_no_data_never_passes():
    empty = Stretch(0.1, VariantCounts("old"), VariantCounts("new"))
    found = step_analysis([empty], (), step=POLICY.steps[0], policy=POLICY, now=NOW)
    assert found.answer == "not_yet"
    assert {item.answer for item in found.guards} == {"not_yet"}
    assert shadow_analysis(empty, POLICY, NOW).answer == "not_yet"


def test_a_clean_sample_goes_on_by_every_asked_guards_own_proof():
    found = step_analysis([stretch((1000, 3), (9000, 30))], (), step=POLICY.steps[0], policy=POLICY, now=NOW)
    assert found.answer == "go_on"
    assert set(found.asked) == {"split", "errors", "invalid_outputs", "latency_p99"}
    assert all(found.guard(name).answer == "go_on" for name in found.asked)
    assert found.guard("conversion").answer == "not_yet"


@pytest.mark.parametrize(
    ("mine", "theirs", "answer"),
    [
        ((500, 50), (4500, 20), "go_back"),
        ((6, 6), (54, 0), "go_back"),
        ((4, 4), (36, 0), "not_yet"),
        ((2000, 20), (18_000, 18), "go_on"),
        ((2000, 80), (18_000, 720), "not_yet"),
        ((2000, 10), (18_000, 0), "go_on"),
    ],
    ids=["its own", "all of six", "too few", "worse but within the bound", "both bad", "the champion never fails"],
)
def test_errors_step_back_for_what_is_above_the_bound_and_its_own(mine, theirs, answer):
    assert errors_guard([stretch(mine, theirs)], POLICY).answer == answer


def test_where_both_fail_it_alarms():
    found = errors_guard([stretch((2000, 80), (18_000, 720))], POLICY)
    assert (found.answer, found.alarm) == ("not_yet", "candidate and champion both fail; going back would not help")


def test_a_good_first_step_hides_no_fault_of_the_second():
    good = stretch((20_000, 100), (180_000, 900))
    late = stretch((600, 60), (600, 3), weight=0.5)
    assert errors_guard([good, late], POLICY).answer == "go_back"
    assert errors_guard([good, stretch((60, 0), (60, 0), weight=0.5)], POLICY).answer == "not_yet"


def test_a_single_invalid_output_goes_back_unless_the_champion_gives_some_too():
    assert invalid_guard([stretch((30, 0), (270, 0), invalid=(1, 0))], POLICY).answer == "go_back"
    both = invalid_guard([stretch((300, 0), (2700, 0), invalid=(1, 4))], POLICY)
    assert (both.answer, both.alarm) == ("not_yet", "candidate and champion both give invalid scores")
    assert invalid_guard([stretch((199, 0), (1800, 0))], POLICY).needed == 1
    assert invalid_guard([stretch((200, 0), (1800, 0))], POLICY).answer == "go_on"


@pytest.mark.parametrize(("slower", "answer"), [(1.0, "go_on"), (1.2, "go_on"), (1.8, "go_back"), (3.0, "go_back")])
def test_latency_steps_back_when_more_than_half_slower(slower, answer):
    assert latency_guard([stretch((4000, 0), (36_000, 0), slower=slower)], POLICY).answer == answer


def test_a_shadows_latency_has_its_own_bound_and_missing_latencies_are_not_yet():
    assert shadow_latency_guard([stretch((2000, 0), (2000, 0), weight=0.0)], POLICY).answer == "go_on"
    slow = shadow_latency_guard([stretch((2000, 0), (2000, 0), weight=0.0, slower=600)], POLICY)
    assert (slow.answer, slow.bound) == ("go_back", 1000)
    untimed = Stretch(0.1, VariantCounts("old", 9000), VariantCounts("new", 1000))
    assert latency_guard([untimed], POLICY).answer == "not_yet"
    assert shadow_latency_guard([untimed], POLICY).answer == "not_yet"


def test_leads_that_are_not_split_as_configured_hold_everything_and_alarm():
    wrong = [stretch((4000, 0), (6000, 0))]
    found = step_analysis(wrong, (), step=POLICY.steps[0], policy=POLICY, now=NOW)
    assert found.answer == "not_yet"
    assert "leads are not split as configured: 40.0% of 10,000 leads reached the candidate, 10% should" in found.alarm
    assert split_guard([stretch((1050, 0), (8950, 0))], POLICY).answer == "go_on"


def test_a_loss_of_conversions_is_shown_before_it_steps_back():
    lost = conversion_guard([Outcomes(0.5, 20_000, 800, 20_000, 1000)], POLICY)
    assert (lost.answer, lost.value) == ("go_back", pytest.approx(0.8))
    early = conversion_guard([Outcomes(0.5, 300, 10, 300, 15)], POLICY)
    assert early.answer == "not_yet"
    equal = conversion_guard([Outcomes(0.5, 60_000, 3000, 60_000, 3000)], POLICY)
    assert (equal.answer, equal.needed) == ("go_on", 0)
    small = conversion_guard([Outcomes(0.5, 60_000, 2850, 60_000, 3000)], POLICY)
    assert small.answer != "go_back"


def test_a_step_that_asks_for_conversions_waits_for_them():
    step = ReleaseStep(name="kpi", weight=0.1, guards=("errors", "conversion"))
    arms = [stretch((1000, 3), (9000, 30))]
    found = step_analysis(arms, [Outcomes(0.1, 500, 25, 4500, 225)], step=step, policy=POLICY, now=NOW)
    assert found.answer == "not_yet"
    assert "conversion: 25 of 500 leads converted against 225 of 4,500 (+0.0%)" in found.sentence
    assert found.ready_at is not None


def test_a_winner_is_named_by_evidence_over_changing_shares_and_a_season_cancels():
    # Each arm converts 5 % in a poor week and 10 % in a rich one: pooled, the candidate would look far better.
    season = [Outcomes(0.1, 2000, 100, 18_000, 900), Outcomes(0.5, 10_000, 1000, 10_000, 1000)]
    assert winner_guard(season, POLICY).answer == "not_yet"
    assert conversion_ratio(season) == pytest.approx(1.0)
    assert winner_guard([Outcomes(0.5, 9000, 600, 9000, 450)], POLICY).answer == "go_on"
    assert winner_guard([Outcomes(0.5, 9000, 450, 9000, 600)], POLICY).answer == "go_back"
    assert winner_guard([Outcomes(0.9, 9000, 450, 1000, 50)], POLICY).answer == "not_yet"
    assert winner_guard([], POLICY).answer == "not_yet"


def test_an_analysis_survives_json():
    found = step_analysis([stretch((25, 1), (225, 1))], (), step=POLICY.steps[0], policy=POLICY, now=NOW)
    assert type(found).from_json(found.to_json()) == found
