"""The monitoring assets on a temporary instance: what they report, and which of their checks fail when."""

from dataclasses import replace

import dagster as dg
import pyarrow as pa
import pytest

from leadscore_assets.domain.drift_policy import DriftPolicy
from leadscore_assets.partitions import weekly_partitions
from leadscore_assets.steps.profiling import profile_path
from leadscore_assets_tests.backends.captured_traffic import Answer, captured
from leadscore_assets_tests.home import START, WEEKS, leads, made_home, write_csv
from leadscore_assets_tests.steps.test_serving_records import traffic


def unscored(asked):
    return replace(asked, answers=[Answer("x", float("nan"))])


def materialized(platform, week, *names):
    from leadscore_assets.assets import leads as leads_module
    from leadscore_assets.assets import monitoring
    from leadscore_assets.checks import monitoring as checks

    weekly = weekly_partitions(START)
    declared = [declare(weekly) for module in (leads_module, monitoring) for declare in module.ASSETS]
    checked = [declare(weekly) for declare in checks.CHECKS]
    return dg.materialize(
        [*declared, *checked],
        partition_key=f"{week}",
        resources={"platform": platform},
        selection=dg.AssetSelection.assets(*names),
        raise_on_error=False,
    )


@pytest.fixture
def broken(tmp_path):
    """A home whose last week has a feature in another unit."""
    home = made_home(tmp_path / "home", policy={"drift": {"evidently_page": False}, "window": {"minimum_rows": 200}})
    week = leads(WEEKS[3])
    place = week.schema.get_field_index("revenue")
    values = [None if value is None else value * 1000 for value in week["revenue"].to_pylist()]
    write_csv(home.data / f"{WEEKS[3]}.csv", week.set_column(place, "revenue", pa.array(values)))
    return home


def evaluations(result):
    return {item.check_name: item for item in result.get_asset_check_evaluations()}


def test_a_week_is_profiled_reported_and_its_checks_say_so(broken):
    platform = broken.platform()
    assert platform.policy.drift == DriftPolicy(evidently_page=False)
    for week in WEEKS[:3]:
        result = materialized(platform, week, "weekly_leads", "lead_profile", "drift_report")
        assert result.success
    [profile] = result.asset_materializations_for_node("lead_profile")
    [report] = result.asset_materializations_for_node("drift_report")
    assert profile.metadata["dagster/row_count"].value == 210
    assert profile.metadata["bytes"].value < 1_000_000
    assert report.metadata["verdict"].value == "quiet"
    assert report.metadata["reference_leads"].value == 420
    assert all(item.passed for item in evaluations(result).values())

    result = materialized(platform, WEEKS[3], "weekly_leads", "lead_profile", "drift_report")
    [report] = result.asset_materializations_for_node("drift_report")
    found = evaluations(result)["leads_have_not_drifted"]
    assert result.success
    assert report.metadata["verdict"].value == "alarm"
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.WARN
    assert "revenue" in found.description


def test_a_weeks_answers_are_counted_and_their_check_warns_of_what_was_not_scored(ingested, copy, tmp_path):
    [asked] = [item for item in traffic() if item.event.endswith("-5")]
    platform = replace(copy(ingested).platform(), captures=captured(tmp_path, [*traffic(), unscored(asked)]))
    result = materialized(platform, WEEKS[3], "served_leads")
    assert result.success
    [answers] = result.asset_materializations_for_node("served_leads")
    assert answers.metadata["answers"].value == 211
    assert answers.metadata["scored_share"].value == pytest.approx(210 / 211)
    assert len(answers.metadata["days"].records) == 7
    found = evaluations(result)["served_leads_were_scored"]
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.WARN
    assert "1 of 211 answers hold no score" in found.description


def test_where_nothing_is_captured_nothing_is_wrong(ingested, copy):
    result = materialized(copy(ingested).platform(), WEEKS[3], "served_leads")
    [answers] = result.asset_materializations_for_node("served_leads")
    assert answers.metadata["answers"].value == 0
    assert answers.metadata["days"].records[0].data == {"day": "nothing was captured"}
    assert evaluations(result)["served_leads_were_scored"].passed


def test_a_profile_that_does_not_add_up_fails_its_check(ingested, copy):
    platform = copy(ingested).platform()
    assert materialized(platform, WEEKS[0], "lead_profile").success
    content = platform.lake.read_json(profile_path(WEEKS[0]))
    content["profile"]["features"]["revenue"]["missing"] += 5
    platform.lake.write_json(profile_path(WEEKS[0]), content)
    from leadscore_assets.steps.profiling import profile_problems

    [problem] = profile_problems(platform, WEEKS[0])
    assert problem.startswith("revenue:")
    assert "210 leads" in problem


def test_a_report_without_a_profile_fails_and_names_the_remedy(ingested, copy):
    platform = copy(ingested).platform()
    platform.lake.local_path(profile_path(WEEKS[0])).unlink()
    result = materialized(platform, WEEKS[0], "drift_report")
    assert not result.success
    [failure] = [event for event in result.all_events if event.event_type_value == "STEP_FAILURE"]
    assert "materialize lead_profile" in failure.event_specific_data.error_display_string
