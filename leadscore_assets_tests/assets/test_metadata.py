"""What the assets and checks of a whole week tell Dagster: numbers, tables, pictures and addresses."""

from collections.abc import Iterator

import dagster as dg
import pytest

from leadscore_assets.assets.pictures import bars
from leadscore_assets.commands.running import open_instance
from leadscore_assets.settings import load_settings
from leadscore_assets_tests.home import NEW, OLD, Home, leads, write_csv


@pytest.fixture
def instance(live: Home) -> Iterator[dg.DagsterInstance]:
    with open_instance(load_settings(live.path)) as opened:
        yield opened


def evaluations(instance: dg.DagsterInstance, run_id: str) -> list[dg.AssetCheckEvaluation]:
    """Return what the checks of a run found."""
    events = [entry.dagster_event for entry in instance.all_logs(run_id)]
    return [
        event.asset_check_evaluation_data
        for event in events
        if event and event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ]


def metadata(instance: dg.DagsterInstance, asset: str) -> dict[str, object]:
    event = instance.get_latest_materialization_event(dg.AssetKey(asset))
    assert event
    found = event.asset_materialization
    assert found
    assert found.partition == (None if asset == "endpoint" else f"{NEW}")
    return {name: value.value for name, value in found.metadata.items()}


@pytest.mark.parametrize(
    ("asset", "expected"),
    [
        ("weekly_leads", {"dagster/row_count": 210, "quarantined": 0, "generation": 1, "quality": 1.0}),
        ("train_slice", {"dagster/row_count": 120, "days": 4}),
        ("validation_slice", {"dagster/row_count": 30, "days": 1}),
        ("test_slice", {"dagster/row_count": 60, "days": 2}),
        ("trained_model", {"train_rows": 120, "inputs": 5}),
        ("evaluation_report", {"verdict": "promote", "test_rows": 60, "judged_on_these_rows": 1}),
        ("model_package", {"version": 2, "semver": "v1.1.0"}),
        ("endpoint", {"version": 2, "week": f"{NEW}"}),
        ("scored_leads", {"dagster/row_count": 210, "model_version": 2}),
    ],
)
def test_an_asset_tells_what_it_made(instance: dg.DagsterInstance, asset: str, expected: dict[str, object]) -> None:
    found = metadata(instance, asset)
    assert {name: found[name] for name in expected} == expected


def test_the_evaluation_shows_a_picture_and_every_metric_of_both_models(instance: dg.DagsterInstance) -> None:
    found = metadata(instance, "evaluation_report")
    assert "data:image/png;base64," in str(found["picture"])
    assert float(str(found["spearman_gain"])) > 1
    table = found["metrics"]
    assert isinstance(table, dg.TableMetadataValue)
    rows = {record.data["metric"]: record.data for record in table.records}
    assert {"spearman", "mae", "auc", "latency_p99_ms"} <= set(rows)
    assert rows["spearman"]["champion"] < 0 < rows["spearman"]["candidate"]


def test_every_gate_was_asked_and_passed(instance: dg.DagsterInstance) -> None:
    runs = instance.get_runs(filters=dg.RunsFilter(job_name="weekly_job", tags={"dagster/partition": f"{NEW}"}))
    found = {check.check_name: check.passed for check in evaluations(instance, runs[0].run_id)}
    assert len(found) >= 12
    assert all(found.values()), found


def test_runs_carry_who_started_them(instance: dg.DagsterInstance) -> None:
    assert all(run.tags["leadscore/actor"] for run in instance.get_runs())


def test_a_quiet_end_of_a_week_is_told_and_stops_nothing(home: Home) -> None:
    write_csv(home.data / f"{OLD}.csv", leads(OLD).slice(0, 60))
    found = home.cli("ingest", "--week", f"{OLD}", "--json").json[0]
    assert (found["rows"], found["success"]) == (60, True)
    with open_instance(load_settings(home.path)) as opened:
        (run,) = opened.get_runs()
        (failed,) = [check for check in evaluations(opened, run.run_id) if not check.passed]
    assert (failed.check_name, failed.severity) == ("weekly_leads_are_fresh", dg.AssetCheckSeverity.WARN)
    assert "5 whole days before the week's end" in str(failed.description)


def test_bars_are_as_long_as_their_values() -> None:
    lines = bars({"Mon": 30.0, "Tue": 15.0, "Wed": 0.0}, unit="leads").splitlines()
    assert [line.count("█") for line in lines[2:]] == [20, 10, 0]
    assert bars({}, unit="leads") == "no leads"
