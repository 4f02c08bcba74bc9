"""Approving, declining and forcing in Dagster: who and why come from the run."""

from collections.abc import Callable

import dagster as dg
import pytest

from leadscore_assets.definitions import build_definitions
from leadscore_assets.settings import load_settings
from leadscore_assets.steps.releasing import package_candidate, release
from leadscore_assets_tests.home import NEW, Home


@pytest.fixture
def home(copy: Callable[[Home], Home], asking_roles: Home) -> Home:
    """Version 2 waits for both roles."""
    found = copy(asking_roles)
    assert package_candidate(found.platform(), NEW)
    release(found.platform())
    return found


def run(home: Home, job: str, **options: object) -> dg.ExecuteInProcessResult:
    job_def = build_definitions(load_settings(home.path)).resolve_job_def(job)
    with dg.DagsterInstance.ephemeral() as instance:
        return job_def.execute_in_process(instance=instance, raise_on_error=False, **options)  # type: ignore[arg-type]


def test_the_jobs_approve_and_decline_in_the_launchers_name(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    config = {"version": 2, "role": "ml_lead", "comment": "figures looked at"}
    ops = {"ops": {"approve_release": {"config": config}}}
    own = run(home, "approve_job", run_config=ops, tags={"user": "eve"})
    assert "launched the training" in own.failure_data_for_node("approve_release").error.to_string()
    assert run(home, "approve_job", run_config=ops, tags={"user": "ann"}).success
    monkeypatch.setenv("LEADSCORE_USER", "ben")
    refusal = {"ops": {"decline_release": {"config": {"version": 2, "comment": "launch week"}}}}
    assert run(home, "decline_job", run_config=refusal).success
    words = [item.evidence for item in home.platform().ledger.records(action="approval")]
    assert [(item["who"], item["decision"], item["way"]) for item in words] == [
        ("ann", "approved", "Dagster"),
        ("ben (Dagster UI)", "declined", "Dagster"),
    ]
    assert home.platform().ledger.records(action="rejected")[-1].reason == "launch week"


def test_a_retraining_that_a_person_launches_is_recorded_as_forced_once_with_who_and_why(
    copy: Callable[[Home], Home], champion: Home
) -> None:
    home = copy(champion)
    tags = {"user": "ann", "leadscore/reason": "a campaign began"}
    assert run(home, "retrain_job", partition_key=f"{NEW}", tags=tags).success
    [asked] = home.platform().ledger.records(action="asked", subject=f"retraining of week {NEW}")
    assert (asked.actor, asked.evidence["asker"], asked.evidence["because"]) == ("ann", "forced", "a campaign began")
    sensor = {"dagster/sensor_name": "conditions_of_a_retraining"}
    assert run(home, "retrain_job", partition_key=f"{NEW}", tags=sensor).success
    assert len(home.platform().ledger.records(action="asked", subject=f"retraining of week {NEW}")) == 1
