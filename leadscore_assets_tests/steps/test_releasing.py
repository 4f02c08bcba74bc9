"""Releasing: nothing reaches traffic but on evidence that holds at that moment."""

from collections.abc import Callable

import pytest

from leadscore_assets.domain.errors import Missing, Refused
from leadscore_assets.steps.fitting import fit_candidate
from leadscore_assets.steps.gates import GATES, LEADS_GATES, pass_gate
from leadscore_assets.steps.ingest import ingest_week
from leadscore_assets.steps.judging import judge_candidate
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.releasing import package_candidate, package_problems, release, serves_the_champion
from leadscore_assets_tests.home import NEW, OLD, WEEKS, Home, leads, write_csv
from leadscore_assets_tests.steps.test_judging import quiet, with_rounds


def refused(platform: Platform, said: str) -> None:
    """Assert that a release is refused for a reason, recorded once, and that the champion stays."""
    for _ in range(2):
        with pytest.raises(Refused, match=said):
            release(platform)
    records = platform.ledger.records(action="refused")
    assert [record.subject for record in records] == ["package 2"]
    production = platform.registry.production()
    assert production
    assert production.version == 1
    assert platform.endpoint.status().running is False


def test_registering_twice_is_registering_once(on_judged: Platform) -> None:
    first = package_candidate(on_judged, NEW)
    records = on_judged.ledger.records()
    assert first
    assert package_candidate(on_judged, NEW) == first
    assert on_judged.ledger.records() == records
    assert (first.version, first.stage, first.week) == (2, "candidate", NEW)
    assert first.lineage["verdict"] == "better"
    assert first.lineage["hyperparameters"]["rounds"] == 10
    assert package_problems(on_judged, NEW) == []


def test_a_changed_policy_refuses_the_release(on_judged: Platform) -> None:
    package_candidate(on_judged, NEW)
    refused(with_rounds(on_judged, 9), "the policy changed since the evaluation")


def test_a_changed_champion_refuses_the_release(on_judged: Platform) -> None:
    package_candidate(on_judged, NEW)
    path = f"reports/week={NEW}/evaluation.json"
    stored = on_judged.lake.read_json(path)
    assert stored
    stored["evaluation"]["subject"]["champion_digest"] = "0" * 64
    on_judged.lake.write_json(path, stored)
    refused(on_judged, "the champion changed since the evaluation")


def test_a_verdict_that_is_no_longer_to_promote_refuses_the_release(on_judged: Platform) -> None:
    package_candidate(on_judged, NEW)
    path = f"reports/week={NEW}/evaluation.json"
    stored = on_judged.lake.read_json(path)
    assert stored
    stored["evaluation"]["verdict"]["decision"] = "keep"
    on_judged.lake.write_json(path, stored)
    refused(on_judged, "the verdict is keep")


def test_an_evaluation_of_another_bundle_refuses_the_release(on_judged: Platform) -> None:
    package_candidate(on_judged, NEW)
    other = with_rounds(on_judged, 9)
    fit_candidate(other, NEW, on_line=quiet)
    judge_candidate(other, NEW)
    refused(on_judged, "the week's evaluation is of another bundle")


@pytest.mark.parametrize("name", list(GATES))
def test_a_gate_that_failed_refuses_the_release(on_judged: Platform, name: str) -> None:
    package_candidate(on_judged, NEW)
    path = f"gates/week={NEW}/{name}.json"
    stored = on_judged.lake.read_json(path)
    assert stored
    on_judged.lake.write_json(path, {**stored, "passed": False, "severity": "error"})
    refused(on_judged, f"{name} failed")


def test_a_gate_that_only_informs_does_not_refuse_the_release(on_judged: Platform) -> None:
    package_candidate(on_judged, NEW)
    path = f"gates/week={NEW}/weekly_leads_have_few_outliers.json"
    stored = on_judged.lake.read_json(path)
    assert stored
    assert stored["severity"] == "warn"
    on_judged.lake.write_json(path, {**stored, "passed": False})
    assert release(on_judged).changed


def test_a_gate_that_never_ran_refuses_the_release(on_judged: Platform) -> None:
    package_candidate(on_judged, NEW)
    on_judged.lake.local_path(f"gates/week={NEW}/train_slice_has_no_leakage.json").unlink()
    refused(on_judged, "train_slice_has_no_leakage has not run")


def test_a_week_that_was_corrected_since_refuses_the_release_until_its_gates_pass_again(
    copy: Callable[[Home], Home], judged: Home
) -> None:
    home = copy(judged)
    platform = home.platform()
    package_candidate(platform, NEW)
    write_csv(home.data / f"{NEW}.csv", leads(NEW, seed=99))
    ingest_week(platform, NEW)
    refused(platform, "judged other content than is there now")
    for name in LEADS_GATES:
        assert pass_gate(platform, name, NEW).passed
    assert release(platform).package.version == 2


def test_a_damaged_bundle_is_never_released(on_judged: Platform) -> None:
    package = package_candidate(on_judged, NEW)
    assert package
    model = on_judged.bundles.path(package.digest) / "model.ubj"
    model.write_bytes(model.read_bytes()[:-1])
    refused(on_judged, r"model\.ubj is not what was written")
    assert serves_the_champion(on_judged) != []


def test_a_released_package_serves_and_a_second_release_changes_nothing(on_judged: Platform) -> None:
    package_candidate(on_judged, NEW)
    first = release(on_judged)
    assert (first.changed, first.package.version, first.package.stage) == (True, 2, "production")
    second = release(on_judged)
    assert (second.changed, second.package, second.moved.status) == (False, first.package, first.moved.status)
    assert serves_the_champion(on_judged) == []
    assert [record.subject for record in on_judged.ledger.records(action="promoted")] == ["package 1", "package 2"]


def test_an_older_week_than_the_champions_is_never_registered(on_champion: Platform) -> None:
    package = on_champion.registry.production()
    assert package
    path = f"reports/week={OLD}/evaluation.json"
    stored = on_champion.lake.read_json(path)
    assert stored
    older = {**stored["evaluation"], "subject": {**stored["evaluation"]["subject"], "candidate_digest": "a" * 64}}
    on_champion.lake.write_json(f"reports/week={WEEKS[1]}/evaluation.json", {**stored, "evaluation": older})
    assert package_candidate(on_champion, WEEKS[1]) is None
    told = on_champion.ledger.records(action="not packaged")[-1].reason
    assert f"the champion is of week {OLD}, and only a newer week may release" in told
    assert len(on_champion.registry.packages()) == 1


def test_a_bundle_that_is_not_registered_is_a_problem_of_its_week(on_judged: Platform) -> None:
    assert "is registered 0 times" in package_problems(on_judged, NEW)[0]


def test_without_any_package_there_is_nothing_to_serve(on_leads: Platform) -> None:
    with pytest.raises(Missing, match="no registered model to serve; run 'leadscore retrain'"):
        release(on_leads)
    assert serves_the_champion(on_leads) == ["the registry has no production model"]


def test_a_registry_that_names_another_champion_is_told_and_brought_back(on_judged: Platform) -> None:
    assert package_candidate(on_judged, NEW)
    release(on_judged)
    on_judged.registry.promote(1)
    assert serves_the_champion(on_judged) == ["production is version 1, and the release's champion is 2"]
    assert not release(on_judged).changed
    assert serves_the_champion(on_judged) == []
