"""Judging: once a candidate, on rows newer than both trainings, counted, and with the champion's reasons."""

from dataclasses import replace

import pytest

from leadscore_assets.domain.errors import CorruptArtefact, Missing
from leadscore_assets.steps.fitting import candidate_digest, fit_candidate
from leadscore_assets.steps.judging import judge_candidate, page_path, stored_evaluation
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.releasing import package_candidate
from leadscore_assets.steps.slicing import cut_slices
from leadscore_assets_tests.home import NEW, OLD, WEEKS, policy_with


def quiet(_: str) -> None:
    """A listener that nobody listens to."""


def with_rounds(platform: Platform, rounds: int) -> Platform:
    return replace(platform, policy=policy_with(platform.policy, "training", rounds=rounds))


def test_judging_twice_is_judging_once(on_judged: Platform) -> None:
    records = on_judged.ledger.records()
    first = stored_evaluation(on_judged, NEW)
    assert judge_candidate(on_judged, NEW) == first
    assert on_judged.ledger.records() == records


def test_candidate_and_champion_are_judged_on_the_same_rows(on_judged: Platform) -> None:
    evaluation = stored_evaluation(on_judged, NEW)
    assert evaluation.comparison
    assert evaluation.comparison.n == evaluation.rows == on_judged.lake.slice(NEW, "test").rows
    assert evaluation.comparison.difference > 1
    assert set(evaluation.champion_metrics) <= set(evaluation.candidate_metrics)
    assert evaluation.candidate_metrics["latency_p99_ms"] > 0


def test_the_page_is_one_html_document(on_judged: Platform) -> None:
    page = on_judged.lake.local_path(page_path(NEW)).read_text()
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert f"{NEW}" in page


def test_a_candidate_older_than_the_champion_cannot_be_compared_and_the_champion_stays(on_champion: Platform) -> None:
    week = WEEKS[1]
    cut_slices(on_champion, week)
    fit_candidate(on_champion, week, on_line=quiet)
    evaluation = judge_candidate(on_champion, week)
    assert evaluation.subject.comparable is False
    assert (evaluation.verdict.decision, evaluation.verdict.rule) == ("keep", "not_comparable")


def test_every_candidate_judged_on_the_same_rows_is_counted(on_judged: Platform) -> None:
    assert stored_evaluation(on_judged, NEW).subject.judged == 1
    for count, rounds in ((2, 7), (3, 8)):
        other = with_rounds(on_judged, rounds)
        fit_candidate(other, NEW, on_line=quiet)
        assert judge_candidate(other, NEW).subject.judged == count


def test_a_champion_that_changed_is_judged_against_anew(on_judged: Platform) -> None:
    other = with_rounds(on_judged, 7)
    before = stored_evaluation(on_judged, NEW)
    cut_slices(other, WEEKS[4])
    fit_candidate(other, WEEKS[4], on_line=quiet)
    package = other.registry.register(
        digest=candidate_digest(other, WEEKS[4]),
        week=WEEKS[4],
        metrics={},
        lineage={"features_digest": "f", "data_digest": "d", "validated_until": "2025-02-01"},
    )
    other.registry.promote(package.version)
    after = judge_candidate(on_judged, NEW)
    assert before.subject.champion_version == 1
    assert after.subject.champion_version == package.version
    assert after.verdict != before.verdict


def test_a_champion_is_not_judged_against_itself(on_judged: Platform) -> None:
    package = package_candidate(on_judged, NEW)
    assert package
    on_judged.registry.promote(package.version)
    assert judge_candidate(on_judged, NEW).subject.champion_version == 1


def test_a_week_without_an_evaluation_says_what_to_do(on_champion: Platform) -> None:
    with pytest.raises(Missing, match=f"week {NEW} has no evaluation; materialize evaluation_report"):
        stored_evaluation(on_champion, NEW)
    with pytest.raises(Missing, match=f"week {NEW} has no trained model"):
        judge_candidate(on_champion, NEW)


def test_an_evaluation_of_another_shape_is_told(on_champion: Platform) -> None:
    on_champion.lake.write_json(f"reports/week={OLD}/evaluation.json", {"evaluation": {"rows": 3}})
    with pytest.raises(CorruptArtefact, match=f"evaluation of week {OLD} cannot be read"):
        stored_evaluation(on_champion, OLD)


def test_a_model_document_without_a_digest_is_told(on_champion: Platform) -> None:
    on_champion.lake.write_json(f"models/week={OLD}/model.json", {})
    with pytest.raises(CorruptArtefact, match="names no digest"):
        candidate_digest(on_champion, OLD)
