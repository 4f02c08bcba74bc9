"""What past weeks teach a verdict: their gains, the newest pair compared again, and nothing of weeks to come."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from leadscore_assets.domain.evaluation import Evaluation
from leadscore_assets.steps.judging import judge_candidate, stored_evaluation
from leadscore_assets.steps.past_weeks import newest_evaluation, past_evaluations
from leadscore_assets_tests.home import NEW, OLD, WEEKS, Home, policy_with

LATER = WEEKS[6]


@pytest.fixture(scope="module")
def remembered(judged: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A week after the one that was compared, judged against the same champion."""
    home = judged.copied(tmp_path_factory.mktemp("remembered") / "home")
    home.cli("backfill", "--from", f"{LATER}", "--to", f"{LATER}")
    return home


def test_a_verdict_rests_on_the_weeks_before_it(remembered: Home) -> None:
    platform = remembered.platform()
    first, second = stored_evaluation(platform, NEW), stored_evaluation(platform, LATER)
    assert first.posterior.weeks == 0
    assert second.posterior.weeks == 1
    assert [item.subject.week for item in past_evaluations(platform, LATER)] == [OLD, NEW]
    assert past_evaluations(platform, OLD) == []
    assert newest_evaluation(platform) == second


def test_the_last_compared_pair_is_compared_again_on_the_new_rows(remembered: Home) -> None:
    platform = remembered.platform()
    first, second = stored_evaluation(platform, NEW), stored_evaluation(platform, LATER)
    assert first.repeated is None
    assert second.repeated.week == NEW
    assert second.repeated.gain == first.past_gain.gain
    assert second.repeated.repeated == pytest.approx(first.past_gain.gain, abs=0.3)
    assert second.posterior.repeats == 1


def test_judging_the_same_week_again_gives_the_same_verdict_bit_for_bit(remembered: Home) -> None:
    platform = remembered.platform()
    before = stored_evaluation(platform, LATER)
    platform.lake.write_json(f"reports/week={LATER}/evaluation.json", {"terms_digest": "", "evaluation": {}})
    after = judge_candidate(platform, LATER)
    assert after.verdict == before.verdict
    assert after.posterior == before.posterior


def test_a_week_that_is_judged_again_keeps_its_first_comparison_in_the_history(
    remembered: Home, copy: Callable[[Home], Home]
) -> None:
    """Judged again after it was released, it meets a champion that learnt from it, or itself: that tells nothing."""
    home = copy(remembered)
    before = past_evaluations(home.platform(), LATER)
    home.cli("retrain", "--week", f"{NEW}")
    platform = home.platform()
    other = replace(platform, policy=policy_with(platform.policy, "promotion", switching_cost=0.001))
    again = judge_candidate(other, NEW)
    assert again.subject.champion_digest == again.subject.candidate_digest
    assert stored_evaluation(other, NEW) != before[-1]
    assert past_evaluations(other, LATER) == before


def test_the_ledger_leads_to_the_evaluation_itself(judged: Home) -> None:
    platform = judged.platform()
    digest = platform.ledger.records(action="judged")[-1].evidence["evaluation"]
    assert Evaluation.from_json(platform.lake.read_json(f"evaluations/{digest}.json")).digest == digest


def test_a_bundle_that_is_gone_only_costs_the_repeated_comparison(judged: Home, copy: Callable[[Home], Home]) -> None:
    home = copy(judged)
    platform = home.platform()
    digest = stored_evaluation(platform, NEW).subject.candidate_digest
    folder = platform.bundles.path(digest)
    folder.rename(folder.with_name("gone"))
    home.cli("backfill", "--from", f"{LATER}", "--to", f"{LATER}")
    found = stored_evaluation(home.platform(), LATER)
    assert found.repeated is None
    assert found.posterior.weeks == 1


def test_the_ledger_names_rows_gain_and_shrunken_gain(judged: Home) -> None:
    evidence = judged.platform().ledger.records(action="judged")[-1].evidence
    assert evidence["rows"] == 60
    assert evidence["gain"] > 1
    assert evidence["shrunken"][1] < evidence["shrunken"][0] < evidence["shrunken"][2]
    assert evidence["standard_error"] > 0
