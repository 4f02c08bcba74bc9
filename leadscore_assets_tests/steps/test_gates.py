"""Each gate once passing and once failing; a failure is recorded and is evidence against a release."""

from dataclasses import replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from leadscore_assets.domain.errors import Missing
from leadscore_assets.domain.facts import Slice
from leadscore_assets.domain.slices import TEST, TRAIN
from leadscore_assets.steps.fitting import candidate_digest, fit_candidate
from leadscore_assets.steps.gates import GATES, LEADS_GATES, missing_evidence, pass_gate, stored_gate
from leadscore_assets.steps.ingest import ingest_week
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.slicing import cut_slices
from leadscore_assets_tests.home import NEW, OLD, WEEKS, Home, leads, policy_with, rows_of, write_csv, write_rows

WEEK = WEEKS[1]


def with_floor(platform: Platform, floor: float) -> Platform:
    return replace(platform, policy=policy_with(platform.policy, "promotion", spearman_floor=floor))


@pytest.mark.parametrize("name", list(GATES))
def test_every_gate_passes_on_sound_content_and_its_answer_is_stored(on_judged: Platform, name: str) -> None:
    gate = pass_gate(on_judged, name, NEW)
    assert gate.passed
    assert gate.reasons
    assert stored_gate(on_judged, name, NEW) == gate
    assert not on_judged.ledger.records(action="gate failed")


def test_sound_evidence_leaves_nothing_missing(on_judged: Platform) -> None:
    assert missing_evidence(on_judged, NEW) == []


def failed(platform: Platform, name: str, week: object) -> str:
    """Ask a gate, assert that its failure is stored, recorded once and counted as missing evidence; return why."""
    gate = pass_gate(platform, name, week)  # type: ignore[arg-type]
    assert not gate.passed
    pass_gate(platform, name, week)  # type: ignore[arg-type]
    assert [record.evidence["gate"] for record in platform.ledger.records(action="gate failed")] == [name]
    return " ".join(gate.reasons)


def test_a_week_of_broken_rows_does_not_match_the_contract(home: Home) -> None:
    path = home.data / f"{WEEK}.csv"
    write_rows(path, [row | {"employees": "many"} for row in rows_of(path)[:30]] + rows_of(path)[30:])
    platform = home.platform()
    ingest_week(platform, WEEK)
    told = failed(platform, "weekly_leads_match_the_contract", WEEK)
    assert "30 of 210 rows broke the contract (14.3%, at most 10%)." in told
    assert "employees: not a number (30)" in told


def test_a_week_with_one_label_for_all_does_not_reach_the_quality_score(home: Home) -> None:
    table = leads(WEEK)
    at = table.column_names.index("lead_score")
    write_csv(home.data / f"{WEEK}.csv", table.set_column(at, "lead_score", pa.array([3] * table.num_rows)))
    platform = home.platform()
    ingest_week(platform, WEEK)
    assert "Quality 0.000, at least 0.90" in failed(platform, "weekly_leads_reach_the_quality_score", WEEK)


def with_column(home: Home, week: date, name: str, values: list[object]) -> Platform:
    """Write a week with other values in a column and ingest it."""
    table = leads(week)
    at = table.column_names.index(name)
    write_csv(home.data / f"{week}.csv", table.set_column(at, name, pa.array(values)))
    platform = home.platform()
    ingest_week(platform, week)
    return platform


def test_a_feature_that_lacks_more_than_agreed_is_named_with_what_to_do(home: Home) -> None:
    values = [None if at % 2 else value for at, value in enumerate(leads(WEEK)["revenue"].to_pylist())]
    told = failed(with_column(home, WEEK, "revenue", values), "weekly_leads_are_as_complete_as_agreed", WEEK)
    assert "missing, the contract allows 20.0%; mend the export, or raise 'missing' of revenue" in told


def test_a_feature_with_many_far_values_is_named(home: Home) -> None:
    values = [
        value * 10_000 if value and at % 5 == 0 else value
        for at, value in enumerate(leads(WEEK)["revenue"].to_pylist())
    ]
    told = failed(with_column(home, WEEK, "revenue", values), "weekly_leads_have_few_outliers", WEEK)
    assert "most lie in revenue" in told


def test_rows_that_repeat_a_key_are_counted(home: Home) -> None:
    path = home.data / f"{WEEK}.csv"
    write_rows(path, rows_of(path) + rows_of(path)[:30])
    platform = home.platform()
    ingest_week(platform, WEEK)
    told = failed(platform, "weekly_leads_have_few_duplicates", WEEK)
    assert "30 of 240 rows repeat a lead_id (12.5%, at most 5%)" in told


