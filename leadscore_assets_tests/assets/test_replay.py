"""The replay as an asset on a temporary instance, and the check of it once passing and once failing."""

import dagster as dg

from leadscore_assets.assets import replay
from leadscore_assets.automation.jobs import JOBS
from leadscore_assets.checks import replay as checks
from leadscore_assets.partitions import weekly_partitions
from leadscore_assets.steps.replaying import REPORT
from leadscore_assets_tests.home import START, WEEKS


def materialized(platform, **config):
    weekly = weekly_partitions(START)
    declared = [declare(weekly) for module in (replay, checks) for declare in (*getattr(module, "ASSETS", ()),)]
    checked = [declare(weekly) for declare in checks.CHECKS]
    return dg.materialize(
        [*declared, *checked],
        resources={"platform": platform},
        run_config={"ops": {"replay_report": {"config": config}}} if config else None,
        raise_on_error=False,
    )


def failure(result) -> str:
    [event] = [item for item in result.all_events if item.event_type_value == "STEP_FAILURE"]
    return event.event_specific_data.error_display_string


def test_policies_and_weeks_are_its_configuration_and_the_metadata_tell_the_answer(lived, copy):
    platform = copy(lived).platform()
    result = materialized(platform, policies=["home", "never"], first=f"{WEEKS[1]}", last=f"{WEEKS[4]}")
    assert result.success
    [found] = result.asset_materializations_for_node("replay_report")
    lines = [line.data for line in found.metadata["policies"].records]
    assert [line["policy"] for line in lines] == ["home", "never"]
    assert lines[1]["retrainings"] == 1
    assert lines[0]["spearman"] >= lines[1]["spearman"]
    assert found.metadata["weeks"].value == f"{WEEKS[1]} to {WEEKS[4]}"
    assert "data:image/png" in found.metadata["picture"].value
    assert found.metadata["repeats (home)"].value == "4 of 4 weeks decided as the ledger has them."
    [check] = result.get_asset_check_evaluations()
    assert check.passed
    assert "4 of 4 weeks" in check.description


def test_without_configuration_it_replays_the_homes_policy_over_all_that_was_judged(lived, copy):
    platform = copy(lived).platform()
    result = materialized(platform)
    [found] = result.asset_materializations_for_node("replay_report")
    assert found.metadata["weeks"].value == f"{WEEKS[1]} to {WEEKS[-1]}"


def test_a_decision_that_the_ledger_has_otherwise_fails_the_check_without_stopping_anything(lived, copy):
    platform = copy(lived).platform()
    assert materialized(platform).success
    content = platform.lake.read_json(REPORT)
    content["replays"][0]["weeks"][2]["decision"] = "manual"
    platform.lake.write_json(REPORT, content)
    weekly = weekly_partitions(START)
    only = dg.AssetSelection.all_asset_checks()
    definitions = dg.Definitions(
        assets=[declare(weekly) for declare in replay.ASSETS],
        asset_checks=[declare(weekly) for declare in checks.CHECKS],
        resources={"platform": platform},
        jobs=[dg.define_asset_job("check", selection=only)],
    )
    result = definitions.resolve_job_def("check").execute_in_process()
    [check] = result.get_asset_check_evaluations()
    assert not check.passed
    assert check.severity == dg.AssetCheckSeverity.WARN
    assert f"week {WEEKS[3]}: manual here and" in check.description


def test_what_cannot_be_replayed_fails_with_the_remedy(ingested, copy):
    platform = copy(ingested).platform()
    assert "run 'leadscore backfill' first" in failure(materialized(platform))
    assert "no file and no preset" in failure(
        materialized(platform, policies=["x"], first=f"{WEEKS[1]}", last=f"{WEEKS[1]}")
    )


def test_there_is_a_job_for_it_alone():
    [job] = [job for job in JOBS if job.name == "replay_job"]
    assert "never releases" in job.description
