"""A gate that fails stops what follows, and running only what follows cannot walk around it."""

from collections.abc import Callable

import dagster as dg
import pyarrow as pa
import pytest

from leadscore_assets.commands.running import Outcome, Runner, open_instance
from leadscore_assets.definitions import build_definitions
from leadscore_assets.settings import load_settings
from leadscore_assets.steps.fitting import candidate_digest
from leadscore_assets.steps.releasing import package_candidate
from leadscore_assets_tests.home import NEW, OLD, WEEKS, Home, leads, rows_of, write_csv, write_rows

Copy = Callable[[Home], Home]
SLICES = {"train_slice", "validation_slice", "test_slice"}
ASKED = {"served_leads"}
WATCHED = {"lead_profile", "drift_report", *ASKED}
JUDGED = {"weekly_leads", *SLICES, "trained_model", "evaluation_report"}


def run(home: Home, job: str, week: object = OLD) -> Outcome:
    return Runner(load_settings(home.path)).run(job, week)  # type: ignore[arg-type]


def only(home: Home, asset: str, week: object) -> set[str]:
    """Materialize one asset of the weekly job, as a person can in the UI; return what came of it."""
    settings = load_settings(home.path)
    with open_instance(settings) as instance:
        result = (
            build_definitions(settings)
            .resolve_job_def("weekly_job")
            .execute_in_process(
                instance=instance,
                partition_key=f"{week}",
                asset_selection=[dg.AssetKey(asset)],
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                raise_on_error=False,
            )
        )
    return {key.to_user_string() for event in result.get_asset_materialization_events() if (key := event.asset_key)}


def with_column(table: pa.Table, name: str, values: object) -> pa.Table:
    at = table.column_names.index(name)
    return table.set_column(at, table.schema.field(at), values)


def break_rows(home: Home) -> None:
    path = home.data / f"{OLD}.csv"
    write_rows(path, [row | {"employees": "many"} for row in rows_of(path)[:60]] + rows_of(path)[60:])


def same_labels(home: Home) -> None:
    write_csv(home.data / f"{OLD}.csv", with_column(leads(OLD), "lead_score", pa.array([3] * 210)))


def leak(home: Home) -> None:
    for week in WEEKS[:3]:
        table = leads(week)
        write_csv(home.data / f"{week}.csv", with_column(table, "opened_mail", table["converted"]))
    home.cli("ingest")


def raise_the_floor(home: Home) -> None:
    home.set("spearman_floor = ", "spearman_floor = 0.999", file="policy.toml")


@pytest.mark.parametrize(
    ("spoil", "gate", "made"),
    [
        (break_rows, "weekly_leads_match_the_contract", {"weekly_leads", *ASKED}),
        (same_labels, "weekly_leads_reach_the_quality_score", {"weekly_leads", *ASKED}),
        (leak, "train_slice_has_no_leakage", {"weekly_leads", *SLICES, *WATCHED}),
        (
            raise_the_floor,
            "candidate_reaches_the_spearman_floor",
            JUDGED | WATCHED,
        ),
    ],
)
def test_a_failed_gate_stops_every_asset_after_it(
    copy: Copy, ingested: Home, spoil: Callable[[Home], None], gate: str, made: set[str]
) -> None:
    home = copy(ingested)
    spoil(home)
    outcome = run(home, "weekly_job")
    assert not outcome.success
    assert set(outcome.materialized) == made
    assert outcome.problems[0].startswith(f"{gate}: ")
    assert only(home, "endpoint", OLD) == set()
    assert home.platform().registry.packages() == []
    assert not (home.path / "endpoint" / "desired.json").exists()


def test_a_damaged_bundle_stops_its_evaluation_and_its_release(copy: Copy, judged: Home) -> None:
    home = copy(judged)
    platform = home.platform()
    assert package_candidate(platform, NEW)
    (platform.bundles.path(candidate_digest(platform, NEW)) / "bands.json").write_text("{}")
    assert only(home, "evaluation_report", NEW) == set()
    assert only(home, "endpoint", NEW) == set()
    production = home.platform().registry.production()
    assert production
    assert production.version == 1


@pytest.mark.parametrize("change", ["policy", "gate", "leads"])
def test_materializing_the_endpoint_alone_reads_the_evidence_again(copy: Copy, judged: Home, change: str) -> None:
    home = copy(judged)
    platform = home.platform()
    assert package_candidate(platform, NEW)
    if change == "policy":
        home.set("rounds = ", "rounds = 12", file="policy.toml")
    elif change == "gate":
        path = f"gates/week={NEW}/train_slice_has_no_leakage.json"
        platform.lake.write_json(path, {**(platform.lake.read_json(path) or {}), "passed": False})
    else:
        write_csv(home.data / f"{NEW}.csv", leads(NEW, seed=99))
        run(home, "leads_job", NEW)
        platform.lake.local_path(f"gates/week={NEW}/weekly_leads_match_the_contract.json").unlink()
    outcome = run(home, "endpoint_job", None)
    assert not outcome.success
    assert outcome.materialized == ()
    assert "package 2" in outcome.problems[0]
    assert "is not released" in outcome.problems[0]
    assert home.platform().endpoint.status().running is False
    production = home.platform().registry.production()
    assert production
    assert production.version == 1


def test_a_rejected_candidate_is_never_deployed(copy: Copy, champion: Home) -> None:
    home = copy(champion)
    outcome = run(home, "retrain_job", WEEKS[1])
    assert outcome.success
    assert "evaluation_report" in outcome.materialized
    assert "model_package" not in outcome.materialized
    assert only(home, "model_package", WEEKS[1]) == set()
    assert [item.version for item in home.platform().registry.packages()] == [1]