def test_labels_of_another_scale_are_told_and_stop_only_where_the_policy_says_so(home: Home) -> None:
    platform = home.platform()
    ingest_week(platform, WEEKS[0])
    platform = with_column(home, WEEK, "lead_score", [4 + at % 2 for at in range(210)])
    platform = replace(platform, policy=policy_with(platform.policy, "quality", minimum_labels=50))
    told = failed(platform, "weekly_labels_are_like_those_before", WEEK)
    assert "of the labels moved" in told
    assert not pass_gate(platform, "weekly_labels_are_like_those_before", WEEK).stops
    strict = replace(
        platform, policy=policy_with(platform.policy, "checks", weekly_labels_are_like_those_before="error")
    )
    assert pass_gate(strict, "weekly_labels_are_like_those_before", WEEK).stops


def test_an_empty_week_passes_the_gates_of_leads(home: Home) -> None:
    (home.data / f"{WEEK}.csv").unlink()
    platform = home.platform()
    ingest_week(platform, WEEK)
    assert all(pass_gate(platform, name, WEEK).passed for name in LEADS_GATES)


def test_a_day_that_stands_in_two_slices_is_an_overlap(on_judged: Platform) -> None:
    train, test = (on_judged.lake.slice(NEW, name) for name in (TRAIN, TEST))
    on_judged.lake.write_slice(Slice(TEST, NEW, (train.days[-1], *test.days), test.files, test.rows, test.digest))
    assert f"{train.days[-1]} stands in train and in test" in failed(on_judged, "slices_do_not_overlap", NEW)
    assert any("slices_do_not_overlap" in problem for problem in missing_evidence(on_judged, NEW))


def test_a_feature_that_is_the_outcome_leaks(home: Home) -> None:
    for week in WEEKS[:3]:
        table = leads(week)
        at = table.column_names.index("opened_mail")
        write_csv(home.data / f"{week}.csv", table.set_column(at, "opened_mail", table["converted"]))
    platform = home.platform()
    for week in WEEKS[:3]:
        ingest_week(platform, week)
    cut_slices(platform, OLD)
    told = failed(platform, "train_slice_has_no_leakage", OLD)
    assert "opened_mail alone tells converted: AUC 1.000" in told


def test_a_damaged_bundle_does_not_pass_its_golden_rows(on_judged: Platform) -> None:
    model = on_judged.bundles.path(candidate_digest(on_judged, NEW)) / "model.ubj"
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    assert "model.ubj is not what was written" in failed(on_judged, "bundle_passes_its_golden_rows", NEW)


def test_a_candidate_below_the_floor_is_told_with_both_numbers(on_judged: Platform) -> None:
    platform = with_floor(on_judged, 0.99)
    told = failed(platform, "candidate_reaches_the_spearman_floor", NEW)
    assert "Spearman on 60 test rows is 0.8" in told
    assert "the floor is 0.99" in told
    assert any("candidate_reaches_the_spearman_floor failed" in problem for problem in missing_evidence(platform, NEW))


def test_evidence_about_other_content_is_no_evidence(on_judged: Platform) -> None:
    other = replace(on_judged, policy=policy_with(on_judged.policy, "training", rounds=5))
    fit_candidate(other, NEW, on_line=lambda _: None)
    problems = missing_evidence(other, NEW)
    assert "bundle_passes_its_golden_rows judged other content than is there now" in problems


def test_a_gate_that_never_ran_is_missing_evidence(on_champion: Platform) -> None:
    fit = cut_slices(on_champion, NEW)
    assert fit.slices
    fit_candidate(on_champion, NEW, on_line=lambda _: None)
    assert "slices_do_not_overlap has not run" in missing_evidence(on_champion, NEW)


def test_a_week_that_is_not_there_has_nothing_to_ask(home: Home) -> None:
    with pytest.raises(Missing, match=f"week {WEEK} is not ingested; materialize weekly_leads"):
        pass_gate(home.platform(), "weekly_leads_match_the_contract", WEEK)
    with pytest.raises(Missing, match="has no trained model; materialize trained_model"):
        pass_gate(home.platform(), "bundle_passes_its_golden_rows", WEEK)


def test_the_train_slice_is_read_without_the_test_days(on_judged: Platform) -> None:
    train = on_judged.lake.read_files(on_judged.lake.slice(NEW, TRAIN).files)
    test = on_judged.lake.slice(NEW, TEST)
    assert pc.max(train["created_at"]).as_py().date() < test.days[0]
