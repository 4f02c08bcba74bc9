"""Whether the week that is due is retrained, week after week on a home."""

import shutil
from dataclasses import replace

import pyarrow as pa
import pytest

from leadscore_assets.domain.policy import policy_from
from leadscore_assets.steps.drifting import report_drift
from leadscore_assets.steps.ingest import ingest_week
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.profiling import profile_week
from leadscore_assets.steps.retraining import last_started_by_drift, should_retrain
from leadscore_assets_tests.home import POLICY, WEEKS, leads, write_csv


def ruled(platform: Platform, when: str) -> Platform:
    drift = {"rule": "psi", "evidently_page": False, "minimum_rows": 50}
    return replace(platform, policy=policy_from({**POLICY, "drift": drift, "retraining": {"when": when}}))


@pytest.fixture
def broken(copy, champion) -> Platform:
    """A champion of the third week, and later weeks in which a feature has another unit."""
    home = copy(champion)
    shutil.rmtree(home.path / "lake" / "reports")
    for week in WEEKS[4:]:
        table = leads(week)
        at = table.schema.get_field_index("revenue")
        values = [None if value is None else value * 1000 for value in table["revenue"].to_pylist()]
        write_csv(home.data / f"{week}.csv", table.set_column(at, "revenue", pa.array(values)))
    platform = ruled(home.platform(), "on_drift")
    for week in WEEKS:
        ingest_week(platform, week)
        profile_week(platform, week)
    return platform


def test_on_drift_answers_week_by_week_and_waits_out_the_cooldown(broken: Platform) -> None:
    for week in WEEKS[3:]:
        report_drift(broken, week)
    answers = {week: should_retrain(broken, week) for week in WEEKS[3:]}
    assert [(answers[week].wanted, answers[week].cause) for week in WEEKS[3:]] == [
        (False, "none"),
        (True, "drift"),
        (False, "none"),
        (True, "drift"),
    ]
    assert "not before" in answers[WEEKS[5]].reason
    assert last_started_by_drift(broken, before=WEEKS[6]) == WEEKS[5]
    assert last_started_by_drift(broken, before=WEEKS[4]) is None


def test_the_same_question_asked_again_is_one_record(broken: Platform) -> None:
    report_drift(broken, WEEKS[4])
    assert should_retrain(broken, WEEKS[4]) == should_retrain(broken, WEEKS[4])
    [record] = broken.ledger.records(action="asked")
    assert record.evidence["wanted"] is True
    assert record.reason.startswith("Drift asks for a retraining")


def test_a_week_without_a_drift_report_is_not_retrained_and_says_why(broken: Platform) -> None:
    found = should_retrain(broken, WEEKS[4])
    assert not found.wanted
    assert "materialize drift_report" in found.reason
    assert broken.ledger.records(action="asked") == []


def test_never_and_weekly_ask_nothing_of_the_week(broken: Platform, ingested) -> None:
    assert not should_retrain(ruled(broken, "never"), WEEKS[6]).wanted
    assert should_retrain(ruled(broken, "weekly"), WEEKS[6]).cause == "weekly"
    assert should_retrain(ruled(ingested.platform(), "never"), WEEKS[6]).cause == "first_model"
    assert broken.ledger.records(action="asked") == []
